import { Command } from "commander";
import { MllmError } from "../../core/errors.js";
import { byRole, ROLES, type Role } from "../../core/roles.js";
import type { Agent } from "../../state/rows.js";
import type { State } from "../../state/state.js";
import type { Context } from "../context.js";
import { formatTable, writeNote, writeResult } from "../output.js";

interface JsonOption {
  json?: true;
}

const JSON_OPTION = ["--json", "print JSON"] as const;
const NAME = ["<name>", "the agent's name"] as const;

export function createAgentsCommand(context: Context): Command {
  const agents = new Command("agents").description("Name trios of checkpoints, swap a role, go back");
  agents
    .command("list", { isDefault: true })
    .description("List every agent as it is now")
    .option(...JSON_OPTION)
    .action((options: JsonOption) => list(context, options));
  agents
    .command("show")
    .description("Show one agent and its earlier versions")
    .argument(...NAME)
    .option(...JSON_OPTION)
    .action((name: string, options: JsonOption) => show(context, name, options));
  agents
    .command("set")
    .description("Make an agent, or a new version of it with some roles swapped")
    .argument(...NAME)
    .option("--planner <id>", "a planner's checkpoint, or a backbone")
    .option("--caller <id>", "a caller's checkpoint, or a backbone")
    .option("--summarizer <id>", "a summarizer's checkpoint, or a backbone")
    .option(...JSON_OPTION)
    .action((name: string, options: JsonOption & Partial<Record<Role, string>>) =>
      set(context, name, options),
    );
  agents
    .command("rollback")
    .description("Make the version before (or --to) the current one again; nothing is forgotten")
    .argument(...NAME)
    .option("--to <version>", "its number")
    .option(...JSON_OPTION)
    .action((name: string, options: JsonOption & { to?: string }) => rollback(context, name, options));
  agents
    .command("remove")
    .description("Forget an agent; its checkpoints stay")
    .argument(...NAME)
    .option(...JSON_OPTION)
    .action((name: string, options: JsonOption) => remove(context, name, options));
  return agents;
}

async function withState<T>(
  context: Context,
  database: "existing" | "make",
  work: (state: State | null) => Promise<T> | T,
): Promise<T> {
  const { openWorkspace } = await import("../workspace.js");
  const workspace = await openWorkspace(context, { database });
  try {
    return await work(workspace.state);
  } finally {
    workspace.close();
  }
}

async function list(context: Context, { json }: JsonOption): Promise<void> {
  const all = await withState(context, "existing", (state) => state?.listAgents() ?? []);
  const agents = all.filter((agent, i) => all[i - 1]?.name !== agent.name);
  const text = agents.length === 0 ? "no agents yet" : formatAgents(agents);
  writeResult(context, { json: json === true, value: { agents }, text });
  if (!json)
    writeNote(
      context,
      agents.length === 0 ? "next: mllm agents set NAME" : "next: mllm run QUESTION --agent NAME",
    );
}

async function show(context: Context, name: string, { json }: JsonOption): Promise<void> {
  const versions = await withState(context, "existing", (state) => state?.listAgents(name) ?? []);
  if (versions.length === 0) throw noAgent(name);
  writeResult(context, { json: json === true, value: { name, versions }, text: formatAgents(versions) });
  if (!json) writeNote(context, `next: mllm run QUESTION --agent ${name}`);
}

async function set(
  context: Context,
  name: string,
  { json, ...given }: JsonOption & Partial<Record<Role, string>>,
): Promise<void> {
  if (!/^[A-Za-z0-9][\w.-]{0,63}$/.test(name)) {
    throw new MllmError("usage", `${name} is no name for an agent`, {
      hint: "Letters, digits, dots, dashes and underscores, at most 64.",
    });
  }
  const { findTrio } = await import("../agent/find-trio.js");
  const { checkSameProfile } = await import("../agent/check-same-profile.js");
  const agent = await withState(context, "existing", async (state) => {
    const known = state?.getAgent(name) ?? null;
    const trio = findTrio(state, known === null ? given : { ...given, agent: name });
    await checkSameProfile(trio);
    const roles = byRole((role) => trio[role].id);
    return (state as State).saveAgent(name, roles, context.now().toISOString());
  });
  writeResult(context, { json: json === true, value: agent, text: formatAgents([agent]) });
  if (!json) writeNote(context, `next: mllm run QUESTION --agent ${name}`);
}

async function rollback(
  context: Context,
  name: string,
  { json, to }: JsonOption & { to?: string },
): Promise<void> {
  const agent = await withState(context, "existing", (state) => {
    const [current, previous] = state?.listAgents(name) ?? [];
    if (state === null || current === undefined) throw noAgent(name);
    const target = to === undefined ? previous : state.getAgent(name, Number(to));
    if (!target) {
      throw new MllmError(
        "not_found",
        `agent ${name} has no ${to === undefined ? "earlier version" : `version ${to}`}`,
        {
          hint: `mllm agents show ${name} lists its versions.`,
        },
      );
    }
    const { planner, caller, summarizer } = target;
    return state.saveAgent(name, { planner, caller, summarizer }, context.now().toISOString());
  });
  writeResult(context, { json: json === true, value: agent, text: formatAgents([agent]) });
  if (!json) writeNote(context, `next: mllm run QUESTION --agent ${name}`);
}

async function remove(context: Context, name: string, { json }: JsonOption): Promise<void> {
  const isRemoved = await withState(context, "existing", (state) => state?.removeAgent(name) ?? false);
  if (!isRemoved) throw noAgent(name);
  writeResult(context, { json: json === true, value: { name, state: "removed" }, text: `removed ${name}` });
}

function formatAgents(agents: readonly Agent[]): string {
  const rows = agents.map(({ name, version, planner, caller, summarizer, createdAt }) => {
    return [name, version, planner, caller, summarizer, createdAt.slice(0, 16).replace("T", " ")];
  });
  return formatTable(["agent", "version", ...ROLES, "since"], rows);
}

function noAgent(name: string): MllmError {
  return new MllmError("not_found", `there is no agent ${name}`, {
    hint: "mllm agents list shows those there are; mllm agents set makes one.",
  });
}
