import { Command, InvalidArgumentError, Option } from "commander";
import { ROLES, type Role } from "../../core/roles.js";
import type { ServerPlan, ServingEngine } from "../agent/serve-roles-plan.js";
import type { Context } from "../context.js";
import { quoteArgument, writeNote, writeResult } from "../output.js";

interface ServeRolesOptions extends Partial<Record<Role, string>> {
  agent?: string;
  engine: ServingEngine | "auto";
  port?: number;
  dryRun?: true;
  json?: true;
}

export function createServeRolesCommand(context: Context): Command {
  const engines = new Option(
    "--engine <name>",
    "vllm where there is a GPU and it is installed, else embedded",
  );
  return new Command("serve-roles")
    .description("Serve the three roles' checkpoints on this machine, until interrupted")
    .option("--agent <name>", "a trio that `mllm agents` has named; default: the newest trained together")
    .option("--planner <checkpoint>", "in place of the agent's")
    .option("--caller <checkpoint>", "in place of the agent's")
    .option("--summarizer <checkpoint>", "in place of the agent's")
    .addOption(engines.choices(["auto", "vllm", "embedded"]).default("auto"))
    .option("--port <number>", "default: free ones", parsePort)
    .option("--dry-run", "print the commands, start nothing")
    .option("--json", "print the result as JSON")
    .action((options: ServeRolesOptions) => serve(context, options));
}

async function serve(context: Context, options: ServeRolesOptions): Promise<void> {
  const { readAgentCheckpoints } = await import("../agent/open-agent-model.js");
  const { planRoles, serveRoles } = await import("../agent/serve-roles.js");
  const checkpoints = await readAgentCheckpoints(context, options);
  const { engine, port = null } = options;
  const plans = await planRoles(context, checkpoints, { engine, port });
  if (options.dryRun) {
    const servers = plans.map((plan) => describe(plan, commandOf(context, plan), null));
    writeResult(context, {
      json: options.json === true,
      value: { servers, endpoints: null },
      text: servers.map(({ command }) => command).join("\n"),
    });
    return;
  }
  writeNote(context, `starting: ${plans.map((plan) => commandOf(context, plan)).join("\n          ")}`);
  const served = await serveRoles(context, plans);
  try {
    await report(context, served, options.json === true);
    await untilStopped(context, served.servers);
  } finally {
    await served.close();
  }
}

async function report(
  context: Context,
  { servers, endpoints }: import("../agent/serve-roles.js").ServedRoles,
  json: boolean,
): Promise<void> {
  const { formatEndpoint } = await import("../../agent/backends/endpoint.js");
  const addresses = ROLES.flatMap((role) => {
    const endpoint = endpoints[role];
    return endpoint === undefined ? [] : [[role, formatEndpoint(endpoint)] as const];
  });
  const value = {
    servers: servers.map(({ plan, command, url }) => describe(plan, toLine(context, plan, command), url)),
    endpoints: Object.fromEntries(addresses),
  };
  const text = addresses.map(([role, address]) => `${role.padEnd(10)}  ${address}`).join("\n");
  writeResult(context, { json, value, text });
  const flags = addresses.map(([role, address]) => `--role-endpoint ${quoteArgument(`${role}=${address}`)}`);
  writeNote(context, `next: mllm run QUESTION --tools FILE ${flags.join(" ")}`);
}

function describe({ engine, roles }: ServerPlan, command: string, url: string | null) {
  return { engine, roles, command, url };
}

function commandOf(context: Context, plan: ServerPlan): string {
  const port = plan.port === null ? "0" : String(plan.port);
  return toLine(
    context,
    plan,
    plan.command.map((word) => word.replace("{port}", port)),
  );
}

/** What would start the same server in a shell. */
function toLine({ packageRoot }: Context, { engine }: ServerPlan, command: readonly string[]): string {
  const line = command.map(quoteArgument).join(" ");
  return engine === "embedded" ? `PYTHONPATH=${quoteArgument(`${packageRoot}/trainer`)} ${line}` : line;
}

/** Until the user interrupts; a server that stops by itself is an error. */
async function untilStopped(
  { signal }: Context,
  servers: readonly import("../agent/serve-roles-start.js").RunningServer[],
): Promise<void> {
  const interrupted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null);
    signal.addEventListener("abort", () => resolve(null), { once: true });
  });
  const failure = await Promise.race([interrupted, ...servers.map((server) => server.ended)]);
  if (failure !== null) throw failure;
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d+$/.test(text) && port > 0 && port < 65_536) return port;
  throw new InvalidArgumentError("Expected a number from 1 to 65535.");
}
