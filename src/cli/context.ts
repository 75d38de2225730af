import type { Readable, Writable } from "node:stream";

/** Everything a command may know of the world outside. Tests pass their own. */
export interface Context {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Where the package lies: `configs`, `trainer` and `data` are found from here. */
  readonly packageRoot: string;
  readonly version: string;
  /** Opened only where it is asked for: a terminal's would keep the process waiting. */
  stdin(): Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  readonly isTerminal: { stdout: boolean; stderr: boolean };
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  now(): Date;
  /** Sleeps to the end, whatever the signal says: providers count sleeps as time that has passed. */
  sleep(milliseconds: number): Promise<void>;
  /** For a command that has done its work and still has to say no, such as a verification that found damage. */
  setExitCode(code: 0 | 1): void;
}
