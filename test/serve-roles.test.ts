import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import type { CompletionRequest } from "../src/agent/role-model.js";
import { type OpenedAgent, openAgentModel } from "../src/cli/agent/open-agent-model.js";
import type { Context } from "../src/cli/context.js";
import { ROLES } from "../src/core/roles.js";
import { createRenderer } from "../src/prompts/renderer.js";
import { openState } from "../src/state/open-state.js";
import { makeRoleCheckpoints } from "./role-checkpoints.js";
import { runCli } from "./run-cli.js";
import { packageRoot } from "./shared-data.js";
import { describeWithTrainer, trainerPython } from "./trainer-environment.js";

const MINUTE = 60_000;
// A model of a millisecond takes seconds on a machine that is busy.
jest.setTimeout(2 * MINUTE);

const TOOLS = [
  {
    name: "get_weather",
    description: "The weather of a place",
    parameters: {
      type: "object",
      properties: { city: { type: "string", enum: ["TorMen", "KaVel"] }, days: { type: "integer" } },
      required: ["city"],
    },
  },
  { name: "get_time", description: "The time", parameters: { type: "object", properties: {} } },
];

function makeContext(cwd: string, overrides: Partial<Context> = {}): Context {
  return {
    env: { ...process.env, MLLM_PYTHON: trainerPython, MLLM_DIR: undefined },
    ...{ cwd, packageRoot, version: "0", stdout: process.stdout, stderr: process.stderr },
    stdin: () => process.stdin,
    ...{ isTerminal: { stdout: false, stderr: false }, signal: new AbortController().signal },
    ...{ now: () => new Date(), sleep: (milliseconds: number) => delay(milliseconds) },
    setExitCode: () => undefined,
    ...overrides,
  };
}

function ask(prompt: string, overrides: Partial<CompletionRequest> = {}): CompletionRequest {
  const { signal } = new AbortController();
  const limits = { stop: ["</s>"], maxTokens: 60, temperature: 0, seed: 1 };
  return { prompt, ...limits, grammar: null, signal, ...overrides };
}

describeWithTrainer("the roles on the embedded server", () => {
  let opened: OpenedAgent;
  let cwd: string;

  beforeAll(async () => {
    const made = await makeRoleCheckpoints("full");
    made.state.close();
    cwd = made.cwd;
    opened = await openAgentModel(makeContext(cwd), {});
  }, 2 * MINUTE);

  afterAll(async () => {
    await opened?.close();
  }, MINUTE);

  it("are opened with what their checkpoints say", () => {
    expect(opened.model.profile).toMatchObject({ kind: "thread", name: "thread" });
    for (const role of ROLES) {
      expect(opened.model.roles[role]).toMatchObject({ endOfTurnToken: "</s>", contextTokens: 2048 });
    }
  });

  it("count a prompt's tokens as the server does", async () => {
    const { profile, roles } = opened.model;
    const instruction = "Wie ist das Wetter in TorMen? 世界 <s> [INST]";
    const situation = { instruction, tools: TOOLS, steps: [], thought: null };
    const prompt = createRenderer(profile)
      .prompt("planner", situation)
      .replaceAll(profile.endOfTurn, roles.planner.endOfTurnToken);
    const { promptTokens } = await roles.planner.backend.complete(ask(prompt));
    expect(roles.planner.countTokens(prompt)).toBe(promptTokens);
  });

  it("say the same to the same prompt, alone and among others, streamed and whole", async () => {
    const { backend } = opened.model.roles.caller;
    const prompts = Array.from({ length: 12 }, (_, i) => `user: ${"TorMen ".repeat(i)}</s>planner:`);
    const alone: string[] = [];
    for (const prompt of prompts) alone.push((await backend.complete(ask(prompt))).text);
    const together = await Promise.all(prompts.map((prompt) => backend.complete(ask(prompt))));
    expect(together.map(({ text }) => text)).toEqual(alone);
    let streamed = "";
    for await (const piece of backend.stream(ask(prompts[3] ?? ""))) streamed += piece;
    expect(streamed).toBe(alone[3]);
  });

  it("repeat what a seed gave", async () => {
    const { backend } = opened.model.roles.planner;
    const say = (seed: number) =>
      backend.complete(ask("user: hello</s>planner:", { temperature: 1.5, seed }));
    expect(await say(5)).toEqual(await say(5));
    expect((await say(6)).text).not.toBe((await say(5)).text);
  });

  it(
    "write calls that the tools allow and nothing else, under a grammar",
    async () => {
      const grammar = { before: " Action: ", between: "\nAction Input: ", after: "", tools: TOOLS };
      for (const seed of [1, 2, 3, 4, 5, 6]) {
        const request = ask("caller:", { grammar, maxTokens: 300, temperature: 1, seed });
        const { text, finishReason } = await opened.model.roles.caller.backend.complete(request);
        const [, name, input = ""] = /^ Action: (\w+)\nAction Input: (.*)$/s.exec(text) ?? [];
        expect(TOOLS.map((tool) => tool.name)).toContain(name);
        if (finishReason === "length") continue;
        const value = JSON.parse(input) as Record<string, unknown>;
        if (name === "get_weather") expect(["TorMen", "KaVel"]).toContain(value.city);
      }
    },
    MINUTE,
  );

  it("stop writing for a client that has gone", async () => {
    const { backend } = opened.model.roles.planner;
    const user = new AbortController();
    const request = ask("user: {", { maxTokens: 1500, stop: [], temperature: 2, signal: user.signal });
    const pieces = backend.stream(request);
    await pieces.next();
    user.abort();
    await expect(pieces.next()).rejects.toMatchObject({ code: "interrupted" });
    expect((await backend.complete(ask("user: hello</s>planner:"))).finishReason).toBeDefined();
  });

  it("explain a prompt that is too long", async () => {
    await expect(
      opened.model.roles.planner.backend.complete(ask("word ".repeat(9000))),
    ).rejects.toMatchObject({ code: "backend_failed", message: expect.stringContaining("takes 1 to 2047") });
  });

  it("are planned without being started", async () => {
    const args = ["serve-roles", "--dry-run", "--json", "--port", "9999"];
    const { stdout, exitCode } = await runCli(args, { cwd, env: { MLLM_PYTHON: trainerPython } });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      servers: [{ engine: "embedded", url: null, command: expect.stringContaining("--port 9999") }],
      endpoints: null,
    });
  });

  it("may be folders that the state does not know, and never another role's", async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), "mllm-roles-"));
    const folder = (role: string) => join(cwd, ".mllm", "jobs", role, "checkpoints", "checkpoint-1");
    const plan = (planner: string) => {
      const others = ["--caller", folder("caller"), "--summarizer", folder("backbone")];
      const args = ["serve-roles", "--dry-run", "--planner", folder(planner), ...others];
      return runCli(args, { cwd: elsewhere, env: { MLLM_PYTHON: trainerPython } });
    };
    expect((await plan("planner")).stdout).toContain(`summarizer=${folder("backbone")}`);
    expect((await plan("caller")).stderr).toContain("is a caller, not a planner");
  });

  it(
    "end with the command, even if it is killed",
    async () => {
      const child = spawn(process.execPath, [`${packageRoot}/bin/mllm.js`, "serve-roles", "--json"], {
        cwd,
        env: { ...process.env, MLLM_PYTHON: trainerPython, MLLM_DIR: undefined },
        stdio: ["ignore", "pipe", "ignore"],
      });
      let text = "";
      for await (const line of createInterface({ input: child.stdout })) {
        text += line;
        if (line === "}") break;
      }
      const { endpoints } = JSON.parse(text) as { endpoints: Record<string, string> };
      const address = /http:[^#]+/.exec(endpoints.caller ?? "")?.[0] ?? "";
      expect((await fetch(`${address}/health`)).status).toBe(200);
      child.kill("SIGKILL");
      for (;;) {
        const isGone = await fetch(`${address}/health`).then(
          () => false,
          () => true,
        );
        if (isGone) break;
        await delay(50);
      }
    },
    2 * MINUTE,
  );
});

describeWithTrainer("adapters on the embedded server", () => {
  it(
    "are put on the backbone, which is merged once where its job's own copy is gone",
    async () => {
      const { cwd, state } = await makeRoleCheckpoints("adapters");
      state.close();
      const notes: string[] = [];
      const stderr = Object.assign(Object.create(process.stderr), {
        write: (text: string) => notes.push(text),
      });
      const texts: string[][] = [];
      for (const _ of [1, 2]) {
        const { model, close } = await openAgentModel(makeContext(cwd, { stderr }), {});
        const say = (role: (typeof ROLES)[number]) =>
          model.roles[role].backend.complete(ask('user: {"a": "TorMen', { stop: [], maxTokens: 20 }));
        texts.push(await Promise.all(ROLES.map(async (role) => (await say(role)).text)));
        await close();
      }
      expect(new Set(texts[0]).size).toBeGreaterThan(1);
      expect(texts[1]).toEqual(texts[0]);
      expect(notes.filter((note) => note.includes("merging"))).toHaveLength(1);
    },
    4 * MINUTE,
  );
});

describe("serve-roles without checkpoints", () => {
  it("says what to do first", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "mllm-roles-"));
    openState(join(cwd, ".mllm", "state.db")).close();
    const { exitCode, stderr } = await runCli(["serve-roles"], { cwd });
    expect(exitCode).toBe(1);
    expect(stderr).toContain("mllm train");
  });
});
