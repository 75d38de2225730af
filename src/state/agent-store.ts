import { MllmError } from "../core/errors.js";
import { ROLES } from "../core/roles.js";
import type { Database } from "./database.js";
import { Agent, parseRow } from "./rows.js";
import type { State } from "./state.js";

type AgentStore = Pick<State, "saveAgent" | "listAgents" | "getAgent" | "removeAgent">;

export function createAgentStore(database: Database): AgentStore {
  const listAgents = (name?: string): Agent[] =>
    database
      .all(
        `SELECT * FROM agents WHERE ${name === undefined ? "TRUE" : "name = :name"} ORDER BY name, version DESC`,
        name === undefined ? {} : { name },
      )
      .map((row) => parseRow(Agent, row, "agents"));
  return {
    listAgents,
    getAgent: (name, version) => {
      const versions = listAgents(name);
      return versions.find((agent) => version === undefined || agent.version === version) ?? null;
    },
    saveAgent: (name, roles, at) =>
      database.transaction(() => {
        const [newest] = listAgents(name);
        const missing = ROLES.filter((role) => (roles[role] ?? newest?.[role]) === undefined);
        if (missing.length > 0) {
          throw new MllmError("usage", `agent ${name} lacks a checkpoint for ${missing.join(", ")}`, {
            hint: `Name it: ${missing.map((role) => `--${role} ID`).join(" ")}; mllm checkpoints list shows them.`,
          });
        }
        const agent = { ...newest, ...roles, name, version: (newest?.version ?? 0) + 1, createdAt: at };
        const { planner, caller, summarizer, version } = Agent.parse(agent);
        database.run(
          "INSERT INTO agents VALUES (:name, :version, :planner, :caller, :summarizer, :createdAt)",
          { name, version, planner, caller, summarizer, createdAt: at },
        );
        return { name, version, planner, caller, summarizer, createdAt: at };
      }),
    removeAgent: (name) => database.run("DELETE FROM agents WHERE name = :name", { name }) > 0,
  };
}
