import { Command } from "commander";
import { addTrioOptions, addWorkOptions } from "../agent/agent-options.js";
import type { ServeOptions } from "../agent/serve-agent.js";
import type { Context } from "../context.js";
import { readCount, readPort, readPositive } from "../read-numbers.js";

const EXAMPLES = `
Examples:
  mllm serve                                          clients send their tools and run them
  mllm serve --tools mcp.json                         the tools run here, clients get the answer
  mllm serve --agent desk --record traffic.jsonl      what was asked and done becomes training data:
  mllm split-data traffic.jsonl --out out/data
  MLLM_SERVE_KEY=… mllm serve --host 0.0.0.0          for others: with a key alone

Any client of the OpenAI chat API can use it. What a request says of temperature and seed comes first; it may ask
for fewer tokens, not for more. Runs until interrupted, then finishes what is under way.`;

/** `mllm serve`: the agent as one model of the OpenAI chat API. */
export function createServeCommand(context: Context): Command {
  const command = new Command("serve").description(
    "Serve the agent as one OpenAI-compatible model, until interrupted",
  );
  addWorkOptions(addTrioOptions(command));
  return command
    .option("--name <name>", "what clients call the model (default: the agent's name, or mllm)")
    .option("--host <address>", "where to listen; any but loopback needs a key", "127.0.0.1")
    .option("--port <number>", "0 takes a free one", readPort, 8484)
    .option("--key-file <file>", "keys that clients may show, one a line; besides MLLM_SERVE_KEY")
    .option("--tools <file>", "tools that run here, as for `mllm run`; a client's own come first")
    .option("--yes", "let tools run that may destroy something")
    .option("--record <file>", "append every exchange, as `mllm split-data` reads it")
    .option("--max-concurrent <n>", "requests that work at once", readPositive, 64)
    .option("--max-queued <n>", "requests that wait; more are sent away with 429", readCount, 256)
    .option(
      "--rate-limit <n>",
      "requests of one key in a minute (default: 600 beyond loopback)",
      readPositive,
    )
    .option("--drain-seconds <n>", "when stopping, for what is under way", readCount, 30)
    .option("--json", "print the address as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ServeOptions) => {
      const { serveAgent } = await import("../agent/serve-agent.js");
      await serveAgent(context, options);
    });
}
