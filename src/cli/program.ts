import { Command } from "commander";
import { createAgentsCommand } from "./commands/agents.js";
import { createCheckpointsCommand } from "./commands/checkpoints.js";
import { createDataCommand } from "./commands/data.js";
import { createEvalCommand } from "./commands/eval.js";
import { createJobsCommand } from "./commands/jobs.js";
import { createProvidersCommand } from "./commands/providers.js";
import { createReapCommand } from "./commands/reap.js";
import { createReportCommand } from "./commands/report.js";
import { createReproduceCommand } from "./commands/reproduce.js";
import { createRunCommand } from "./commands/run.js";
import { createServeCommand } from "./commands/serve.js";
import { createServeRolesCommand } from "./commands/serve-roles.js";
import { createServeToolsCommand } from "./commands/serve-tools.js";
import { createSetupCommand } from "./commands/setup.js";
import { createSplitDataCommand } from "./commands/split-data.js";
import { createTrainCommand } from "./commands/train.js";
import type { Context } from "./context.js";

const EXAMPLES = `
The way from trajectories to checkpoints
  mllm setup                                       make the Python environment (once)
  mllm split-data trajectories.jsonl --out out/data
  mllm train --stage 1 --recipe tiny --data out/data
  mllm train --stage 2 --role all --recipe tiny --data out/data
  mllm checkpoints lineage
and to an agent:
  mllm run "QUESTION" --tools tools.mjs
  mllm serve --tools tools.mjs                     as one OpenAI-compatible model
  mllm eval static --data held-out.jsonl           and how good it is

Exit codes: 0 done, 1 failure, 2 usage, 70 a bug, 130 interrupted.`;

/** The whole command line. Commands throw; exit codes and error texts are made in main alone. */
export function createProgram(context: Context, args: readonly string[]): Command {
  const program = new Command("mllm")
    .description(
      "Turns tool-use trajectories into a working multi-LLM agent: planner, caller and summarizer.",
    )
    .version(context.version)
    .addHelpText("after", EXAMPLES)
    .addCommand(createSetupCommand(context))
    .addCommand(createSplitDataCommand(context))
    .addCommand(createDataCommand(context))
    .addCommand(createTrainCommand(context))
    .addCommand(createJobsCommand(context))
    .addCommand(createReapCommand(context))
    .addCommand(createCheckpointsCommand(context))
    .addCommand(createAgentsCommand(context))
    .addCommand(createRunCommand(context))
    .addCommand(createServeCommand(context))
    .addCommand(createServeRolesCommand(context))
    .addCommand(createServeToolsCommand(context))
    .addCommand(createEvalCommand(context))
    .addCommand(createReproduceCommand(context))
    .addCommand(createReportCommand(context))
    .addCommand(createProvidersCommand(context));
  settle(program, context, args.includes("--json"));
  return program;
}

/** In every subcommand: commander neither exits nor prints by itself, and each error says where help is. */
function settle(command: Command, context: Context, isJson: boolean): void {
  command
    .exitOverride()
    .showHelpAfterError("hint: add --help to see what is expected")
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      // With --json, main writes the one document there is.
      writeErr: (text) => (isJson ? undefined : context.stderr.write(text)),
      getOutHasColors: () => context.isTerminal.stdout,
      getErrHasColors: () => context.isTerminal.stderr,
    });
  for (const subcommand of command.commands) settle(subcommand, context, isJson);
  refuseUnknown(command);
}

/** Where `list` is the default, commander takes a mistyped command (`jobs cancle`) for an argument of `list`. */
function refuseUnknown(group: Command): void {
  const names = group.commands.map((command) => command.name());
  const list = group.commands.find((command) => command.name() === "list");
  list?.allowExcessArguments().hook("preAction", (_, { args: [unknown] }) => {
    if (unknown === undefined) return;
    const message = `error: '${unknown}' is no command of mllm ${group.name()}: expected ${names.join(", ")}`;
    group.error(message, { code: "commander.unknownCommand" });
  });
}
