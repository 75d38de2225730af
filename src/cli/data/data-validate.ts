import { resolve } from "node:path";
import { plural } from "../../core/plural.js";
import { countRejected, type Description, describeInputs } from "../../data/describe/describe-inputs.js";
import { isDatasetFolder } from "../../data/describe/is-dataset-folder.js";
import { type DatasetValidation, validateDataset } from "../../data/describe/validate-dataset.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { Context } from "../context.js";
import { fitText, widthOf } from "../fit-text.js";
import { writeResult } from "../output.js";
import { type ReadingOptions, readReading } from "./data-reading-options.js";
import { formatRecords, formatRejected } from "./data-rejected-view.js";
import { inputPlace } from "./input-place.js";
import { followReading } from "./split-view.js";

interface Verdict {
  isValid: boolean;
  text: string;
  value: object;
}

export async function validate(context: Context, paths: string[], options: ValidateOptions): Promise<void> {
  const verdicts: Verdict[] = [];
  for (const path of paths) {
    const isDataset = await isDatasetFolder(resolve(context.cwd, path));
    verdicts.push(await (isDataset ? validateFolder : validateInput)(context, path, options));
  }
  const isValid = verdicts.every((verdict) => verdict.isValid);
  writeResult(context, {
    json: options.json === true,
    value: { isValid, inputs: verdicts.map(({ value }) => value) },
    text: verdicts.map(({ text }) => text).join("\n\n"),
  });
  if (!isValid) context.setExitCode(1);
}

async function validateInput(context: Context, path: string, options: ValidateOptions): Promise<Verdict> {
  const { profile } = await loadProfile(options.profile, context);
  const { format, readers } = await readReading(options);
  const events = describeInputs({
    ...inputPlace(context),
    ...{ inputs: [path], format, readers, profile, measure: null, mostExamples: options.examples },
    maxErrors: options.maxErrors ?? null,
    workers: options.workers ?? null,
    signal: context.signal,
  });
  const { description } = await followReading(context, events);
  return describeVerdict(path, description, widthOf(context));
}

function describeVerdict(path: string, { facts, inputs, isCut }: Description, columns: number): Verdict {
  const { records: read, trajectories: used, excluded, rejected } = facts;
  const records = { read, used, excluded, rejected };
  const isValid = countRejected(facts) === 0 && used > 0;
  const format = inputs[0]?.format ?? null;
  const nothing = used === 0 ? "; nothing to train on" : "";
  const cut = isCut ? "\nnot read to the end: too many errors" : "";
  const examples = formatRejected(records, columns).map((line) => `\n  ${line}`);
  return {
    isValid,
    value: { path, kind: "records", isValid, format, isCut, records },
    text: `${isValid ? "✔" : "✖"} ${path}: ${format ?? "no known format"}; ${formatRecords(records)}${nothing}${cut}${examples.join("")}`,
  };
}

async function validateFolder(context: Context, path: string, options: ValidateOptions): Promise<Verdict> {
  const events = validateDataset({
    folder: resolve(context.cwd, path),
    maxErrors: options.maxErrors ?? null,
    signal: context.signal,
  });
  const { validation } = await followReading(context, events);
  const { problems, files, rows, isCut } = validation;
  const isValid = problems.length === 0;
  return {
    isValid,
    value: { path, kind: "dataset", isValid, isCut, files, rows, problems },
    text: formatValidation(path, validation, { examples: options.examples, columns: widthOf(context) }),
  };
}

function formatValidation(
  path: string,
  { problems, files, rows, isCut }: DatasetValidation,
  { examples, columns }: { examples: number; columns: number },
): string {
  const looked = `${plural(files, "file")}, ${plural(rows, "row", rows.toLocaleString("en-US"))}`;
  if (problems.length === 0) return `✔ ${path}: a data set, ${looked}: all as its manifest says`;
  const reasons = [...new Set(problems.map(({ reason }) => reason))];
  const lines = reasons.flatMap((reason) => {
    const own = problems.filter((problem) => problem.reason === reason);
    return [
      `  ${reason} (${own.length})`,
      ...own
        .slice(0, examples)
        .map(({ place, detail }) => `    ${fitText(`${place}: ${detail}`, columns - 4)}`),
    ];
  });
  const cut = isCut ? ["  not read to the end: too many errors"] : [];
  return [`✖ ${path}: a data set, ${looked}: ${plural(problems.length, "problem")}`, ...lines, ...cut].join(
    "\n",
  );
}

export interface ValidateOptions extends ReadingOptions {
  profile: string;
  maxErrors?: number;
  examples: number;
  workers?: number;
  json?: true;
}
