import type { ServedAgent } from "./served-agent.js";
import type { TrafficRecord } from "./traffic-record.js";

interface ServerLimits {
  maxBodyBytes: number;
  /** Exchanges that work at once, and that wait for their turn. */
  maxConcurrent: number;
  maxQueued: number;
  /** Of each key; null for no limit. */
  requestsPerMinute: number | null;
  /** A stream that says nothing for so long gets a comment. */
  pingSeconds: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = {
  maxBodyBytes: 4 * 2 ** 20,
  maxConcurrent: 64,
  maxQueued: 256,
  requestsPerMinute: null,
  pingSeconds: 15,
};

export interface ServerSettings {
  agent: ServedAgent;
  /** One of them has to be shown; where there is none, only localhost is answered. */
  keys: readonly string[];
  limits: ServerLimits;
  record: TrafficRecord | null;
  now(): Date;
  /** What the operator should know: failures that no client can mend. */
  onTrouble(message: string, error: unknown): void;
}
