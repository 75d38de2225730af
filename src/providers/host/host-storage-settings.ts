import type { Host } from "./host.js";

export interface HostStorageSettings {
  /** For errors. */
  provider: string;
  host: Host;
  /** Absolute, or relative to the home folder. */
  folder: string;
  /** For this machine's own programs. */
  env: Readonly<Record<string, string | undefined>>;
}
