import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Context } from "./context.js";

/** The folder of a model's tokenizer on this machine: ours, the user's, or the Hugging Face cache's; else null. */
export function findTokenizer({ packageRoot, env }: Context, model: string): string | null {
  const hub = env.HF_HUB_CACHE ?? join(env.HF_HOME ?? join(homedir(), ".cache", "huggingface"), "hub");
  const snapshots = join(hub, `models--${model.replaceAll("/", "--")}`, "snapshots");
  const candidates = [
    ...(model === "tiny" ? [join(packageRoot, "data", "tiny")] : []),
    model,
    ...(existsSync(snapshots) ? readdirSync(snapshots).map((name) => join(snapshots, name)) : []),
  ];
  const isTokenizer = (folder: string) =>
    existsSync(join(folder, "tokenizer.json")) && existsSync(join(folder, "tokenizer_config.json"));
  return candidates.find(isTokenizer) ?? null;
}
