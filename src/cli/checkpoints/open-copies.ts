import { basename, join, resolve } from "node:path";
import type { CheckpointFolder } from "../../core/checkpoint-folder.js";
import { parsePlace } from "../../providers/copies/parse-place.js";
import type { TransferProgress } from "../../providers/provider.js";
import type { Context } from "../context.js";
import { createSecrets } from "../credentials.js";
import { resolveWorkspace } from "../workspace.js";

type Complete = Extract<CheckpointFolder, { isComplete: true }>;

/** A place for copies of checkpoints. */
interface Copies {
  push(checkpoint: Complete): AsyncGenerator<TransferProgress>;
  pull(folder: string): AsyncGenerator<TransferProgress>;
  /** How `--from` names the copy of this checkpoint. */
  placeOf(id: string): string;
  /** Where a copy comes to lie here. */
  targetOf(given: string | undefined): string;
}

export async function openCopies(context: Context, text: string): Promise<Copies> {
  const { env, cwd } = context;
  const place = parsePlace(text);
  const below = join(resolveWorkspace(context).stateFolder, "checkpoints");
  const targetOf = (given: string | undefined) =>
    given === undefined ? join(below, basename(text).replace(/[^\w.-]/g, "-")) : resolve(cwd, given);
  if (place.kind === "hub") {
    const { pullFromHub, pushCheckpoint } = await import("../../providers/hub/push-checkpoint.js");
    const endpoint = env.HF_ENDPOINT ?? "https://huggingface.co";
    const hub = {
      ...{ repository: place.repository, endpoint, fetch: globalThis.fetch },
      token: createSecrets(context)("HF_TOKEN"),
    };
    return {
      push: (checkpoint) => pushCheckpoint(hub, checkpoint),
      pull: (folder) => pullFromHub(hub, folder),
      placeOf: () => text,
      targetOf,
    };
  }
  const { pullFromHost, pushToHost } = await import("../../providers/copies/host-copies.js");
  const settings = { provider: "copies", env };
  const host =
    place.kind === "ssh"
      ? (await import("../../providers/host/create-ssh-host.js")).createSshHost({
          ...settings,
          host: place.host,
        })
      : (await import("../../providers/host/create-here.js")).createHere(settings);
  const folder = place.kind === "ssh" ? place.folder : resolve(cwd, place.folder);
  return {
    push: (checkpoint) => pushToHost({ ...settings, host, folder }, checkpoint),
    pull: (target) => pullFromHost({ ...settings, host, folder }, target),
    placeOf: (id) => `${text.replace(/\/$/, "")}/${id}`,
    targetOf,
  };
}
