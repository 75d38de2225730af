import { Command, Option } from "commander";
import { MllmError } from "../../core/errors.js";
import { ROLES } from "../../core/roles.js";
import { addTrioOptions } from "../agent/agent-options.js";
import { collectValues } from "../collect-values.js";
import type { Context } from "../context.js";
import type { EvalStaticOptions } from "../evaluation/eval-static.js";
import { readPositive } from "../read-numbers.js";

const EXAMPLES = `
Examples:
  mllm eval static --data held-out.jsonl
  mllm eval static --data seen=test-seen.jsonl --data unseen=test-unseen.jsonl --agent desk
  mllm eval static --data held-out.jsonl --agent desk --caller caller-172-d9dcd9eb
  mllm eval static --predictions predictions.json --compat alpha-umi --json

What was asked once is not asked again: an interrupted evaluation goes on, a repeated one starts no server.`;

/** `mllm eval static`: how an agent takes the steps of recorded trajectories, each by itself. */
export function createEvalStaticCommand(context: Context): Command {
  const command = new Command("static")
    .description(
      "Let an agent take every step of held-out trajectories, and score it against what was recorded",
    )
    .option(
      "--data <[group=]file>",
      "held-out trajectories, in any format that `mllm split-data` reads; may be given again",
      collectValues,
    );
  return addTrioOptions(command)
    .option("--max-new-tokens <n>", "tokens of one text", readPositive, 512)
    .option("--free-calls", "let the caller write any name, which makes hallucinated tools possible")
    .option("--concurrency <n>", "so many steps at once", readPositive, 16)
    .option(
      "--predictions <file>",
      "score what was predicted elsewhere: JSON lines of {id, prediction}, or the reference's predictions.json",
    )
    .addOption(
      new Option("--compat <reference>", "show the reference's numbers, to the last digit").choices([
        "alpha-umi",
      ]),
    )
    .option("--out <dir>", "where to write it (default: a folder of its own that `mllm eval list` knows)")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: EvalStaticOptions) => {
      if (options.data === undefined && options.predictions === undefined) {
        throw new MllmError("usage", "expected --data, or --predictions", {
          hint: "mllm eval static --data held-out.jsonl",
        });
      }
      refuseBoth(options);
      const { evalStatic } = await import("../evaluation/eval-static.js");
      await evalStatic(context, { options });
    });
}

/** Predictions are somebody's already: whoever names an agent beside them would take its scores for the agent's. */
function refuseBoth({ predictions, roleEndpoint, ...options }: EvalStaticOptions): void {
  if (predictions === undefined) return;
  const named = (["agent", ...ROLES] as const).filter((name) => options[name] !== undefined);
  const flags = [...named, ...(roleEndpoint === undefined ? [] : ["role-endpoint"])];
  if (flags.length === 0) return;
  throw new MllmError("usage", `--predictions ${predictions} beside --${flags.join(", --")}`, {
    hint: "Leave out one: predictions are scored as they are, and nobody is asked.",
  });
}
