import type { Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { SUBSETS } from "../../core/roles.js";
import { readCompatPrompts } from "../../data/compat/prompts-file.js";
import { splitAlphaUmi } from "../../data/compat/split-alpha-umi.js";
import type { Context } from "../context.js";
import { writeResult } from "../output.js";
import { inputPlace } from "./input-place.js";
import { followReading, formatCompat } from "./split-view.js";

interface CompatOptions {
  out: string;
  profile?: string;
  workers?: number;
  json?: boolean;
}

const OWN_OPTIONS = new Set(["--out", "--profile", "--compat", "--workers", "--json"]);

/** `mllm split-data --compat alpha-umi`; `given` are the options on the command line. */
export async function splitAsReference(
  context: Context,
  inputs: string[],
  { given, ...options }: CompatOptions & { given: readonly Pick<Option, "long">[] },
): Promise<void> {
  const others = given.map(({ long }) => long ?? "").filter((name) => !OWN_OPTIONS.has(name));
  if (others.length > 0) {
    throw new MllmError("usage", `--compat does not go with: ${others.join(", ")}`, {
      hint: "The reference reads everything and splits nothing off.",
    });
  }
  if (options.profile === undefined) {
    throw new MllmError("usage", "--compat needs --profile FILE", {
      hint: "Give a JSON file with the reference's prompts: backbone, planner, caller and summarizer.",
    });
  }
  const events = splitAlphaUmi({
    inputs,
    out: options.out,
    ...inputPlace(context),
    prompts: await readCompatPrompts(options.profile, context.cwd),
    workers: options.workers ?? null,
    signal: context.signal,
  });
  const { summary } = await followReading(context, events);
  writeResult(context, { json: options.json === true, value: summary, text: formatCompat(summary) });
  const failed = SUBSETS.filter((subset) => summary.subsets[subset].failure !== null);
  if (failed.length === 0) return;
  const failures = failed.map((subset) => `${subset}: ${summary.subsets[subset].failure}`);
  throw new MllmError(
    "bad_input",
    `not written, because the reference stops there:\n${failures.join("\n")}`,
    {
      hint: "The other files are complete. Without --compat such records do not stop anything.",
    },
  );
}
