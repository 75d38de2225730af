import type { FakeTrainerControl } from "../../fake-trainer.js";
import type { createManagedJobs, FakeSkyJob } from "./managed-jobs.js";

/** SkyPilot's client and server as far as the provider uses them; what they print is what version 0.14.1 prints. */
export interface FakeSky {
  /** For the provider's environment. */
  env: { MLLM_SKY: string; FAKE_SKY_PORT: string };
  jobs: ReturnType<typeof createManagedJobs>;
  /** The command lines, as they were given. */
  calls: string[][];
  /** Whatever the client was given as a secret. */
  secrets: string[];
  /** For the next call that begins with these words (`jobs launch`), or a later one. */
  faults: { command: string; fault: FakeSkyFault; skip?: number }[];
  /** Sees each call first and says what goes wrong with it: for faults by chance. */
  chance: ((line: string) => FakeSkyFault | undefined) | null;
  /** Launches that the server still works at, and after how many calls they end. */
  pending: { call: Call; callsLeft: number }[];
  /** Labels of launches that were carried out twice. */
  doubled: Set<string>;
  /** The controller exists from the first launch on, and may have stopped. */
  isControllerUp: boolean;
  /** A launch that the server works at, of whom ever. */
  isLaunching: boolean;
  /** What cancelling does, whatever it says. */
  onCancel: "cancels" | "nothing" | "controller fails";
  control: FakeTrainerControl;
  version: string;
  clouds: Record<string, string[]>;
  /** By `H100:8`. */
  prices: Record<string, object[]>;
  live(): FakeSkyJob[];
  close(): Promise<void>;
}

export interface Call {
  args: string[];
  task: string | null;
  secrets: Record<string, string | null>;
}

/** What can go wrong between the client and the server, or in the client. `before`: nothing is done; `after`: it is. */
export type FakeSkyFault =
  | "killed-before"
  | "killed-after"
  | "error-before"
  | "error-after"
  | "silent-after"
  | "hangs-before"
  | "hangs-after"
  | "half-answer"
  /** The client is killed; the server goes on with the launch and ends it some calls later. */
  | "lands-later"
  /** The server carries it out twice. */
  | "doubled"
  | "refused"
  | "no-room";
