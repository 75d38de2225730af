import { writeJson } from "../exact-json.js";
import { parseLenientJson } from "../parse-lenient-json.js";
import type { ChatMessage } from "./chat-steps.js";
import { readChat } from "./read-chat.js";
import { isObject, type Reader, type ReadResult, rejected } from "./reader.js";
import { readToolAlpacaTools } from "./toolalpaca-tools.js";

/** ToolAlpaca's training file: a record is an API, its `Instances` are the trajectories. */
export const toolalpaca: Reader = {
  format: "toolalpaca",
  gives: {
    planner: "what to do next, with thoughts",
    caller: "every call",
    summarizer: "the answer that an instance ends with, and questions back to the user",
  },
  lacks: "Nobody gives up in these records: instances that failed hold an error instead.",
  detect: (record) => (isObject(record) && Array.isArray(record.Instances) ? "Instances" : null),
  read(record) {
    if (!isObject(record) || !Array.isArray(record.Instances)) {
      return rejected("not_toolalpaca", "expected an API with Instances");
    }
    const instances = record.Instances as unknown[];
    if (instances.length === 0) return rejected("no_path", "the API has no instances");
    const tools = readToolAlpacaTools(record.Function_Description);
    return instances.map((value) => ({ value, result: readInstance(value, tools) }));
  },
};

/** What LangChain answers where its agent did not end. */
const STOPPED = /^Agent stopped due to /;

function readInstance(instance: unknown, tools: ReturnType<typeof readToolAlpacaTools>): ReadResult {
  if (!isObject(instance)) return rejected("no_path", "the instance is no object");
  if (!Array.isArray(instance.intermediate_steps)) {
    return rejected("no_path", `the instance holds no steps: ${textOf(instance.error).slice(0, 100)}`);
  }
  const [instruction = ""] = textOf(instance.input).split("\nHint: ");
  if (instruction.trim() === "") return rejected("no_instruction", "input is empty");
  const steps = (instance.intermediate_steps as unknown[]).flatMap(readStep);
  const output = textOf(instance.output).trim();
  const thought = withoutLabel(textOf(instance["Final Thought"]));
  const end: ChatMessage[] = [
    ...(thought === "" ? [] : [say(thought)]),
    STOPPED.test(output) ? { ...say(output), untrained: "no_answer" } : say(output),
  ];
  const messages = [...steps, ...end];
  return readChat({ instruction: instruction.trim(), tools, messages, textAlone: "answer", sourceId: null });
}

const say = (text: string) => ({ role: "assistant" as const, text, calls: [] });

/** A step is `[[action, input, whole text], observation]`. */
function readStep(step: unknown): ChatMessage[] {
  if (!Array.isArray(step) || !Array.isArray(step[0])) return [];
  const [action, input, whole] = step[0] as unknown[];
  const thought = withoutLabel(textOf(whole).split("\nAction:", 1)[0] ?? "");
  const observation = typeof step[1] === "object" && step[1] !== null ? writeJson(step[1]) : textOf(step[1]);
  const name = textOf(action).trim();
  if (name === "getDetails") return askUser(thought, input, observation);
  const call = { id: null, name, arguments: input };
  return [
    { role: "assistant", text: thought, calls: [call] },
    { role: "result", text: observation, callId: null },
  ];
}

/** ToolAlpaca's own function for a question to the user; its result is what the user says. */
function askUser(thought: string, input: unknown, reply: string): ChatMessage[] {
  const parsed = isObject(input) ? input : parseLenientJson(textOf(input))?.value;
  const question = isObject(parsed) ? textOf(parsed.Question ?? parsed.question) : "";
  return [
    ...(thought === "" ? [] : [say(thought)]),
    say(question === "" ? textOf(input) : question),
    { role: "user", text: reply },
  ];
}

function withoutLabel(text: string): string {
  return text.trim().replace(/^Thought:\s*/, "");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
