import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai";
import { MllmError, systemErrorCode } from "../../../core/errors.js";

/** What went wrong with a judge that was asked several times, and what would help. Holds no headers and no prompt. */
export function explainJudgeFailure(judge: string, error: unknown): MllmError {
  if (error instanceof MllmError) return error;
  const { what, hint } = describe(error);
  const next = hint === undefined ? KEPT : `${hint} ${KEPT}`;
  return new MllmError("backend_failed", `${judge}: ${what}`, { hint: next, cause: error });
}

const KEPT = "Run the command again to go on: what was solved and judged is kept.";

function describe(error: unknown): { what: string; hint?: string } {
  if (error instanceof APIConnectionTimeoutError) return { what: "did not answer in time" };
  if (error instanceof APIConnectionError) {
    const code = systemErrorCode(error.cause) ?? systemErrorCode((error.cause as Error | undefined)?.cause);
    const what = code === "ECONNREFUSED" ? "nothing listens there (connection refused)" : "";
    return { what: what || `cannot be reached (${code ?? wordsOf(error)})`, hint: "Check the address." };
  }
  const status = error instanceof APIError ? (error.status as number | undefined) : undefined;
  if (status === 401 || status === 403) {
    return {
      what: `refused the key (HTTP ${status})`,
      hint: "Set MLLM_JUDGE_TOKEN; for Hugging Face, HF_TOKEN.",
    };
  }
  if (status === 404) {
    return { what: `knows no such model or address (${wordsOf(error)})`, hint: "Write --judge URL#MODEL." };
  }
  if (status === 429) {
    return { what: `takes no more requests (${wordsOf(error)})`, hint: "Lower --concurrency, or wait." };
  }
  return { what: wordsOf(error) };
}

function wordsOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\s+/g, " ").slice(0, 300);
}
