import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { makeRoleCheckpoints } from "../../../test/role-checkpoints.js";
import { runCli } from "../../../test/run-cli.js";
import { makeCallItems, storeEvaluation } from "../../../test/stored-evaluations.js";
import { ROLES, type Role } from "../../core/roles.js";
import type { Agent } from "../../state/rows.js";
import type { State } from "../../state/state.js";

const AT = "2026-11-22T12:00:00.000Z";
const BACKBONE = "backbone-1-00000000";
const TRIO = {
  planner: "planner-1-00000000",
  caller: "caller-1-00000000",
  summarizer: "summarizer-1-00000000",
};

describe("mllm checkpoints promote", () => {
  let cwd: string;
  let state: State;
  let agents = 0;
  let name: string;
  let trio: Record<Role, string>;
  let other: Record<Role, string>;
  /** The backbone as the caller. */
  const promote = (...args: string[]) =>
    runCli(["checkpoints", "promote", BACKBONE, "--agent", name, "--role", "caller", ...args], { cwd });
  const evaluate = (hashes: Record<Role, string>, wrong: number, data = "test") =>
    storeEvaluation(join(cwd, "evaluations", `${data}-${hashes.caller}`), makeCallItems({ wrong }), {
      ...{ hashes, state, data: { name: `${data}.jsonl`, sha256: data } },
    });
  const forgetEvaluations = () =>
    Promise.all(
      state
        .listEvaluations()
        .map(({ id, ...row }) => state.saveEvaluation({ ...row, id, checkpoints: null })),
    );

  beforeAll(async () => {
    ({ cwd, state } = await makeRoleCheckpoints("full"));
    const hashes = ROLES.map((role) => [role, state.findCheckpoint(TRIO[role]).hash]);
    trio = Object.fromEntries(hashes);
    other = { ...trio, caller: state.findCheckpoint(BACKBONE).hash };
  });

  beforeEach(async () => {
    await forgetEvaluations();
    name = `desk${++agents}`;
    state.saveAgent(name, TRIO, AT);
  });

  it("asks for the evaluations that are missing, by their commands", async () => {
    const [asItIs, withIt] = [`mllm eval static --data FILE --agent ${name}`, `--caller ${BACKBONE}`];
    const neither = await promote();
    expect(neither).toMatchObject({ exitCode: 1, stdout: "" });
    expect(neither.stderr).toContain(`hint: Run, on one FILE: ${asItIs}; ${asItIs} ${withIt}. Or --force`);
    const id = await evaluate(trio, 0);
    const one = await promote();
    expect(one.stderr).toContain(`with the data and options of ${id} (test.jsonl): ${asItIs} ${withIt}. Or`);
    await evaluate(other, 0, "another");
    expect((await promote()).stderr).toContain("were not evaluated on the same data in the same way");
    expect(state.listAgents(name)).toHaveLength(1);
  });

  it("promotes one that is not worse, and says how to go back", async () => {
    await evaluate(trio, 2);
    await evaluate(other, 2);
    const { exitCode, stdout, stderr } = await promote();
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `to go back: mllm agents rollback ${name}\n`,
    });
    expect(stdout).toContain("B is not worse");
    expect(stdout).toContain(`${name}@2 has ${BACKBONE} as its caller (was ${TRIO.caller})\n`);
    expect(state.getAgent(name)).toMatchObject({ ...TRIO, version: 2, caller: BACKBONE });
    expect((await promote()).stdout).toBe(`${name}@2 has ${BACKBONE} already\n`);
    expect(state.listAgents(name)).toHaveLength(2);
    await runCli(["agents", "rollback", name], { cwd });
    expect(state.getAgent(name)).toMatchObject(TRIO);
  });

  it("refuses a worse one with the reasons, unless it is forced", async () => {
    const a = await evaluate(trio, 0);
    const b = await evaluate(other, 12);
    const refused = await promote();
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain("B is worse:\n  argument_f1 100.0 → 60.0, -40.0");
    expect(refused.stdout).toContain(`not promoted: ${name}@1 keeps ${TRIO.caller}`);
    expect(refused.stderr).toContain(`next: mllm eval compare ${a} ${b}`);
    const value = JSON.parse((await promote("--json")).stdout);
    expect(value).toMatchObject({
      isPromoted: false,
      role: "caller",
      agent: { version: 1 },
      verdict: { isWorse: true },
    });
    expect(value.comparisons).toMatchObject([{ a: { id: a }, b: { id: b }, changed: 12, changes: [] }]);
    expect(state.listAgents(name)).toHaveLength(1);
    const forced = await promote("--force");
    expect(forced.exitCode).toBe(0);
    expect(forced.stdout).toContain(
      `${name}@2 has ${BACKBONE} as its caller (was ${TRIO.caller}): forced, although it is worse`,
    );
    expect(state.getAgent(name) as Agent).toMatchObject({ version: 2, caller: BACKBONE });
  });

  it("looks at every data set that both were evaluated on", async () => {
    await evaluate(trio, 0, "bad");
    await evaluate(other, 12, "bad");
    await evaluate(trio, 0, "good");
    await evaluate(other, 0, "good");
    const { exitCode, stdout } = await promote();
    expect(exitCode).toBe(1);
    expect(stdout).toContain("argument_f1 100.0 → 60.0 on bad.jsonl (static), -40.0");
  });

  it("goes by the conditions that are given", async () => {
    await evaluate(trio, 0);
    await evaluate(other, 1);
    expect(await promote("--fail-below", "argument_f1=-0.01")).toMatchObject({ exitCode: 1 });
    expect(await promote("--fail-below", "argument_f1=-0.05")).toMatchObject({ exitCode: 0 });
  });

  it("promotes unseen where it is forced, and says so", async () => {
    const { exitCode, stdout } = await promote("--force", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      isPromoted: true,
      isForced: true,
      comparisons: [],
      verdict: null,
    });
  });

  it("refuses a backbone without a role, a checkpoint of another role, and an unknown agent", async () => {
    const failing = async (...args: string[]) => {
      const { exitCode, stderr } = await runCli(["checkpoints", "promote", ...args], { cwd });
      return `${exitCode} ${stderr}`;
    };
    expect(await failing(BACKBONE, "--agent", name)).toMatch(
      /^2 .* can take any role\nhint: Say which: --role planner/,
    );
    expect(await failing(TRIO.planner, "--agent", name, "--role", "caller")).toMatch(
      /^1 .*is a planner, not a caller/,
    );
    expect(await failing(BACKBONE, "--agent", "nobody")).toMatch(/^1 .*there is no agent nobody/);
    expect(await failing("x", "--agent", name)).toMatch(/^1 .*no checkpoint has the id x/);
  });
});
