import type { JobSpec } from "../../src/core/job-spec.js";
import type { JobState } from "../../src/core/job-state.js";
import type { Provider } from "../../src/providers/provider.js";
import type { ProviderEnvironment } from "../../src/providers/provider-environment.js";
import type { FaultProxy } from "../vendor/fault-proxy.js";

/** What a fake vendor runs for a job; no process stands behind it. */
interface SoakMachine {
  id: string;
  label: string;
  isAlive(): boolean;
  end(fate: string): void;
}

/** A fake vendor behind a fault proxy, and everything the provider needs besides. */
export interface SoakWorld {
  proxy: FaultProxy;
  machines(): SoakMachine[];
  createProvider(clock: Pick<ProviderEnvironment, "now" | "sleep" | "fetch">): Provider;
  /** A job that nobody has seen. */
  createSpec(): JobSpec;
  /** Where a request or an answer broke the vendor's specification. */
  violations(): string[];
  close(): Promise<void>;
}

export interface SoakTarget {
  name: string;
  /** How a machine may end, and what its job then truly is. */
  fates: Readonly<Record<string, JobState>>;
  start(seed: number): Promise<SoakWorld>;
}
