import { Command, InvalidArgumentError, Option } from "commander";
import type { Context } from "../context.js";
import { readCount, readPositive, readTemperature } from "../read-numbers.js";
import type { ServeOptions } from "../serve-agent.js";
import { collectEndpoints } from "../serve-options.js";

const EXAMPLES = `
Examples:
  mllm serve                                          clients send their tools and run them
  mllm serve --tools mcp.json                         the tools run here, clients get the answer
  mllm serve --agent desk --record traffic.jsonl      what was asked and done becomes training data:
  mllm split-data traffic.jsonl --out out/data
  MLLM_SERVE_KEY=… mllm serve --host 0.0.0.0          for others: with a key alone

Any client of the OpenAI chat API can use it. Runs until interrupted, then finishes what is under way.`;

/** `mllm serve`: the agent as one model of the OpenAI chat API. */
export function createServeCommand(context: Context): Command {
  return new Command("serve")
    .description("Serve the agent as one OpenAI-compatible model, until interrupted")
    .option("--agent <name>", "a trio that `mllm agents` knows (default: the newest)")
    .option("--planner <id>", "a planner's checkpoint, in place of the agent's")
    .option("--caller <id>", "a caller's checkpoint, in place of the agent's")
    .option("--summarizer <id>", "a summarizer's checkpoint, in place of the agent's")
    .option(
      "--role-endpoint <role=url#model>",
      "a server that has a role already; may be given again",
      collectEndpoints,
    )
    .option("--name <name>", "what clients call the model (default: the agent's name, or mllm)")
    .option("--host <address>", "where to listen; any but loopback needs a key", "127.0.0.1")
    .option("--port <number>", "0 takes a free one", readPort, 8484)
    .option("--key-file <file>", "keys that clients may show, one a line; besides MLLM_SERVE_KEY")
    .option("--tools <file>", "tools that run here, as for `mllm run`; a client's own come first")
    .option("--yes", "let tools run that may destroy something")
    .option("--record <file>", "append every exchange, as `mllm split-data` reads it")
    .addOption(
      new Option("--strategy <name>", "search: go back where the agent gives up and tools allow it")
        .choices(["chain", "search"])
        .default("search"),
    )
    .option("--max-turns <n>", "planner turns of one chain", readPositive, 8)
    .option("--max-calls <n>", "calls of tools in all", readPositive, 30)
    .option("--max-tokens <n>", "tokens that the roles may write in all", readPositive, 8192)
    .option("--max-new-tokens <n>", "tokens of one text; a request may ask for less", readPositive, 512)
    .option("--max-seconds <n>", "for one request", readPositive, 300)
    .option("--temperature <t>", "where a request says none", readTemperature, 0)
    .option("--seed <n>", "where a request says none", readCount, 0)
    .option("--max-concurrent <n>", "requests that work at once", readPositive, 64)
    .option("--max-queued <n>", "requests that wait; more are sent away with 429", readCount, 256)
    .option(
      "--rate-limit <n>",
      "requests of one key in a minute (default: 600 beyond loopback)",
      readPositive,
    )
    .option(
      "--free-calls",
      "let the caller write any name; a wrong one comes back to the planner as an error",
    )
    .option("--drain-seconds <n>", "when stopping, for what is under way", readCount, 30)
    .option("--json", "print the address as JSON")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ServeOptions) => {
      const { serveAgent } = await import("../serve-agent.js");
      await serveAgent(context, options);
    });
}

function readPort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError("expected a number from 0 to 65535");
}
