import { jsonrepair } from "jsonrepair";
import type { AskChat } from "../backends/ask-chat.js";
import type { RecordedCall } from "./answer-cache.js";
import { type ApiAddress, addressKey } from "./api-address.js";
import type { PublishedApi } from "./publish-tools.js";
import type { VirtualAnswer } from "./virtual-answer.js";

interface Simulation {
  address: ApiAddress;
  input: Record<string, unknown>;
  /** What is known of the API. */
  tool: PublishedApi["tool"] | null;
  /** True answers of it. */
  examples: readonly RecordedCall[];
}

/** Thinks of what an API might answer; null where nothing usable came. */
export type Simulate = (simulation: Simulation, signal: AbortSignal) => Promise<VirtualAnswer | null>;

const INSTRUCTIONS = [
  "You stand in for a web API. You get its documentation, perhaps some of its true answers, and one request.",
  'Write what the API would send back, as one JSON object and nothing else: {"error": "", "response": …}.',
  "The response is short, plausible and made of concrete values that fit the request; true answers show its form.",
  "Where the request lacks something that the API needs, say so in error and leave the response empty.",
].join("\n");

const MOST_EXAMPLES = 5;
const LONGEST_EXAMPLES = 2048;
const MAX_TOKENS = 1024;
/** A text that is no answer is asked for again, with another seed. */
const TRIES = 3;

export function createSimulator(ask: AskChat, { seed }: { seed: number }): Simulate {
  return async (simulation, signal) => {
    const messages = [
      { role: "system" as const, content: INSTRUCTIONS },
      { role: "user" as const, content: describe(simulation) },
    ];
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const text = await ask({
        messages,
        temperature: 0,
        seed: seed + attempt,
        maxTokens: MAX_TOKENS,
        signal,
      });
      const answer = readAnswer(text);
      if (answer !== null) return answer;
    }
    return null;
  };
}

function describe({ address, input, tool, examples }: Simulation): string {
  const document = {
    api: addressKey(address),
    ...(tool !== null && { description: tool.description, parameters: tool.parameters }),
  };
  return [
    `Documentation: ${JSON.stringify(document)}`,
    ...chooseExamples(examples).map((example) => `True answer: ${example}`),
    `Request: ${JSON.stringify(input)}`,
  ].join("\n");
}

/** As many as fit, in their order. */
function chooseExamples(examples: readonly RecordedCall[]): string[] {
  const chosen: string[] = [];
  let room = LONGEST_EXAMPLES;
  for (const { input, answer } of examples) {
    const text = JSON.stringify({ request: input, answer });
    if (text.length > room || chosen.length === MOST_EXAMPLES) continue;
    chosen.push(text);
    room -= text.length;
  }
  return chosen;
}

/** The object in a model's text, mended where it is nearly JSON. */
function readAnswer(text: string): VirtualAnswer | null {
  const [start, end] = [text.indexOf("{"), text.lastIndexOf("}")];
  if (start < 0) return null;
  try {
    const value: unknown = JSON.parse(jsonrepair(text.slice(start, end > start ? end + 1 : undefined)));
    if (typeof value !== "object" || value === null || !("response" in value || "error" in value))
      return null;
    const { error = "", response = "" } = value as VirtualAnswer;
    return { error: error ?? "", response: response ?? "" };
  } catch {
    return null;
  }
}
