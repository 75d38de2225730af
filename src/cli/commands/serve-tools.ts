import { Command, Option } from "commander";
import type { ServeToolsOptions } from "../agent/serve-tools.js";
import type { Context } from "../context.js";
import { readCount, readPort } from "../read-numbers.js";

const EXAMPLES = `
Examples:
  mllm serve-tools --tools tools.mjs --record out/answers      the tools run; what they answer is kept
  mllm serve-tools --replay out/answers                        the same answers again, nothing runs
  mllm serve-tools --replay tool_response_cache --apis toolenv/tools
                                                               StableToolBench's recordings and APIs
  mllm serve-tools --apis toolenv/tools --record out/answers --simulate http://gpu:8000/v1#MODEL

The wire is ToolBench's: POST /virtual. An agent uses it with a tools file that says
  virtual: { url: "http://127.0.0.1:8080/virtual" }
Runs until interrupted.`;

/** `mllm serve-tools`: tools, recordings of them or simulations as a virtual API server. */
export function createServeToolsCommand(context: Context): Command {
  return new Command("serve-tools")
    .description("Serve tools, recorded answers or simulated ones over ToolBench's wire, until interrupted")
    .option("--tools <file>", "tools that run, as for `mllm run`")
    .option("--apis <path>", "APIs that are only described: ToolBench's folder, or a file of queries or APIs")
    .addOption(
      new Option("--record <folder>", "answer from the folder, and write there what is new").conflicts(
        "replay",
      ),
    )
    .option("--replay <folder>", "answer from the folder, and write nothing")
    .option("--simulate <url#model>", "a chat model that stands in for APIs that nothing here runs")
    .option("--seed <n>", "of the simulator", readCount, 42)
    .option("--yes", "let tools run that may destroy something")
    .option("--host <address>", "where to listen; any but loopback needs a key", "127.0.0.1")
    .option("--port <number>", "0 takes a free one", readPort, 8080)
    .option("--key-file <file>", "keys that clients may show, one a line; besides MLLM_SERVE_KEY")
    .option("--drain-seconds <n>", "when stopping, for what is under way", readCount, 30)
    .option("--json", "print the address as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ServeToolsOptions) => {
      const { serveTools } = await import("../agent/serve-tools.js");
      await serveTools(context, options);
    });
}
