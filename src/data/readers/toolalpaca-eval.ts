import type { Tool } from "../../core/trajectory.js";
import { readChat } from "./read-chat.js";
import { isObject, type Reader, type ReadResult, rejected } from "./reader.js";
import { readToolAlpacaTools } from "./toolalpaca-tools.js";

/** ToolAlpaca's evaluation files: an API, its `Instructions`, and for each the calls of `Golden_Answers`. */
export const toolalpacaEval: Reader = {
  format: "toolalpaca-eval",
  gives: { planner: null, caller: "every call", summarizer: null },
  lacks: "An instruction has the calls that would be right: no thoughts, no results, no final answer.",
  detect: (record) =>
    isObject(record) && Array.isArray(record.Golden_Answers) ? "Instructions and Golden_Answers" : null,
  read(record) {
    if (!isObject(record) || !Array.isArray(record.Golden_Answers) || !Array.isArray(record.Instructions)) {
      return rejected("not_toolalpaca_eval", "expected an API with Instructions and Golden_Answers");
    }
    const instructions = record.Instructions as unknown[];
    if (instructions.length === 0) return rejected("no_instruction", "the API has no instructions");
    const answers = record.Golden_Answers as unknown[];
    const tools = readToolAlpacaTools(record.Function_Description);
    return instructions.map((instruction, index) => ({
      value: { instruction, answer: answers[index] ?? null },
      result: readAnswer(instruction, answers[index], tools),
    }));
  },
};

function readAnswer(instruction: unknown, answer: unknown, tools: Tool[] | null): ReadResult {
  if (typeof instruction !== "string" || instruction.trim() === "") {
    return rejected("no_instruction", "the instruction is empty");
  }
  const calls = (Array.isArray(answer) ? (answer as unknown[]) : []).filter(isObject).map((call) => ({
    id: null,
    name: typeof call.Action === "string" ? call.Action.trim() : "",
    arguments: call.Action_Input,
    // ToolAlpaca's own function for a question to the user.
    ...(call.Action === "getDetails" && { fault: "question_to_user" }),
  }));
  if (calls.length === 0) return rejected("no_call", "there is no golden answer to the instruction");
  const messages = [{ role: "assistant" as const, text: "", calls }];
  const read = readChat({
    instruction: instruction.trim(),
    tools,
    messages,
    textAlone: "answer",
    sourceId: null,
  });
  const steps = read.trajectory.steps.map((step) =>
    step.kind === "call" ? { ...step, unplanned: "no_thought" } : step,
  );
  return { ...read, trajectory: { ...read.trajectory, steps } };
}
