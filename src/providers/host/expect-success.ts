import { ProviderError } from "../../core/errors.js";
import type { Host, HostResult } from "./host.js";

/** Standard output, or the program's last words as an error. */
export function expectSuccess(
  { provider, host }: { provider: string; host: Host },
  { code, stdout, stderr }: HostResult,
  what: string,
): string {
  if (code === 0) return stdout;
  const words = stderr.trim().split("\n").at(-1) || `exit code ${code}`;
  const isFull = /No space left|quota exceeded/i.test(stderr);
  const isForbidden = /Permission denied|Read-only file system/i.test(stderr);
  throw new ProviderError(provider, `${host.name}: ${what}: ${words}`, {
    code: isFull ? "disk_full" : isForbidden ? "permission_denied" : "job_failed",
    hint: isFull ? `Free some space on ${host.name}.` : `Look at the folder on ${host.name}.`,
  });
}
