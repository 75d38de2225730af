import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import type { Endpoint } from "../../agent/backends/endpoint.js";
import { MllmError } from "../../core/errors.js";
import type { Role } from "../../core/roles.js";
import type { Context } from "../context.js";
import { trainerEnvironment } from "./serve-roles-environment.js";
import type { ServerPlan } from "./serve-roles-plan.js";

export interface RunningServer {
  plan: ServerPlan;
  url: string;
  /** As it was started. */
  command: string[];
  /** What went wrong, once it has ended without being asked to. */
  ended: Promise<MllmError>;
  close(): Promise<void>;
}

/** Large models take minutes to load. */
const START_SECONDS = 900;
/** To the question whether it is there. */
const ANSWER_MILLISECONDS = 5000;
const POLL_MILLISECONDS = 100;
const END_MILLISECONDS = 12_000;
const KEPT_LINES = 12;

export function endpointOf(server: Pick<RunningServer, "plan" | "url">, role: Role): Endpoint {
  return { kind: "server", engine: server.plan.engine, url: server.url, model: role };
}

/** Starts the servers and waits until all of them answer. Where one fails, none is left running. */
export async function startServers(context: Context, plans: readonly ServerPlan[]): Promise<RunningServer[]> {
  const servers: RunningServer[] = [];
  const failing = new AbortController();
  const signal = AbortSignal.any([context.signal, failing.signal]);
  let waits: Promise<void>[] = [];
  try {
    for (const plan of plans) servers.push(await start(context, plan));
    waits = servers.map((server) => untilHealthy({ ...context, signal }, server));
    await Promise.all(waits);
    return servers;
  } catch (error) {
    failing.abort();
    await Promise.allSettled([...waits, ...servers.map((server) => server.close())]);
    throw error;
  }
}

async function start(context: Context, plan: ServerPlan): Promise<RunningServer> {
  const port = await findPort(plan.port ?? 0);
  const command = plan.command.map((word) => word.replace("{port}", String(port)));
  // A server ends when its stdin closes, which the system sees to however this process ends.
  const ending = plan.guard.length === 0 ? ["--with-parent"] : [];
  const [program = "", ...args] = [...plan.guard, ...command, ...ending];
  const child = spawn(program, args, {
    env: trainerEnvironment(context),
    stdio: ["pipe", "pipe", "pipe"],
    // Else a terminal's interrupt would end it while this process still finishes what is under way.
    detached: true,
  });
  child.stdin.on("error", () => undefined);
  const tail = keepTail(child);
  let isClosing = false;
  const exited = new Promise<string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (code, signal) => resolve(`it ended with ${signal ?? `exit code ${code}`}`));
  });
  const ended = new Promise<MllmError>((resolve) => {
    void exited.then((how) => (isClosing ? undefined : resolve(serverFailed(plan, how, tail))));
  });
  const close = async () => {
    isClosing = true;
    child.stdin.end();
    const killer = setTimeout(() => child.kill("SIGKILL"), END_MILLISECONDS);
    await exited;
    clearTimeout(killer);
  };
  return { plan, url: `http://127.0.0.1:${port}`, command, ended, close };
}

async function untilHealthy(context: Context, server: RunningServer): Promise<void> {
  let failure: MllmError | null = null;
  void server.ended.then((error) => {
    failure = error;
  });
  const end = context.now().getTime() + START_SECONDS * 1000;
  while (context.now().getTime() < end) {
    if (failure !== null) throw failure;
    if (context.signal.aborted) throw new MllmError("interrupted", "interrupted while servers were starting");
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(ANSWER_MILLISECONDS)]);
    const health = await fetch(`${server.url}/health`, { signal }).catch(() => null);
    await health?.body?.cancel();
    if (health?.ok) return;
    await context.sleep(POLL_MILLISECONDS);
  }
  throw new MllmError("backend_failed", `${server.url} did not answer within ${START_SECONDS} s`, {
    hint: `Start it by hand to see what it waits for: ${server.command.join(" ")}`,
  });
}

function serverFailed(plan: ServerPlan, how: string, tail: readonly string[]): MllmError {
  const words = tail.length === 0 ? "" : `\n  ${tail.join("\n  ")}`;
  const hints = {
    embedded: "Run mllm setup if packages are missing; --port names another port.",
    vllm: "--engine embedded serves the same checkpoints without vLLM.",
  };
  const message = `the ${plan.engine} server for ${plan.roles.join(", ")} stopped: ${how}${words}`;
  return new MllmError("backend_failed", message, { hint: hints[plan.engine] });
}

function keepTail(child: ChildProcess): string[] {
  const tail: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on("line", (line) => {
      if (line.trim() !== "") tail.push(line.slice(0, 300));
      if (tail.length > KEPT_LINES) tail.shift();
    });
  }
  return tail;
}

/** The same, or a free one for 0. Whatever else listens there would be taken for the server. */
async function findPort(port: number): Promise<number> {
  return await new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on("error", (cause) => {
      const hint = "Name another port with --port, or leave it out: a free one is chosen.";
      reject(new MllmError("unreachable", `port ${port} cannot be listened at`, { hint, cause }));
    });
    probe.listen(port, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}
