import type { AgentTool, Observation } from "../tool-box.js";
import type { CompatProfile } from "./compat-profile.js";
import { dumpText, dumpTexts } from "./python-json.js";

/** What follows from a call, as the reference numbers it; others have no effect on its search. */
export const CODES = { done: 0, noSuchTool: 1, badFinish: 2, answered: 3, gaveUp: 4 } as const;

export interface Executed {
  observation: string;
  code: number;
}

/** One line of JSON a tool. Arguments are told where at least one of them is required. */
export function describeTools(profile: CompatProfile, tools: readonly AgentTool[]): string {
  const { maxCharacters } = profile.toolTexts;
  return tools
    .map((tool) => {
      const { properties, required } = tool.parameters;
      const hasRequired = Array.isArray(required) && required.length > 0;
      const input = Object.entries(hasRequired ? asObject(properties) : {}).map(([name, schema]) => {
        const { type, description } = asObject(schema);
        const kind = String(Array.isArray(type) ? type[0] : (type ?? "string"));
        const text = typeof description === "string" ? description.trim() : "";
        return [name, text === "" ? kind : `${kind}, ${text.slice(-maxCharacters)}`];
      });
      const doc = {
        Name: nameOf(profile, tool),
        function: tool.description.trim().slice(0, maxCharacters),
        input: Object.fromEntries(input) as Record<string, string>,
      };
      return `${dumpTexts(doc)}\n`;
    })
    .join("");
}

export function nameTools(profile: CompatProfile, tools: readonly AgentTool[]): string {
  return tools.map((tool) => nameOf(profile, tool)).join(", ");
}

function nameOf({ toolName }: CompatProfile, tool: AgentTool): string {
  return tool.name.slice(-toolName.maxCharacters);
}

/** The first tool whose name ends so: nothing written is the first tool. */
export function findReferenceTool(tools: readonly AgentTool[], action: string): AgentTool | null {
  return tools.find((tool) => tool.name.endsWith(action)) ?? null;
}

export function noSuchTool(action: string): Executed {
  const text = dumpTexts({ error: `No such function name: ${action}`, response: "" });
  return { observation: text, code: CODES.noSuchTool };
}

/** What the reference's service sends for a result, and what is kept of it. */
export function toReferenceObservation(profile: CompatProfile, { text, isError }: Observation): Executed {
  const sent = isError || text === "" ? dumpTexts({ message: text }) : dumpText(text);
  const { maxObservationCharacters: most } = profile;
  return { observation: sent.length > most ? `${sent.slice(0, most)}...` : sent, code: CODES.done };
}

/** The end of a chain, where roles or the caller itself called for it. */
export function finish(input: string): Executed & { answer: string } {
  const { return_type: kind, final_answer: answer } = readObject(input);
  if (kind === "give_up_and_restart")
    return { observation: dumpChosen(kind), code: CODES.gaveUp, answer: "" };
  if (kind === "give_answer" && answer !== undefined) {
    const text = typeof answer === "string" ? answer : JSON.stringify(answer);
    return { observation: dumpChosen(kind), code: CODES.answered, answer: text };
  }
  const error = dumpTexts({
    error: "Finish needs a return_type that is known, and for an answer a final_answer",
  });
  return { observation: error, code: CODES.badFinish, answer: "" };
}

const dumpChosen = (kind: string): string => dumpTexts({ response: kind });

function readObject(text: string): Record<string, unknown> {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return {};
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
