import { z } from "zod";
import { MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { Step, Tool } from "../../core/trajectory.js";
import { readReferenceText } from "./compat/reference-text.js";
import type { ReferenceCase } from "./compat/score-as-reference.js";
import { isObject } from "./exact-json.js";
import type { StepSample } from "./step-sample.js";

/** What somebody else's agent did. */
type Predictions =
  /** The reference's `predictions.json`, which brings its own samples; `cases` for its own numbers, in the same order. */
  | { form: "reference"; samples: StepSample[]; steps: Step[]; cases: ReferenceCase[] }
  /** By the ids of samples. */
  | { form: "steps"; steps: Map<string, Step> };

const Thought = z.string().default("");
const Arguments = z.union([
  z.string(),
  z.record(z.string(), z.unknown()).transform((all) => JSON.stringify(all)),
]);
const PredictedStep = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("call"),
    thought: Thought,
    call: z.object({ name: z.string(), arguments: Arguments }),
    observation: z.string().nullable().default(null),
    untrained: z.string().optional(),
  }),
  z.object({
    kind: z.literal("answer"),
    thought: Thought,
    answer: z.string(),
    untrained: z.string().optional(),
  }),
  z.object({ kind: z.literal("give_up"), thought: Thought, untrained: z.string().optional() }),
]);

const OwnEntry = z.object({
  id: z.string(),
  /** A step; a list of one, as in `items.jsonl`; or a text in the reference's form. */
  prediction: z.union([PredictedStep, z.tuple([PredictedStep]), z.string().transform(readReferenceText)]),
});

const ReferenceTool = z.object({
  Name: z.string(),
  function: z.unknown().optional(),
  input: z.unknown().optional(),
});
const ReferenceEntry = z.object({
  tools: z.array(ReferenceTool),
  instruction: z.string().default(""),
  history: z.unknown().optional(),
  reference: z.string(),
  predictions: z.string(),
});
type ReferenceEntry = z.infer<typeof ReferenceEntry>;

/** Reads a file's entries: those of the JSON list, or one a line. `name` is for messages. Throws bad_input. */
export function readPredictions(entries: unknown, name: string): Predictions {
  if (!Array.isArray(entries) || entries.length === 0) throw refuse(name, "it holds no list of predictions");
  const [first] = entries as unknown[];
  if (isObject(first) && "predictions" in first) {
    return readReference(
      entries.map((entry, place) => parse(ReferenceEntry, entry, `${name}: entry ${place + 1}`)),
    );
  }
  const steps = new Map<string, Step>();
  for (const [place, entry] of entries.entries()) {
    const at = `${name}: entry ${place + 1}`;
    const { id, prediction } = parse(OwnEntry, entry, at);
    if (steps.has(id)) throw refuse(at, `a second prediction for ${id}`);
    steps.set(id, (Array.isArray(prediction) ? prediction[0] : prediction) as Step);
  }
  return { form: "steps", steps };
}

function parse<Value>(schema: z.ZodType<Value>, entry: unknown, at: string): Value {
  const result = schema.safeParse(entry);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw refuse(at, `${issue?.path.join(".") || "it"}: ${issue?.message ?? "not a prediction"}`);
}

function refuse(at: string, problem: string): MllmError {
  return new MllmError("bad_input", `${at}: ${problem}`, {
    hint: 'Expected lines {"id": "<trajectory>#<step>", "prediction": {"kind": "call", "call": {"name", "arguments"}} or {"kind": "answer", "answer"} or {"kind": "give_up"}}, or the reference\'s predictions.json.',
  });
}

/** The reference's file is ordered by what was predicted: ids come from what was asked, so that two files compare. */
function readReference(entries: readonly ReferenceEntry[]): Predictions {
  const times = new Map<string, number>();
  const samples = entries.map((entry): StepSample => {
    const { instruction, history, reference } = entry;
    const tools = entry.tools.map(readTool);
    const trajectoryId = hash(
      instruction === "" ? [reference] : [instruction, tools.map(({ name }) => name)],
    );
    const step = `${trajectoryId}#${hash([history ?? null, reference])}`;
    const time = (times.get(step) ?? 0) + 1;
    times.set(step, time);
    return {
      ...{ id: time === 1 ? step : `${step}~${time}`, trajectoryId, group: null, tools, instruction },
      ...{ stepsBefore: [], reference: readReferenceText(reference) },
    };
  });
  return {
    ...{ form: "reference", samples },
    steps: entries.map(({ predictions }) => readReferenceText(predictions)),
    cases: entries.map(({ tools, reference, predictions }) => ({
      ...{ toolNames: tools.map(({ Name }) => Name), reference, prediction: predictions },
    })),
  };
}

function hash(value: unknown): string {
  return sha256(value).slice(0, 12);
}

const TYPES = ["string", "integer", "number", "boolean", "array", "object"];

/** `{Name, function, input: {argument: "type, description"}}`. */
function readTool({ Name, function: description, input }: z.infer<typeof ReferenceTool>): Tool {
  const properties = Object.entries(isObject(input) ? input : {}).map(([name, text]) => {
    const type = String(text).split(",", 1)[0] ?? "";
    return [name, TYPES.includes(type) ? { type } : {}];
  });
  return {
    name: Name,
    description: typeof description === "string" ? description : "",
    parameters: { type: "object", properties: Object.fromEntries(properties) },
  };
}
