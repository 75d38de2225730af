import type { Step } from "../../core/trajectory.js";
import type { Reply } from "./run-exchange.js";
import { type ReplyHead, writeUsage } from "./write-reply.js";

/**
 * An exchange as one line of OpenAI's fine-tuning format, which `split-data` reads. Each step is trained once: those of
 * earlier requests have `weight: 0`, for they stand in lines of their own.
 */
export function writeRecordEntry(head: ReplyHead, reply: Reply, startedAt: Date): object {
  const { task, steps, tools } = reply;
  const earlier = task.steps.map((step) => setAside(step, "earlier"));
  // Nobody shall learn from what was cut, or from an attempt that ran into a limit.
  const spoken = reply.finishReason === "length" ? steps.map((step) => setAside(step, "cut")) : steps;
  const all = [...earlier, ...spoken];
  return {
    id: head.id,
    messages: [
      { role: "user", content: task.instruction },
      ...all.flatMap((step, index) => writeStep(step, `call_${index + 1}`)),
    ],
    tools: tools.map(({ name, description, parameters }) => ({
      type: "function",
      function: { name, description, parameters },
    })),
    mllm: {
      model: head.model,
      startedAt: startedAt.toISOString(),
      plan: reply.plan,
      finishReason: reply.finishReason,
      ...(reply.reason !== null && { reason: reply.reason }),
      usage: writeUsage(reply.usage),
    },
  };
}

function setAside(step: Step, untrained: string): Step {
  return step.kind === "user" ? step : { ...step, untrained };
}

function writeStep(step: Step, callId: string): object[] {
  if (step.kind === "user") return [{ role: "user", content: step.text }];
  const role = { role: "assistant", ...(step.untrained !== undefined && { weight: 0 }) };
  if (step.kind === "answer") {
    const thought = step.thought === "" ? {} : { reasoning_content: step.thought };
    return [{ ...role, content: step.answer, ...thought }];
  }
  const call = step.kind === "call" ? step.call : GIVE_UP;
  const said = {
    ...role,
    content: step.thought === "" ? null : step.thought,
    tool_calls: [{ id: callId, type: "function", function: call }],
  };
  if (step.kind === "give_up" || step.observation === null) return [said];
  return [said, { role: "tool", tool_call_id: callId, content: step.observation }];
}

/** ToolBench's word for it, which readers of its data know. */
const GIVE_UP = { name: "Finish", arguments: '{"return_type":"give_up_and_restart"}' };
