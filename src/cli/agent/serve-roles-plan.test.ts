import { describe, expect, it } from "@jest/globals";
import type { CheckpointManifest } from "../../core/checkpoint.js";
import { ROLES } from "../../core/roles.js";
import type { RoleCheckpoint } from "./role-checkpoint.js";
import { planServers } from "./serve-roles-plan.js";

const full: RoleCheckpoint[] = ROLES.map((role) => ({
  role,
  folder: `/runs/${role}`,
  manifest: {} as CheckpointManifest,
  base: null,
  rank: null,
  isActivated: false,
}));
const adapters = full.map((checkpoint, i) => ({
  ...checkpoint,
  base: "/runs/base",
  rank: [8, 24, 16][i] ?? 0,
}));
const common = { python: "/venv/python", port: null };

describe("planServers", () => {
  it("puts all roles on one embedded server", () => {
    expect(planServers({ ...common, checkpoints: full, engine: "embedded" })).toEqual([
      {
        engine: "embedded",
        command: [
          ...["/venv/python", "-m", "mllm_server", "--port", "{port}"],
          ...["planner=/runs/planner", "caller=/runs/caller", "summarizer=/runs/summarizer"],
        ],
        guard: [],
        port: null,
        roles: ROLES,
      },
    ]);
  });

  it("tells the embedded server what adapters are put on", () => {
    const [plan] = planServers({ ...common, checkpoints: adapters, engine: "embedded" });
    expect(plan?.command.join(" ")).toContain("--base planner=/runs/base --base caller=/runs/base");
  });

  it("puts three adapters on one vLLM, with room for the largest rank", () => {
    const plans = planServers({ ...common, checkpoints: adapters, engine: "vllm" });
    expect(plans.map(({ command }) => command.join(" "))).toEqual([
      "vllm serve /runs/base --host 127.0.0.1 --port {port} --gpu-memory-utilization 0.90" +
        " --generation-config vllm --served-model-name base --enable-lora --max-loras 3 --max-lora-rank 32" +
        " --lora-modules planner=/runs/planner caller=/runs/caller summarizer=/runs/summarizer",
    ]);
    expect(plans[0]?.guard).toEqual(["/venv/python", "-m", "mllm_server.guard"]);
  });

  it("gives each full checkpoint a vLLM of its own and a third of the memory", () => {
    const plans = planServers({ ...common, checkpoints: full, engine: "vllm" });
    expect(plans.map(({ command }) => command.join(" "))).toEqual(
      ROLES.map(
        (role) =>
          `vllm serve /runs/${role} --host 127.0.0.1 --port {port} --gpu-memory-utilization 0.30` +
          ` --generation-config vllm --served-model-name ${role}`,
      ),
    );
  });

  it("serves a checkpoint that two roles share once, under both names", () => {
    const shared = full.map((checkpoint) => ({ ...checkpoint, folder: "/runs/backbone" }));
    const [plan, ...others] = planServers({ ...common, checkpoints: shared, engine: "vllm" });
    expect(others).toEqual([]);
    expect(plan?.command.join(" ")).toContain("--served-model-name planner caller summarizer");
  });

  it("refuses vLLM adapters that act from a marker on", () => {
    const [planner, ...others] = adapters;
    const checkpoints = [{ ...(planner as RoleCheckpoint), isActivated: true }, ...others];
    expect(() => planServers({ ...common, checkpoints, engine: "vllm" })).toThrow("method alora): planner");
    expect(planServers({ ...common, checkpoints, engine: "embedded" })).toHaveLength(1);
  });

  it("refuses one port for several servers", () => {
    expect(() => planServers({ ...common, port: 8000, checkpoints: full, engine: "vllm" })).toThrow(
      "need 3 servers",
    );
  });
});
