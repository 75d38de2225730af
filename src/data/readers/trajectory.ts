import type { Step, Tool } from "../../core/trajectory.js";
import { asId, isObject, type JsonObject, type Reader, type ReadTrajectory, rejected } from "./reader.js";

/** Our own record of a trajectory, as the tests of a data set hold it: what was read before is read as it was. */
export const trajectory: Reader = {
  format: "trajectory",
  gives: {
    planner: "what to do next, with the thoughts that were recorded, and giving up",
    caller: "every call",
    summarizer: "every answer",
  },
  lacks: null,
  detect: (record) => (isObject(record) && isTrajectory(record) ? "instruction, tools and steps" : null),
  read(record) {
    if (!isObject(record) || !isTrajectory(record))
      return rejected("not_trajectory", "expected an object with instruction, tools and steps");
    const { instruction, tools, steps, hasTools, lost } = record;
    const odd = (steps as unknown[]).findIndex((step) => !isStep(step));
    if (odd >= 0) return rejected("not_trajectory", `step ${odd + 1} is no step`);
    return {
      ...{ kind: "trajectory", sourceId: asId(record.id), hasTools: hasTools !== false },
      trajectory: {
        instruction: instruction as string,
        tools: (tools as unknown[]).filter(isTool),
        steps: steps as Step[],
      },
      lost: isObject(lost) ? countsOf(lost) : {},
      ...readDetails(record),
    };
  },
};

function readDetails({ category, parallel, question }: JsonObject): Details {
  const indices = Array.isArray(parallel) ? (parallel as unknown[]).filter(isIndex) : [];
  return {
    category: typeof category === "string" ? category : null,
    ...(indices.length > 0 && { parallel: indices }),
    ...(typeof question === "string" && { question }),
  };
}

type Details = Pick<ReadTrajectory, "category" | "parallel" | "question">;

/** One line, from behind the id. */
export function writeTrajectory(read: ReadTrajectory): string {
  const { instruction, tools, steps } = read.trajectory;
  const { hasTools, lost, category, parallel = [], question } = read;
  const details = {
    ...(category != null && { category }),
    ...(parallel.length > 0 && { parallel }),
    ...(question !== undefined && { question }),
  };
  const fields = { instruction, tools, steps, hasTools, lost, ...details };
  return `${JSON.stringify(fields).slice(1)}\n`;
}

function isTrajectory({ instruction, tools, steps }: JsonObject): boolean {
  return (
    typeof instruction === "string" && Array.isArray(tools) && Array.isArray(steps) && steps.some(isStep)
  );
}

function isTool(tool: unknown): tool is Tool {
  return (
    isObject(tool) &&
    typeof tool.name === "string" &&
    typeof tool.description === "string" &&
    isObject(tool.parameters)
  );
}

function isStep(step: unknown): step is Step {
  if (!isObject(step)) return false;
  if (step.kind === "user") return typeof step.text === "string";
  if (typeof step.thought !== "string" || !isReason(step.untrained) || !isReason(step.unplanned))
    return false;
  if (step.kind === "give_up") return true;
  if (step.kind === "answer") return typeof step.answer === "string";
  return step.kind === "call" && isCall(step.call) && isText(step.observation);
}

/** Two words at least: no name that every object has. */
const REASON = /^[a-z]+(?:_[a-z]+)+$/;

const isReason = (value: unknown): boolean =>
  value === undefined || (typeof value === "string" && REASON.test(value));
const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown): boolean => value === null || typeof value === "string";

function isCall(call: unknown): boolean {
  return isObject(call) && typeof call.name === "string" && typeof call.arguments === "string";
}

function countsOf(counts: JsonObject): Record<string, number> {
  return Object.fromEntries(
    Object.entries(counts).filter(
      (entry): entry is [string, number] =>
        REASON.test(entry[0]) && Number.isSafeInteger(entry[1]) && (entry[1] as number) > 0,
    ),
  );
}
