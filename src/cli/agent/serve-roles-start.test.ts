import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "@jest/globals";
import { fakePython } from "../../../test/fake-trainer.js";
import { packageRoot } from "../../../test/shared-data.js";
import type { Context } from "../context.js";
import type { ServerPlan } from "./serve-roles-plan.js";
import { startServers } from "./serve-roles-start.js";

/** Listens as vLLM does, with a worker of its own that heeds no request to end. */
const STUBBORN = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
const [port, file, isWorker] = process.argv.slice(2);
const server = createServer((request, response) => response.end("ok"));
if (isWorker) {
  process.on("SIGTERM", () => {});
  server.listen(0, "127.0.0.1", () => writeFileSync(file, String(server.address().port)));
} else {
  spawn(process.execPath, [process.argv[1], "0", file, "worker"], { stdio: ["ignore", "pipe", "inherit"] });
  server.listen(Number(port), "127.0.0.1");
}
`;

const GROUP_OF = "import os, sys; print(os.getpgid(int(sys.argv[1])))";

/** Tells the group of the process that guards it: an interrupt of the terminal reaches all of one group. */
const GROUP = `
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
const group = execFileSync(${JSON.stringify(fakePython)}, ["-c", ${JSON.stringify(GROUP_OF)}, String(process.ppid)]);
createServer((request, response) => response.end(group)).listen(Number(process.argv[2]), "127.0.0.1");
`;

const FAILING = `console.error("ValueError: no room for the KV cache"); process.exit(3);`;

function makePlan(script: string): { plan: ServerPlan; workerFile: string } {
  const folder = mkdtempSync(join(tmpdir(), "mllm-server-"));
  const [path, workerFile] = [join(folder, "server.mjs"), join(folder, "worker")];
  writeFileSync(path, script);
  const command = [process.execPath, path, "{port}", workerFile];
  const guard = [fakePython, "-m", "mllm_server.guard"];
  return { plan: { engine: "vllm", command, guard, port: null, roles: ["caller"] }, workerFile };
}

function makeContext(signal = new AbortController().signal): Context {
  const sleep = (milliseconds: number) => delay(milliseconds);
  const now = () => new Date();
  return { env: process.env, packageRoot, signal, sleep, now } as unknown as Context;
}

async function answers(port: string): Promise<boolean> {
  return await fetch(`http://127.0.0.1:${port}/`).then(
    () => true,
    () => false,
  );
}

async function untilWritten(path: string): Promise<string> {
  for (;;) {
    if (existsSync(path)) return readFileSync(path, "utf8");
    await delay(20);
  }
}

describe("startServers", () => {
  it("waits until a server answers, and ends it with its workers", async () => {
    const { plan, workerFile } = makePlan(STUBBORN);
    const [server] = await startServers(makeContext(), [plan]);
    expect(await (await fetch(`${server?.url}/health`)).text()).toBe("ok");
    expect(server?.command.join(" ")).not.toContain("{port}");
    const worker = await untilWritten(workerFile);
    expect(await answers(worker)).toBe(true);
    await server?.close();
    await expect(fetch(`${server?.url}/health`)).rejects.toThrow();
    while (await answers(worker)) await delay(20);
  }, 30_000);

  it("tells a server's last words, and ends the others", async () => {
    const { plan } = makePlan(STUBBORN);
    await expect(startServers(makeContext(), [plan, makePlan(FAILING).plan])).rejects.toMatchObject({
      code: "backend_failed",
      message: expect.stringMatching(/for caller stopped: .*exit code 3\n.*no room for the KV cache/),
      hint: expect.stringContaining("--engine embedded"),
    });
  }, 30_000);

  it("asks no longer for one that never answers, where another fails", async () => {
    let sleeps = 0;
    const sleep = async () => {
      sleeps += 1;
      await delay(5);
    };
    const plans = [makePlan("setInterval(() => {}, 1000);").plan, makePlan(FAILING).plan];
    const failed = startServers({ ...makeContext(), sleep }, plans);
    await expect(failed).rejects.toMatchObject({ code: "backend_failed" });
    const before = sleeps;
    await delay(100);
    expect(sleeps).toBe(before);
  }, 30_000);

  it("takes nobody else's answer for its server's", async () => {
    const { plan } = makePlan(STUBBORN);
    const [other] = await startServers(makeContext(), [plan]);
    const port = Number(new URL(other?.url ?? "").port);
    await expect(startServers(makeContext(), [{ ...plan, port }])).rejects.toMatchObject({
      message: `port ${port} cannot be listened at`,
      hint: expect.stringContaining("--port"),
    });
    await other?.close();
  }, 30_000);

  it("starts servers that no interrupt of the terminal reaches", async () => {
    const [server] = await startServers(makeContext(), [makePlan(GROUP).plan]);
    const group = await (await fetch(`${server?.url}/group`)).text();
    const own = execFileSync(fakePython, ["-c", GROUP_OF, String(process.pid)], { encoding: "utf8" });
    expect(Number(group)).not.toBe(Number(own));
    await server?.close();
  }, 30_000);

  it("gives up when the user does", async () => {
    const { plan } = makePlan("setInterval(() => {}, 1000);");
    await expect(startServers(makeContext(AbortSignal.abort()), [plan])).rejects.toMatchObject({
      code: "interrupted",
    });
  }, 30_000);
});
