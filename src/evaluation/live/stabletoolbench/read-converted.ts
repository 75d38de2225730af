import { z } from "zod";
import type { Step, Tool } from "../../../core/trajectory.js";
import { type Attempt, attemptOfSteps, type Tried } from "../attempt.js";
import type { LiveTask } from "../live-task.js";
import { toTaskId } from "./read-queries.js";

interface Node {
  role: string;
  message?: unknown;
  next?: Node[] | undefined;
}

const Node: z.ZodType<Node> = z.lazy(() =>
  z.object({ role: z.string(), message: z.unknown(), next: z.array(Node).optional() }),
);

const Converted = z.record(
  z.string(),
  z.object({
    query: z.string(),
    available_tools: z.array(z.record(z.string(), z.unknown())),
    answer: z.object({ final_answer: z.string(), answer_details: z.array(Node) }),
  }),
);

/** What another model did about a task. */
export interface Converted {
  task: LiveTask;
  tried: Tried & { attempt: Attempt };
}

/**
 * A file of ToolEval's converted answers, `model_predictions_converted/MODEL/G1_instruction.json`; null where the value
 * is no such file. Of a tree of answers the first way is read, as ToolEval does.
 */
export function readConverted(value: unknown, group: string): Converted[] | null {
  const parsed = Converted.safeParse(value);
  if (!parsed.success || Object.keys(parsed.data).length === 0) return null;
  return Object.entries(parsed.data).map(([queryId, { query, available_tools, answer }]) => {
    const tools = available_tools.map(readTool).filter(({ name }) => name !== "Finish");
    const id = toTaskId(queryId, group);
    return {
      task: { id, instruction: query.trim(), tools: tools.map(({ name }) => name), group },
      tried: { tools, attempt: attemptOfSteps(readSteps(answer)) },
    };
  });
}

/** Older files have the function itself, newer ones OpenAI's envelope around it. */
function readTool(entry: Record<string, unknown>): Tool {
  const { name, description, parameters } = (entry.function ?? entry) as Partial<Tool>;
  return { name: String(name ?? ""), description: description ?? "", parameters: parameters ?? {} };
}

const Message = z.object({ name: z.string(), arguments: z.string(), response: z.unknown() });

function readSteps(answer: { final_answer: string; answer_details: Node[] }): Step[] {
  const steps: Step[] = [];
  let thought = "";
  for (let node = answer.answer_details[0]; node !== undefined; node = node.next?.[0]) {
    if (node.role === "assistant" && typeof node.message === "string") thought = node.message.trim();
    if (node.role !== "tool") continue;
    const { name, arguments: text, response } = readMessage(node.message);
    if (name === "Finish")
      return [...steps, readFinish(answer.final_answer, thought)].filter((step) => step !== null);
    const observation = typeof response === "string" ? response : JSON.stringify(response ?? "");
    steps.push({ kind: "call", thought, call: { name, arguments: text }, observation });
    thought = "";
  }
  return steps;
}

/** Some files hold Python's own text of the call instead of the call. */
function readMessage(message: unknown): z.infer<typeof Message> {
  const parsed = Message.safeParse(message);
  if (parsed.success) return parsed.data;
  const text = typeof message === "string" ? message : JSON.stringify(message ?? "");
  return { name: /'name':\s*'([^']*)'/.exec(text)?.[1] ?? "", arguments: "", response: text };
}

/** Null where the answer is empty: ToolEval takes that for none. */
function readFinish(finalAnswer: string, thought: string): Step | null {
  if (finalAnswer.includes("give_up_and_restart")) return { kind: "give_up", thought };
  if (finalAnswer === "") return null;
  return { kind: "answer", thought, answer: readAnswer(finalAnswer) };
}

function readAnswer(text: string): string {
  try {
    const { final_answer } = JSON.parse(text) as { final_answer?: unknown };
    return typeof final_answer === "string" ? final_answer : text;
  } catch {
    return text;
  }
}
