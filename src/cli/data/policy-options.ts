import { readFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { LengthLimit, Policies, PolicyFile } from "../../data/policies/policies.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";

/** What is done with odd, repeated, over-long and unwanted records. */
export interface PolicyOptions extends Pick<Policies, ChosenPolicy> {
  maxTokens?: number;
  maxCharacters?: number;
  recipe?: string;
  tokenizer?: string;
  filter?: string[];
  exclude?: string[];
  excludeTools?: string[];
}

type ChosenPolicy = "parallelCalls" | "missingThoughts" | "midDialogueText" | "undeclaredCalls" | "dedupe";

// Written out so that `--help` loads no policy; a test compares them with the policies.
export const POLICY_CHOICES: { [Policy in ChosenPolicy]: readonly Policies[Policy][] } = {
  parallelCalls: ["split", "context", "reject"],
  missingThoughts: ["keep", "context"],
  midDialogueText: ["keep", "context"],
  undeclaredCalls: ["context", "reject"],
  dedupe: ["exact", "near", "off"],
};

export function addPolicyOptions(command: Command): Command {
  const choice = (flag: string, name: ChosenPolicy, description: string) =>
    new Option(`${flag} <how>`, description).choices(POLICY_CHOICES[name]).default(POLICY_CHOICES[name][0]);
  return command
    .addOption(choice("--dedupe", "dedupe", "leave out trajectories that come again: the same, or nearly"))
    .option(
      "--exclude <file>",
      "leave out the instructions of this test set, and those nearly like them (repeatable)",
      collectValues,
    )
    .option(
      "--exclude-tools <file>",
      "leave out what offers or calls these tools (repeatable)",
      collectValues,
    )
    .addOption(choice("--parallel-calls", "parallelCalls", "several calls in one message"))
    .addOption(choice("--missing-thoughts", "missingThoughts", "planner's turns without a thought"))
    .addOption(choice("--mid-dialogue-text", "midDialogueText", "answers that the user replies to"))
    .addOption(choice("--undeclared-calls", "undeclaredCalls", "calls of tools that were not offered"))
    .option("--max-tokens <n>", "reject longer rows, with --recipe or --tokenizer", readLength)
    .option("--max-characters <n>", "reject longer rows", readLength)
    .option("--recipe <name|file>", "its model's tokenizer counts --max-tokens")
    .option("--tokenizer <folder>", "a folder whose tokenizer counts --max-tokens")
    .option(
      "--filter <file>",
      "ask this module's function about every trajectory (repeatable)",
      collectValues,
    );
}

export async function readPolicies(context: Context, options: PolicyOptions): Promise<Policies> {
  const { readExcludedTools } = await import("../../data/exclude-ids.js");
  const { readExcludedInstructions } = await import("../../data/policies/read-excluded-instructions.js");
  const { inputPlace } = await import("./input-place.js");
  const { parallelCalls, missingThoughts, midDialogueText, undeclaredCalls, dedupe } = options;
  const filters = (options.filter ?? []).map((path) => readPolicyFile(resolve(context.cwd, path), path));
  return {
    ...{ parallelCalls, missingThoughts, midDialogueText, undeclaredCalls, dedupe },
    maxLength: await readLimit(context, options),
    filters: await Promise.all(filters),
    excludedTools: await readExcludedTools(options.excludeTools ?? [], context.cwd),
    excludedInstructions: await readExcludedInstructions(options.exclude ?? [], inputPlace(context)),
  };
}

async function readLimit(context: Context, options: PolicyOptions): Promise<LengthLimit | null> {
  const { maxTokens, maxCharacters, recipe, tokenizer } = options;
  if (maxTokens !== undefined && maxCharacters !== undefined) {
    throw new MllmError("usage", "--max-tokens and --max-characters cannot go together", {
      hint: "Give one of the two.",
    });
  }
  if (maxTokens === undefined) {
    if (recipe !== undefined || tokenizer !== undefined) {
      throw new MllmError(
        "usage",
        `--${recipe === undefined ? "tokenizer" : "recipe"} goes with --max-tokens only`,
        {
          hint: "It counts the tokens of that limit: add --max-tokens N, or leave it out.",
        },
      );
    }
    return maxCharacters === undefined ? null : { most: maxCharacters, tokenizer: null };
  }
  if (recipe === undefined && tokenizer === undefined) {
    throw new MllmError("usage", "--max-tokens needs --recipe or --tokenizer", {
      hint: "Tokens are those of one model: name the recipe it is trained with, or the folder of its tokenizer.",
    });
  }
  const { chooseTokenizer } = await import("./data-measure.js");
  const { folder } = await chooseTokenizer(context, {
    recipe: recipe ?? "",
    ...(tokenizer !== undefined && { tokenizer }),
  });
  if (folder === null) {
    throw new MllmError("not_found", `the tokenizer of ${recipe} is not on this machine`, {
      hint: "Name the folder of one with --tokenizer, or limit the length with --max-characters.",
    });
  }
  const path = join(folder, "tokenizer.json");
  return { most: maxTokens, tokenizer: await readPolicyFile(path, path) };
}

async function readPolicyFile(path: string, shownPath: string): Promise<PolicyFile> {
  try {
    return { name: basename(path), sha256: sha256(await readFile(path)), path };
  } catch (error) {
    throw explainSystemError(error, shownPath);
  }
}

function readLength(value: string): number {
  if (!/^[1-9]\d{0,14}$/.test(value)) throw new InvalidArgumentError("expected a whole number, 1 or more");
  return Number(value);
}
