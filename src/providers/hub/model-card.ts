import { isAbsolute } from "node:path";
import { stringify } from "yaml";
import type { CheckpointManifest } from "../../core/checkpoint.js";

const ROLES: Record<CheckpointManifest["subset"], string> = {
  backbone:
    "Trained on all steps of tool-use trajectories, roles not told apart: where the role models start from.",
  planner: "Decides what to do next: which tool, or that the task is done.",
  caller: "Writes the call of the tool that the planner has chosen.",
  summarizer: "Writes the final answer from what the tools returned.",
};

/** The README.md of a checkpoint's repository. Says what is known of it, and no more. */
export function modelCard(manifest: CheckpointManifest, repository: string): string {
  const { subset, kind, baseModel } = manifest;
  const hasProfile = manifest.files.some(({ path }) => path === "profile.json");
  const isOnHub = !isAbsolute(baseModel) && /^[\w.-]+\/[\w.-]+$/.test(baseModel);
  const frontMatter = {
    library_name: kind === "adapter" ? "peft" : "transformers",
    pipeline_tag: "text-generation",
    tags: ["mllm", "tool-use", subset],
    ...(isOnHub ? { base_model: baseModel, ...relation(manifest) } : {}),
  };
  return `---
${stringify(frontMatter)}---

# ${manifest.id}

${ROLES[subset]} One checkpoint of a multi-LLM agent (planner, caller, summarizer), trained with mllm.

## What it was made from

${table([
  ["base model", baseModel],
  ["stage", `${manifest.stage} (${manifest.stage === 1 ? "backbone" : "role"})`],
  ["subset", subset],
  ["kind", kind === "adapter" ? "LoRA adapter" : "full weights"],
  [
    "parent checkpoint",
    manifest.parent === null ? "none" : `${manifest.parent.id} (${manifest.parent.hash})`,
  ],
  ["recipe", `${manifest.recipe.name} (SHA-256 ${manifest.recipe.sha256})`],
  ["data set (hash of its manifest)", manifest.dataHash],
  ["prompt profile (hash)", manifest.profileHash],
  ["optimizer step", String(manifest.globalStep)],
  ...(manifest.origin === null
    ? []
    : [["trained by", `${manifest.origin.provider} (${manifest.origin.checkpoint})`] as const]),
  ...Object.entries(manifest.versions).map(([name, version]) => [name, version] as const),
])}

## Losses

Mean nats per trained token on the subset's own rows. They compare checkpoints of the same data; they say nothing of
how well an agent solves tasks.

${table([
  ["validation", format(manifest.metrics.validationLoss)],
  ["validation, before the first step", format(manifest.metrics.initialValidationLoss)],
  ["training", format(manifest.metrics.trainLoss)],
])}

## How to use it

As a part of an agent, verified against the hashes in \`checkpoint.json\`:

    mllm checkpoints pull --from hub:${repository}

Alone:

${loading(kind, repository)}

It continues prompts of the profile it was trained with${hasProfile ? ", which lies beside it as profile.json," : ""} and ends its turn with \`${manifest.endOfTurnToken}\`. With other prompts
it was not tried.
`;
}

/** An adapter of stage 2 may lie on its parent's weights rather than on the base model's. */
function relation({ kind, parent }: CheckpointManifest): { base_model_relation?: string } {
  if (kind === "full") return { base_model_relation: "finetune" };
  return parent === null ? { base_model_relation: "adapter" } : {};
}

function loading(kind: CheckpointManifest["kind"], repository: string): string {
  const name = kind === "adapter" ? "AutoPeftModelForCausalLM" : "AutoModelForCausalLM";
  const note =
    kind === "adapter" ? "\n\nThe weights under the adapter are those that adapter_config.json names." : "";
  return `    from ${kind === "adapter" ? "peft" : "transformers"} import ${name}
    model = ${name}.from_pretrained("${repository}")${note}`;
}

function table(rows: readonly (readonly [string, string])[]): string {
  return ["| | |", "|---|---|", ...rows.map(([name, value]) => `| ${name} | ${inCell(value)} |`)].join("\n");
}

function inCell(value: string): string {
  return value.replace(/[\r\n]+/g, " ").replace(/[|<]/g, (letter) => `\\${letter}`);
}

function format(loss: number | null): string {
  return loss === null ? "not measured" : loss.toFixed(4);
}
