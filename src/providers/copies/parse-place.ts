import { MllmError } from "../../core/errors.js";

/** Where copies of checkpoints go to and come from. */
type CopyPlace =
  | { kind: "hub"; repository: string }
  | { kind: "ssh"; host: string; folder: string }
  | { kind: "folder"; folder: string };

/** `hub:NAMESPACE/NAME`, `ssh:HOST:FOLDER`, or a folder of this machine. Throws usage. */
export function parsePlace(text: string): CopyPlace {
  const [, kind = "", rest = ""] = /^(hub|ssh):(.*)$/.exec(text) ?? [];
  if (kind === "hub" && /^[\w.-]+\/[\w.-]+$/.test(rest)) return { kind, repository: rest };
  const [, host = "", folder = ""] = /^([^-:][^:]*):(.+)$/.exec(rest) ?? [];
  if (kind === "ssh" && folder !== "") return { kind, host, folder };
  if (kind === "" && text !== "") return { kind: "folder", folder: text };
  throw new MllmError("usage", `${text || "(empty)"} is no place for checkpoints`, {
    hint: "Expected hub:NAMESPACE/NAME, ssh:HOST:FOLDER, or a folder of this machine.",
  });
}
