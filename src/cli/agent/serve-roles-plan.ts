import { MllmError } from "../../core/errors.js";
import type { Role } from "../../core/roles.js";
import type { RoleCheckpoint } from "./role-checkpoint.js";

export type ServingEngine = "vllm" | "embedded";

/** One server process. `{port}` in the arguments stands for the port that is chosen when it starts. */
export interface ServerPlan {
  engine: ServingEngine;
  command: string[];
  /** What runs the command and ends it with this process; nothing where it sees to that itself. */
  guard: string[];
  /** Null: a free one. */
  port: number | null;
  roles: Role[];
}

interface PlanRequest {
  checkpoints: readonly RoleCheckpoint[];
  engine: ServingEngine;
  python: string;
  port: number | null;
}

/** vLLM takes only these. */
const LORA_RANKS = [1, 8, 16, 32, 64, 128, 256, 320, 512];
/** Of the GPU's memory, for all servers together. */
const MEMORY_SHARE = 0.9;

/** Which servers these checkpoints need: the embedded one holds them all, vLLM one base model a process. */
export function planServers(request: PlanRequest): ServerPlan[] {
  return request.engine === "embedded" ? [planEmbedded(request)] : planVllm(request);
}

function planEmbedded({ checkpoints, python, port }: PlanRequest): ServerPlan {
  const bases = checkpoints.flatMap(({ role, base }) => (base === null ? [] : ["--base", `${role}=${base}`]));
  const models = checkpoints.map(({ role, folder }) => `${role}=${folder}`);
  const command = [python, "-m", "mllm_server", "--port", "{port}", ...bases, ...models];
  return { engine: "embedded", command, guard: [], port, roles: checkpoints.map(({ role }) => role) };
}

function planVllm({ checkpoints, python, port }: PlanRequest): ServerPlan[] {
  const activated = checkpoints.filter(({ isActivated }) => isActivated).map(({ role }) => role);
  if (activated.length > 0) {
    const message = `vLLM cannot serve adapters that act from a marker on (method alora): ${activated.join(", ")}`;
    throw new MllmError("usage", message, { hint: "Serve them with --engine embedded." });
  }
  const groups = new Map<string, RoleCheckpoint[]>();
  for (const checkpoint of checkpoints) {
    const model = checkpoint.base ?? checkpoint.folder;
    groups.set(model, [...(groups.get(model) ?? []), checkpoint]);
  }
  const share = (MEMORY_SHARE / groups.size).toFixed(2);
  if (port !== null && groups.size > 1) {
    throw new MllmError("usage", `these checkpoints need ${groups.size} servers, and --port names one port`, {
      hint: "Leave --port out; free ports are chosen.",
    });
  }
  return [...groups].map(([model, members]) => {
    const common = ["--host", "127.0.0.1", "--port", "{port}", "--gpu-memory-utilization", share];
    const command = ["vllm", "serve", model, ...common, "--generation-config", "vllm", ...namesOf(members)];
    const guard = [python, "-m", "mllm_server.guard"];
    return { engine: "vllm", command, guard, port, roles: members.map(({ role }) => role) };
  });
}

/** Under its role's name: the model itself where it is a full checkpoint, else an adapter on it. */
function namesOf(members: readonly RoleCheckpoint[]): string[] {
  const whole = members.filter(({ base }) => base === null).map(({ role }) => role);
  const adapters = members.filter(({ base }) => base !== null);
  const served = ["--served-model-name", ...(whole.length > 0 ? whole : ["base"])];
  if (adapters.length === 0) return served;
  const modules = adapters.map(({ role, folder }) => `${role}=${folder}`);
  const rank = Math.max(...adapters.map((adapter) => adapter.rank ?? 0));
  const room = LORA_RANKS.find((allowed) => allowed >= rank) ?? rank;
  const limits = ["--max-loras", String(adapters.length), "--max-lora-rank", String(room)];
  return [...served, "--enable-lora", ...limits, "--lora-modules", ...modules];
}
