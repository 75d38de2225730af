/** Every kind of failure a user can act on. */
export type ErrorCode =
  | "already_running"
  | "backend_failed"
  | "bad_checkpoint"
  | "bad_credentials"
  | "bad_dataset"
  | "bad_input"
  | "bad_profile"
  | "bad_recipe"
  | "bad_state"
  | "disk_full"
  | "environment_missing"
  | "interrupted"
  | "job_failed"
  | "no_backbone"
  | "no_capacity"
  | "not_found"
  | "over_budget"
  | "permission_denied"
  | "tool_failed"
  | "too_many_errors"
  | "unreachable"
  | "usage";

interface ErrorDetails {
  /** The next act that would help, as one sentence or one command. */
  hint?: string;
  cause?: unknown;
}

/** A failure the user can act on; `main` renders it. Anything else that escapes is a bug. */
export class MllmError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "MllmError";
    this.code = code;
    this.hint = details.hint;
  }
}

interface ProviderErrorDetails extends ErrorDetails {
  code?: ErrorCode;
  statusCode?: number;
  isRetryable?: boolean;
  isAmbiguous?: boolean;
  retryAfterSeconds?: number | undefined;
}

/** A provider's failure. It holds no headers, so it can hold no token. */
export class ProviderError extends MllmError {
  readonly provider: string;
  readonly statusCode: number | undefined;
  /** The same call may succeed later. */
  readonly isRetryable: boolean;
  /** The request may have been carried out although it failed: look before it is made again. */
  readonly isAmbiguous: boolean;
  /** How long the provider asked to wait. */
  readonly retryAfterSeconds: number | undefined;

  constructor(provider: string, message: string, details: ProviderErrorDetails = {}) {
    super(details.code ?? "job_failed", `${provider}: ${message}`, details);
    this.name = "ProviderError";
    this.provider = provider;
    this.statusCode = details.statusCode;
    this.isAmbiguous = details.isAmbiguous ?? false;
    this.isRetryable = details.isRetryable ?? this.isAmbiguous;
    this.retryAfterSeconds = details.retryAfterSeconds;
  }
}

const SYSTEM_ERRORS: Record<string, { code: ErrorCode; what: string; hint: string }> = {
  ENOENT: { code: "not_found", what: "does not exist", hint: "Check the path." },
  EACCES: {
    code: "permission_denied",
    what: "is not accessible (permission denied)",
    hint: "Choose another folder or change its permissions.",
  },
  EPERM: {
    code: "permission_denied",
    what: "is not accessible (operation not permitted)",
    hint: "Choose another folder or change its permissions.",
  },
  EROFS: {
    code: "permission_denied",
    what: "is on a read-only file system",
    hint: "Choose a folder that can be written to.",
  },
  ENOSPC: {
    code: "disk_full",
    what: "cannot be written: the disk is full",
    hint: "Free some space, or choose a folder on another disk, then run the command again.",
  },
  EDQUOT: {
    code: "disk_full",
    what: "cannot be written: the disk quota is used up",
    hint: "Free some space, or choose a folder on another disk, then run the command again.",
  },
  EISDIR: { code: "bad_input", what: "is a folder, not a file", hint: "Name a file." },
  ELOOP: {
    code: "bad_input",
    what: "is a link that leads back to itself",
    hint: "Check where the link leads, or remove it.",
  },
  ENOTDIR: { code: "bad_input", what: "is not a folder", hint: "Name a folder." },
};

/** `ENOENT` and the like; null for any other error. Asks no `instanceof`: Node's own errors come from another realm under Jest. */
export function systemErrorCode(error: unknown): string | null {
  return hasKey(error, "code") && typeof error.code === "string" ? error.code : null;
}

function hasKey<Key extends string>(value: unknown, key: Key): value is Record<Key, unknown> {
  return typeof value === "object" && value !== null && key in value;
}

/** Turns a Node system error about a file into one the user can act on; anything else comes back as it is. */
export function explainSystemError(error: unknown, path?: string): unknown {
  const known = SYSTEM_ERRORS[systemErrorCode(error) ?? ""];
  if (known === undefined) return error;
  const where = path ?? (hasKey(error, "path") ? String(error.path) : "the file");
  return new MllmError(known.code, `${where} ${known.what}`, { hint: known.hint, cause: error });
}
