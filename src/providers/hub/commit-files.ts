import { stat } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { type CommitOperation, commit } from "@huggingface/hub";
import { ProviderError } from "../../core/errors.js";
import { withoutAmbiguity } from "../http/without-ambiguity.js";
import type { Upload } from "../storage.js";
import { type HubAccess, strictFetch } from "./hub-access.js";
import type { HubRepository } from "./hub-repository.js";

const TRIES = 5;
const FIRST_PAUSE_MILLISECONDS = 1000;
const LONGEST_PAUSE_MILLISECONDS = 60_000;
const MOST_FILES = 100;
/** Smaller files travel inside the commit itself. */
const LARGE_BYTES = 10 * 1024 * 1024;
const MOST_SMALL_BYTES = 50 * 1024 * 1024;

interface HubCommit {
  title: string;
  files: readonly Upload[];
  /** Files that are there. */
  deletions?: readonly string[];
}

/**
 * Writes the files as few commits, each of them whole or not at all; an account may make some 128 commits an hour.
 * A commit that failed in a way that may pass is made again: the same files give the same tree.
 */
export async function commitFiles(
  access: HubAccess,
  repository: HubRepository,
  { title, files, deletions = [] }: HubCommit,
): Promise<void> {
  const batches = await splitIntoBatches(files);
  if (batches.length === 0 && deletions.length > 0) batches.push([]);
  for (const [index, batch] of batches.entries()) {
    for (let tried = 1; ; tried++) {
      try {
        await commitOnce(access, repository, {
          title,
          files: batch,
          deletions: index === 0 ? deletions : [],
        });
        break;
      } catch (error) {
        const pause = pauseAfter(error, tried);
        if (pause === null) throw withoutAmbiguity(error);
        await access.sleep(pause);
      }
    }
  }
}

async function commitOnce(
  access: HubAccess,
  { kind, name }: HubRepository,
  { title, files, deletions = [] }: HubCommit,
): Promise<void> {
  const additions = files.map(
    (file): CommitOperation => ({
      operation: "addOrUpdate",
      path: file.path,
      content: "file" in file ? pathToFileURL(file.file) : new Blob([file.text]),
    }),
  );
  const removals = deletions.map((path): CommitOperation => ({ operation: "delete", path }));
  await commit({
    title,
    repo: { type: kind, name },
    operations: [...removals, ...additions],
    accessToken: access.token,
    hubUrl: access.endpoint,
    fetch: strictFetch(access),
    // The older way of uploading, which every Hub understands and which needs no second service.
    useXet: false,
  });
}

/** Null where another try makes no sense. 409 and 412: another commit came in between. */
function pauseAfter(error: unknown, tried: number): number | null {
  if (tried === TRIES || !(error instanceof ProviderError)) return null;
  const isRace = error.statusCode === 409 || error.statusCode === 412;
  if (!error.isRetryable && !isRace) return null;
  const asked = (error.retryAfterSeconds ?? 0) * 1000;
  const pause = Math.max(asked, FIRST_PAUSE_MILLISECONDS * 2 ** (tried - 1));
  return pause > LONGEST_PAUSE_MILLISECONDS ? null : pause;
}

async function splitIntoBatches(files: readonly Upload[]): Promise<Upload[][]> {
  const batches: Upload[][] = [];
  let smallBytes = 0;
  for (const file of files) {
    const sizeBytes = "file" in file ? (await stat(file.file)).size : Buffer.byteLength(file.text);
    const travelling = sizeBytes > LARGE_BYTES ? 0 : sizeBytes;
    const last = batches.at(-1);
    if (last === undefined || last.length === MOST_FILES || smallBytes + travelling > MOST_SMALL_BYTES) {
      batches.push([file]);
      smallBytes = travelling;
    } else {
      last.push(file);
      smallBytes += travelling;
    }
  }
  return batches;
}
