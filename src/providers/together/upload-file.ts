import { createWriteStream, openAsBlob } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { explainSystemError, ProviderError } from "../../core/errors.js";
import { withoutAmbiguity } from "../http/without-ambiguity.js";
import { convertFile } from "./convert-rows.js";
import { describeLine, type UploadPlan } from "./plan-upload.js";
import type { VendorFile } from "./together-answers.js";
import type { TogetherApi } from "./together-api.js";

const TRIES = 3;
const PAUSE_MILLISECONDS = 3_000;
const PATIENCE_MILLISECONDS = 3_600_000;

interface UploadTools {
  api: TogetherApi;
  sleep(milliseconds: number): Promise<void>;
  /** Where the file is written on its way. */
  folder: string;
}

/** The file of this name that is whole, if the account has one; one whose check broke off is none. */
export async function findUpload(
  api: TogetherApi,
  { name, sizeBytes }: UploadPlan,
): Promise<VendorFile | null> {
  const files = await api.listFiles();
  const ours = files.filter((file) => file.filename === name && (file.bytes ?? sizeBytes) === sizeBytes);
  return ours.find(({ processing_status }) => processing_status?.toUpperCase() !== "FAILED") ?? null;
}

/**
 * The id of the upload, which is made if the account does not have it, once the vendor has accepted it. Throws
 * bad_dataset with the vendor's words and the place where it refuses a row.
 */
export async function ensureUploaded(tools: UploadTools, plan: UploadPlan): Promise<string> {
  const file = (await findUpload(tools.api, plan)) ?? (await upload(tools, plan));
  return waitUntilAccepted(tools, plan, file);
}

async function upload(tools: UploadTools, plan: UploadPlan): Promise<VendorFile> {
  const path = join(tools.folder, plan.name);
  try {
    await writeLines(plan, path);
    for (let tried = 1; ; tried++) {
      try {
        return await tools.api.uploadFile(await toForm(plan, path));
      } catch (error) {
        if (!(error instanceof ProviderError) || !error.isRetryable || tried === TRIES) throw error;
        await tools.sleep((error.retryAfterSeconds ?? 0) * 1000 || PAUSE_MILLISECONDS);
        // It may have arrived although the answer did not.
        const file = await findUpload(tools.api, plan);
        if (file !== null) return file;
      }
    }
  } catch (error) {
    // A file is free and named by its content: whatever became of it, the whole submission may be made again.
    throw withoutAmbiguity(error);
  } finally {
    await rm(path, { force: true });
  }
}

async function writeLines({ source, text }: UploadPlan, path: string): Promise<void> {
  async function* lines() {
    for await (const { line } of convertFile(source, text)) yield line;
  }
  try {
    await pipeline(Readable.from(lines()), createWriteStream(path));
  } catch (error) {
    throw explainSystemError(error, path);
  }
}

async function toForm({ name }: UploadPlan, path: string): Promise<FormData> {
  const form = new FormData();
  form.set("purpose", "fine-tune");
  form.set("file_name", name);
  form.set("file_type", "jsonl");
  // Read from the disk while it is sent.
  form.set("file", await openAsBlob(path), name);
  return form;
}

async function waitUntilAccepted(tools: UploadTools, plan: UploadPlan, first: VendorFile): Promise<string> {
  for (let file = first, waited = 0; ; waited += PAUSE_MILLISECONDS) {
    if (isRefused(file)) throw await refused(plan, file);
    if (isAccepted(file)) return file.id;
    if (waited >= PATIENCE_MILLISECONDS) {
      throw new ProviderError("together", `${plan.name} (${file.id}) has not been processed for an hour`, {
        code: "unreachable",
        hint: "Look at the file in the account, then run the command again: it is not uploaded a second time.",
        isRetryable: true,
      });
    }
    await tools.sleep(PAUSE_MILLISECONDS);
    file = await tools.api.getFile(file.id);
  }
}

/** The specification has `Processed` alone; the vendor sends a word, too. */
export function isAccepted(file: VendorFile): boolean {
  return (
    !isRefused(file) && (file.Processed === true || file.processing_status?.toUpperCase() === "COMPLETED")
  );
}

function isRefused({ processing_status }: VendorFile): boolean {
  return ["INVALID_FORMAT", "FAILED"].includes(processing_status?.toUpperCase() ?? "");
}

async function refused(plan: UploadPlan, { id, validation_report }: VendorFile): Promise<ProviderError> {
  const words = validation_report?.error ?? "no reason given";
  const line = /\bline (\d+)/i.exec(words)?.[1];
  const place = line === undefined ? null : await describeLine(plan, Number(line));
  const from = place === null ? plan.source : place;
  return new ProviderError("together", `${plan.name} (${id}) is refused: ${words} (from ${from})`, {
    code: "bad_dataset",
    hint: "Correct the data set and run the command again.",
  });
}
