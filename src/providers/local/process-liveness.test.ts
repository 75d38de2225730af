import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, it } from "@jest/globals";
import { isProcessAlive, readProcessStart } from "./process-liveness.js";

describe("isProcessAlive", () => {
  it("is true for a process that began before the mark, and until it ends", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    await once(child, "spawn");
    const mark = { pid: child.pid ?? 0, startedAt: new Date().toISOString() };
    expect(await isProcessAlive(mark)).toBe(true);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await isProcessAlive(mark)).toBe(false);
  });

  it("is false where the number belongs to a process that began later", async () => {
    expect(await isProcessAlive({ pid: process.pid, startedAt: "2001-01-01T00:00:00Z" })).toBe(false);
  });

  it("is false for numbers that no process has", async () => {
    const startedAt = new Date().toISOString();
    for (const pid of [0, -1, Number.NaN, 2 ** 40])
      expect(await isProcessAlive({ pid, startedAt })).toBe(false);
  });

  it("knows when this process began", async () => {
    const start = await readProcessStart(process.pid);
    const expected = Date.now() - process.uptime() * 1000;
    expect(Math.abs((start?.getTime() ?? 0) - expected)).toBeLessThan(5_000);
  });
});
