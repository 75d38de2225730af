import type { Subset } from "../../core/roles.js";

/** The reference's texts, which the user brings; `diversity` has the placeholder {previous_candidate}. */
export type CompatTexts = Record<Subset, string> & { diversity?: string };

/** Everything in which an agent that follows the reference differs from ours; numbers are the reference's own. */
export interface CompatProfile {
  name: "alpha-umi";
  texts: CompatTexts & { diversity: string };
  /** What the history and the prompts call each speaker. */
  labels: Record<"user" | "planner" | "caller" | "summarizer" | "observation", string>;
  endOfTurn: string;
  /** With its closing mark for the choice of the next role, without it for reading the whole step. */
  decisions: Record<"call" | "answer" | "giveUp", string>;
  temperature: number;
  maxNewTokens: number;
  /** Prompts keep their last tokens: so many of context, less `maxNewTokens` and `spareTokens`. */
  contextTokens: number;
  spareTokens: number;
  /** How often the planner is asked for one text; then `emptyText` is taken for it. */
  plannerTries: number;
  emptyText: string;
  emptyTexts: readonly string[];
  /** Of a chain's nodes: a turn is a thought, an action and its input. */
  maxNodes: number;
  width: number;
  maxQueries: number;
  maxObservationCharacters: number;
  toolName: { maxCharacters: number };
  toolTexts: { maxCharacters: number };
}

/** α-UMi's agent as it was meant (its published code does not run), with the user's copy of its prompts. */
export function createAlphaUmi(texts: CompatTexts): CompatProfile {
  return {
    name: "alpha-umi",
    texts: { ...texts, diversity: typeof texts.diversity === "string" ? texts.diversity : DIVERSITY },
    labels: {
      user: "user: ",
      planner: "assistant: ",
      caller: "caller: ",
      summarizer: "conclusion: ",
      observation: "observation: ",
    },
    endOfTurn: "</s>",
    decisions: { call: "Next: caller.", answer: "Next: conclusion.", giveUp: "Next: give up." },
    temperature: 0.5,
    maxNewTokens: 512,
    contextTokens: 4096,
    spareTokens: 8,
    plannerTries: 5,
    emptyText: "none",
    emptyTexts: ["", ".", ","],
    maxNodes: 12,
    width: 2,
    maxQueries: 200,
    maxObservationCharacters: 1024,
    toolName: { maxCharacters: 64 },
    toolTexts: { maxCharacters: 256 },
  };
}

const DIVERSITY = `These actions were already tried from here, and none of them led to an answer:
{previous_candidate}Choose an action that differs from all of them.`;
