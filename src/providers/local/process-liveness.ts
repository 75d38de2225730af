import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";
import { systemErrorCode } from "../../core/errors.js";

/** A process and a time at which it lived, as ISO text: a process that began later has only inherited the number. */
export interface ProcessMark {
  pid: number;
  startedAt: string;
}

/**
 * Boot time plus ticks is exact to a second only, and the clock may be set while a trainer runs. A process number
 * comes round again only after thousands of others, so a generous allowance costs nothing.
 */
const SLACK_MILLISECONDS = 30_000;

/** `USER_HZ`, the unit of start times in /proc: 100 on every architecture that Node runs on. */
const TICKS_PER_SECOND = 100;

/** False for a process that is gone, is a zombie, or began after the mark was made. */
export async function isProcessAlive(mark: ProcessMark): Promise<boolean> {
  if (!isPresent(mark.pid)) return false;
  const start = await readProcessStart(mark.pid);
  return start !== null && start.getTime() <= Date.parse(mark.startedAt) + SLACK_MILLISECONDS;
}

/** When the process began, or null where it does not run. */
export async function readProcessStart(pid: number): Promise<Date | null> {
  return process.platform === "linux" ? readProc(pid) : readPs(pid);
}

function isPresent(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process of another user is there, too.
    return systemErrorCode(error) === "EPERM";
  }
}

async function readProc(pid: number): Promise<Date | null> {
  const [own, system] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "latin1").catch(() => null),
    readFile("/proc/stat", "latin1").catch(() => ""),
  ]);
  if (own === null) return null;
  // The second field, the name in parentheses, may hold blanks and parentheses itself.
  const fields = own.slice(own.lastIndexOf(")") + 2).split(" ");
  if (fields[0] === "Z" || fields[0] === "X") return null;
  const bootSeconds = Number(/^btime (\d+)$/m.exec(system)?.[1] ?? 0);
  return new Date((bootSeconds + Number(fields[19]) / TICKS_PER_SECOND) * 1000);
}

async function readPs(pid: number): Promise<Date | null> {
  const { stdout } = await promisify(execFile)("/bin/ps", ["-o", "stat=,lstart=", "-p", String(pid)], {
    env: { LC_ALL: "C", TZ: "UTC" },
  }).catch(() => ({ stdout: "" }));
  const [, state, started] = /^(\S+)\s+(.+)$/.exec(stdout.trim()) ?? [];
  if (state === undefined || state.startsWith("Z")) return null;
  const start = new Date(`${started} UTC`);
  return Number.isNaN(start.getTime()) ? null : start;
}
