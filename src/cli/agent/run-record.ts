import type { AgentResult } from "../../agent/agent-event.js";
import type { Step, Tool } from "../../core/trajectory.js";

/** What was solved, and with what. */
export interface Solved {
  id: string;
  instruction: string;
  tools: readonly Tool[];
  result: AgentResult;
}

/**
 * What an agent did, as one of ToolBench's answers, which `mllm split-data` reads back: the same thoughts, calls,
 * observations and end. A last step that nobody should learn from is left out.
 */
export function toAnswerRecord({ id, instruction, tools, result }: Solved): Record<string, unknown> {
  const messages = result.steps
    .filter((step) => step.kind === "call" || !isUntrained(step))
    .flatMap(toMessages);
  return {
    id,
    win: result.outcome === "answered",
    answer_generation: {
      valid_data: true,
      query: instruction,
      function: [
        ...tools.map(({ name, description, parameters }) => ({ name, description, parameters })),
        FINISH,
      ],
      train_messages: [[{ role: "user", content: instruction }, ...messages]],
      finish_type: result.outcome === "answered" ? "give_answer" : "give_up",
      final_answer: result.answer ?? "",
    },
  };
}

const FINISH = {
  name: "Finish",
  description: "Ends the task, with an answer or without.",
  parameters: {
    type: "object",
    properties: {
      return_type: { type: "string", enum: ["give_answer", "give_up_and_restart"] },
      final_answer: { type: "string" },
    },
    required: ["return_type"],
  },
};

const isUntrained = (step: Step): boolean => "untrained" in step && step.untrained !== undefined;

function toMessages(step: Step): Record<string, unknown>[] {
  if (step.kind === "user") return [{ role: "user", content: step.text }];
  if (step.kind === "answer") {
    return [
      say(step.thought, FINISH.name, finish({ return_type: "give_answer", final_answer: step.answer })),
    ];
  }
  if (step.kind === "give_up") {
    return [say(step.thought, FINISH.name, finish({ return_type: "give_up_and_restart" }))];
  }
  const { name, arguments: text } = step.call;
  const call = say(step.thought, name, text);
  if (step.observation === null) return [call];
  const content = JSON.stringify({ error: "", response: step.observation });
  return [call, { role: "function", name, content }];
}

const finish = (verdict: object): string => JSON.stringify(verdict);

const say = (thought: string, name: string, text: string) => ({
  role: "assistant",
  content: thought,
  function_call: { name, arguments: text },
});
