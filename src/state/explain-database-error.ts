import { type ErrorCode, MllmError, systemErrorCode } from "../core/errors.js";

interface Explanation {
  /** Of SQLite's code, or of the text where libsql gives none. */
  pattern: RegExp;
  code: ErrorCode;
  what: string;
  hint: string;
}

/** In order: the first that fits. */
const EXPLANATIONS: readonly Explanation[] = [
  {
    pattern: /^SQLITE_(NOTADB|CORRUPT)/,
    code: "bad_state",
    what: "is damaged or not a state database",
    hint: "Move it away together with its -wal and -shm files, then run the command again: job folders and checkpoints are not touched by this.",
  },
  {
    pattern: /^SQLITE_(BUSY|LOCKED)/,
    code: "bad_state",
    what: "is locked by another process",
    hint: "Run the command again when the other mllm command has ended.",
  },
  {
    // Shared memory is a file beside the database; that it cannot grow is how a full disk shows first.
    pattern: /^SQLITE_(FULL|IOERR_SHMSIZE)/,
    code: "disk_full",
    what: "cannot be written: the disk is full",
    hint: "Free some space, then run the command again.",
  },
  {
    pattern: /^SQLITE_IOERR/,
    code: "bad_state",
    what: "cannot be read or written",
    hint: "Check the disk: it may be full, broken, or a network folder that has gone.",
  },
  {
    // Failing to open has no code in libsql, only SQLite's number 14 (SQLITE_CANTOPEN) in the text.
    pattern: /^SQLITE_(READONLY|CANTOPEN)|ConnectionFailed\(.*: 14"\)/,
    code: "permission_denied",
    what: "cannot be opened for writing",
    hint: "Check the permissions of the file and its folder, or set MLLM_DIR to another folder.",
  },
];

/** Turns libsql's error into one the user can act on; anything else comes back as it is. */
export function explainDatabaseError(error: unknown, path: string): unknown {
  if (error instanceof MllmError) return error;
  const { message } = error as Error;
  const code = codeOf(error) || message;
  const known = EXPLANATIONS.find(({ pattern }) => pattern.test(code));
  if (known === undefined) return error;
  return new MllmError(known.code, `${path} ${known.what} (${message})`, { hint: known.hint, cause: error });
}

export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(codeOf(error) ?? "");
}

/** SQLite's own, by number. */
const PRIMARY_CODES: Record<number, string> = {
  ...{ 5: "SQLITE_BUSY", 6: "SQLITE_LOCKED", 8: "SQLITE_READONLY", 10: "SQLITE_IOERR" },
  ...{ 11: "SQLITE_CORRUPT", 13: "SQLITE_FULL", 14: "SQLITE_CANTOPEN", 26: "SQLITE_NOTADB" },
};

/** libsql has names for some of SQLite's extended codes only; the others' low byte is the code that they extend. */
function codeOf(error: unknown): string | null {
  const code = systemErrorCode(error);
  const [, number] = /^UNKNOWN_SQLITE_ERROR_(\d+)$/.exec(code ?? "") ?? [];
  return number === undefined ? code : (PRIMARY_CODES[Number(number) & 0xff] ?? code);
}
