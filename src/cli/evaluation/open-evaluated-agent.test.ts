import { rmSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { createContext } from "../../../test/command-context.js";
import { makeRoleCheckpoints } from "../../../test/role-checkpoints.js";
import type { State } from "../../state/state.js";
import { openEvaluatedAgent } from "./open-evaluated-agent.js";

let made: { cwd: string; state: State };

beforeAll(async () => {
  made = await makeRoleCheckpoints("full");
});

afterAll(() => {
  made.state.close();
  rmSync(made.cwd, { recursive: true, force: true });
});

const idOf = (role: string) => `${role}-1-00000000`;

/** No Python here: whatever starts a server fails. */
const open = (options: Parameters<typeof openEvaluatedAgent>[1]) =>
  openEvaluatedAgent(
    createContext({ cwd: made.cwd, env: { MLLM_PYTHON: "/nowhere/python" } }).context,
    options,
  );

describe("openEvaluatedAgent", () => {
  it("names a trio by its checkpoints, and starts no server for that", async () => {
    const { subject, weights, model, close } = await open({});
    expect(subject.name).toBe("planner-1-00000000 caller-1-00000000 summarizer-1-00000000");
    expect(subject.checkpoints?.caller).toEqual({ id: idOf("caller"), hash: "caller".repeat(4) });
    expect(weights.caller).toBe("caller".repeat(4));
    expect(model.roles.planner.countTokens("I need the weather.")).toBeGreaterThan(1);
    await close();
  });

  it("names a backbone that has all roles once", async () => {
    const backbone = idOf("backbone");
    const { subject } = await open({ planner: backbone, caller: backbone, summarizer: backbone });
    expect(subject.name).toBe(backbone);
  });

  it("names an agent with the version that it has", async () => {
    const trio = { planner: idOf("planner"), caller: idOf("caller"), summarizer: idOf("summarizer") };
    made.state.saveAgent("desk", trio, "2026-11-22T12:00:00.000Z");
    made.state.saveAgent("desk", { caller: idOf("backbone") }, "2026-11-22T13:00:00.000Z");
    const nameOf = async (options: Parameters<typeof openEvaluatedAgent>[1]) =>
      (await open(options)).subject.name;
    expect(await nameOf({ agent: "desk" })).toBe("desk@2");
    expect(await nameOf({ agent: "desk@1" })).toBe("desk@1");
    expect(await nameOf({ agent: "desk", caller: idOf("caller") })).toBe(
      "planner-1-00000000 caller-1-00000000 summarizer-1-00000000",
    );
  });

  it("tells a role that lives elsewhere by its address, without what is secret in it", async () => {
    const endpoints = { caller: "http://user:secret@gpu:8000/v1#caller-2" };
    const { subject, weights } = await open({ endpoints });
    expect(subject.name).toBe(`${idOf("planner")} http://gpu:8000/v1#caller-2 ${idOf("summarizer")}`);
    expect(weights.caller).toMatch(/^[0-9a-f]{64}$/);
    expect(weights.caller).toBe(subject.checkpoints?.caller?.hash);
  });
});
