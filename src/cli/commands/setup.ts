import { Command } from "commander";
import { MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";
import { writeNote, writeResult } from "../output.js";

interface SetupOptions {
  python?: string;
  dev?: true;
  dryRun?: true;
  json?: true;
}

export function createSetupCommand(context: Context): Command {
  return new Command("setup")
    .description("Make the Python environment that trains on this machine")
    .option(
      "--python <path>",
      "the Python (3.10 or later) to make it with; default: the one it has, or python3",
    )
    .option("--dev", "also install what the trainer's own tests need")
    .option("--dry-run", "say what would be done, do nothing")
    .option("--json", "print the result as JSON")
    .action(async (options: SetupOptions) => {
      const { createPythonEnvironment } = await import("../../providers/local/python-environment.js");
      const { resolveWorkspace } = await import("../workspace.js");
      const environment = createPythonEnvironment({
        folder: resolveWorkspace(context).environmentFolder,
        trainerFolder: `${context.packageRoot}/trainer`,
        python: options.python ?? context.env.MLLM_BASE_PYTHON ?? null,
        isDevelopment: options.dev === true,
        isDryRun: options.dryRun === true,
        env: context.env,
        signal: context.signal,
      });
      for await (const event of environment) {
        if (event.type === "step") writeNote(context, event.text);
        if (event.type === "output" && context.isTerminal.stderr) writeNote(context, `  ${event.text}`);
        if (event.type === "failed")
          throw new MllmError("environment_missing", event.message, { hint: event.hint });
        if (event.type === "done") {
          const text = `${event.isUnchanged ? "ready already" : options.dryRun ? "would be ready" : "ready"}: ${event.python}`;
          writeResult(context, {
            json: options.json === true,
            value: { python: event.python, torch: event.torch, isUnchanged: event.isUnchanged },
            text,
          });
        }
      }
    });
}
