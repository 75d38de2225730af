import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointManifest } from "../src/core/checkpoint.js";
import { ROLES, type Subset } from "../src/core/roles.js";
import { loadProfile } from "../src/prompts/load-profile.js";
import { openState } from "../src/state/open-state.js";
import type { State } from "../src/state/state.js";
import { packageRoot } from "./shared-data.js";
import { trainerPython } from "./trainer-environment.js";

const AT = "2026-11-22T12:00:00.000Z";

/** Adapters that change what the model says, as training would, made in a second. */
const MAKE_ADAPTERS = `
import sys, torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
base, *folders = sys.argv[1:]
for seed, folder in enumerate(folders):
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base)
    config = LoraConfig(task_type="CAUSAL_LM", r=4, target_modules="all-linear", init_lora_weights=False)
    get_peft_model(model, config).save_pretrained(folder)
`;

interface Written {
  subset: Subset;
  kind: "full" | "adapter";
  parent: { id: string; hash: string } | null;
}

/**
 * A state folder with a trio that nothing trained: `full`, the tiny base model three times; `adapters`, random ones
 * on a backbone that is an adapter on the tiny base model itself.
 */
export async function makeRoleCheckpoints(kind: "full" | "adapters"): Promise<{ cwd: string; state: State }> {
  const cwd = mkdtempSync(join(tmpdir(), "mllm-roles-"));
  const { profile } = await loadProfile("thread", { packageRoot, cwd });
  const state = openState(join(cwd, ".mllm", "state.db"));
  const run = state.ensureRun({ recipeName: "tiny", recipeSha256: "a", dataHash: "d" }, AT);
  const folderOf = (subset: Subset) => join(cwd, ".mllm", "jobs", subset, "checkpoints", "checkpoint-1");
  const write = ({ subset, kind, parent }: Written) => {
    const folder = folderOf(subset);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "profile.json"), JSON.stringify(profile));
    const stage = subset === "backbone" ? 1 : 2;
    const job = { jobKey: subset, newJobId: subset, outputDir: folder, stage, subset } as const;
    const claim = { provider: "local", claimant: "test", placement: {}, parentJobId: null, at: AT };
    state.claimJob({ runId: run.id, ...job, ...claim });
    const manifest = CheckpointManifest.parse({
      ...{ version: 1, id: `${subset}-1-00000000`, hash: subset.repeat(4), kind, stage, subset },
      ...{ globalStep: 1, bestStep: 1, jobId: subset, jobKey: subset, parent, baseModel: "tiny" },
      ...{ recipe: { name: "tiny", sha256: "a" }, dataHash: "d", profileHash: "p", endOfTurnToken: "</s>" },
      ...{ metrics: { validationLoss: 1, initialValidationLoss: 2, trainLoss: 1 } },
      ...{ versions: {}, files: [], resumeFiles: [] },
    });
    writeFileSync(join(folder, "checkpoint.json"), JSON.stringify(manifest));
    const { id, hash, jobId, globalStep, dataHash } = manifest;
    const losses = { validationLoss: 1, initialValidationLoss: 2 };
    const marks = { isBest: true, isLast: true, state: "complete", createdAt: AT } as const;
    const facts = { id, hash, path: folder, jobId, stage, subset, globalStep, kind } as const;
    state.saveCheckpoint({ ...facts, parentId: parent?.id ?? null, dataHash, ...losses, ...marks });
    return { id, hash };
  };
  const tiny = join(packageRoot, "data", "tiny");
  const all = ["backbone", ...ROLES] as const;
  for (const subset of all) {
    const only = ["tokenizer.json", "tokenizer_config.json"];
    const isKept = (path: string) => path === tiny || only.some((name) => path.endsWith(name));
    cpSync(tiny, folderOf(subset), { recursive: true, filter: kind === "full" ? () => true : isKept });
  }
  if (kind === "adapters") {
    execFileSync(trainerPython, ["-c", MAKE_ADAPTERS, tiny, ...all.map(folderOf)], { stdio: "ignore" });
  }
  const parent = write({ subset: "backbone", kind: kind === "full" ? "full" : "adapter", parent: null });
  for (const subset of ROLES) write({ subset, kind: kind === "full" ? "full" : "adapter", parent });
  return { cwd, state };
}
