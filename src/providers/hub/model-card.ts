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
  const { subset, kind, baseModel, files } = manifest;
  const isOnHub = !isAbsolute(baseModel) && /^[\w.-]+\/[\w.-]+$/.test(baseModel);
  const frontMatter = {
    library_name: kind === "adapter" ? "peft" : "transformers",
    pipeline_tag: "text-generation",
    tags: ["mllm", "tool-use", subset],
    ...(isOnHub
      ? { base_model: baseModel, base_model_relation: kind === "adapter" ? "adapter" : "finetune" }
      : {}),
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

    mllm checkpoints pull --from hf://${repository}

The model continues prompts of the profile it was trained with${files.some(({ path }) => path.endsWith("profile.json")) ? ", which lies beside the weights," : ""} and ends its turn with
\`${manifest.endOfTurnToken}\`. With other prompts it has not been tried. \`checkpoint.json\` holds the SHA-256 of every file.
`;
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
