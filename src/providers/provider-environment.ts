import type { LocalSettings } from "./local/local-settings.js";

/** What providers are made from; each takes what it needs. */
export interface ProviderEnvironment {
  local: LocalSettings;
  packageRoot: string;
  /** From the environment or the credentials file; null where it is in neither. */
  secret(name: string): string | null;
  /** For base addresses (`HF_ENDPOINT`…) and for the commands that providers start. */
  env: Readonly<Record<string, string | undefined>>;
  /** Tells this state folder's jobs from those of others in the same account. */
  workspaceId: string;
  fetch: typeof globalThis.fetch;
  now(): Date;
  sleep(milliseconds: number): Promise<void>;
}
