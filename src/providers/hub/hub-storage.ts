import type { Storage } from "../storage.js";
import { commitFiles } from "./commit-files.js";
import type { HubAccess } from "./hub-access.js";
import { downloadHubFile, listHubFiles, readHubFile } from "./hub-files.js";
import { ensureRepository, type HubKind } from "./hub-repository.js";

interface HubStorageSettings extends HubAccess {
  /** `namespace/name` of a repository; it is made, private, when something is first written. */
  repository: string;
  /** A data set by default. */
  kind?: HubKind;
  /** Where the tree lies on the job's machine, which fetches what it needs of it. */
  root: string;
}

/** A private data set repository on the Hugging Face Hub: the way to machines that have no folder in common with this one. */
export function createHubStorage({
  repository,
  kind = "dataset",
  root,
  ...access
}: HubStorageSettings): Storage {
  const place = { kind, name: repository };
  let isThere: Promise<void> | null = null;
  const ensure = () => {
    isThere ??= ensureRepository(access, place).catch((error: unknown) => {
      isThere = null;
      throw error;
    });
    return isThere;
  };
  return {
    root: async () => root,
    list: async (folder) =>
      (await listHubFiles(access, place, folder)).map(({ path, sizeBytes }) => ({ path, sizeBytes })),
    read: (path, offset, maxBytes) => readHubFile(access, place, { path, offset, maxBytes }),
    async write(files) {
      if (files.length === 0) return;
      await ensure();
      await commitFiles(access, place, { title: "mllm: files for a job", files });
    },
    download: (path, target) => downloadHubFile(access, place, { path, target }),
  };
}
