import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "@jest/globals";
import { parse } from "yaml";
import { readEvaluationData } from "../src/cli/evaluation/read-evaluation-data.js";
import { type StepSample, samplesOf } from "../src/evaluation/static/step-sample.js";
import { packageRoot } from "./shared-data.js";
import { describeWithTrainer, trainerPython } from "./trainer-environment.js";

const MINUTES = 60_000;
const run = promisify(execFile);
const page = readFileSync(join(packageRoot, "docs", "ci.md"), "utf8");

/** The page's blocks of one language, as a reader would copy them. */
function blocksOf(language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)]
    .filter(([, name]) => name === language)
    .map(([, , text = ""]) => text);
}

const [baseline = "", gate = ""] = blocksOf("sh");
const workflow = parse(blocksOf("yaml")[0] ?? "");
const steps = workflow.jobs.gate.steps as { name?: string; run?: string; if?: string }[];

describe("the CI page's workflow", () => {
  it("runs the page's gate, and keeps what it made", () => {
    expect(steps.map((step) => step.run ?? "")).toContain("sh gate.sh");
    expect(gate.startsWith("#!/bin/sh\nset -eu\n")).toBe(true);
    expect(gate).toContain("mllm eval compare evaluations/baseline out/candidate");
  });
});

describeWithTrainer("the CI page's commands", () => {
  let cwd: string;
  let samples: StepSample[];

  /** In a shell where `mllm` is a command; nothing of this process is shared. */
  const shell = async (command: string, ...args: string[]) => {
    const env = {
      ...process.env,
      PATH: `${join(cwd, "bin")}:${process.env.PATH}`,
      MLLM_PYTHON: trainerPython,
    };
    try {
      return { exitCode: 0, ...(await run(command, args, { cwd, env })) };
    } catch (error) {
      const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
      return { exitCode: code, stdout, stderr };
    }
  };
  /** What was recorded, as predictions; of every `wrongEvery`th call the arguments are others. */
  const predict = async (name: string, { wrongEvery = Number.POSITIVE_INFINITY } = {}) => {
    const lines = samples.map(({ id, reference }, i) => {
      const isWrong = reference.kind === "call" && i % wrongEvery === 0;
      const call = { ...(reference.kind === "call" && reference.call), arguments: '{"city":"Nowhere"}' };
      return JSON.stringify({ id, prediction: isWrong ? { ...reference, call } : reference });
    });
    await writeFile(join(cwd, name), lines.join("\n"));
  };

  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), "mllm-ci-"));
    await mkdir(join(cwd, "bin"));
    await symlink(join(packageRoot, "bin", "mllm.js"), join(cwd, "bin", "mllm"));
    const generator = join(packageRoot, "scripts", "generate-world.mjs");
    await run(process.execPath, [generator, "--out", cwd, "--train", "45", "--test", "40"]);
    await rename(join(cwd, "test_seen.jsonl"), join(cwd, "held-out.jsonl"));
    const { trajectories } = await readEvaluationData(["held-out.jsonl"], cwd);
    samples = trajectories.flatMap(({ trajectory, group }) => samplesOf(trajectory, group));
    await writeFile(join(cwd, "gate.sh"), gate);
    await predict("baseline.jsonl", { wrongEvery: 20 });
    expect(await shell("sh", "-c", baseline)).toMatchObject({ exitCode: 0 });
  }, MINUTES);

  it(
    "let the same caller pass",
    async () => {
      await predict("candidate.jsonl", { wrongEvery: 20 });
      const { exitCode, stdout, stderr } = await shell("sh", "gate.sh");
      expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      expect(stdout).toContain("no steps are scored differently");
      expect(stdout).toContain("B is not worse");
    },
    2 * MINUTES,
  );

  it(
    "stop a worse caller, and show where it differs",
    async () => {
      await predict("candidate.jsonl", { wrongEvery: 2 });
      const { exitCode, stdout } = await shell("sh", "gate.sh");
      expect(exitCode).toBe(1);
      expect(stdout).toMatch(/^B is worse:\n {2}argument_f1 /m);
      const report = steps.find((step) => step.if?.startsWith("failure()"))?.run ?? "";
      expect(await shell("sh", "-c", report)).toMatchObject({ exitCode: 0 });
      expect(await readFile(join(cwd, "out", "report.html"), "utf8")).toContain("argument");
    },
    2 * MINUTES,
  );

  it(
    "stop when the recipe would not start",
    async () => {
      await predict("candidate.jsonl", { wrongEvery: 20 });
      await writeFile(join(cwd, "gate.sh"), gate.replace("--recipe tiny", "--recipe nowhere"));
      const { exitCode, stdout } = await shell("sh", "gate.sh");
      expect(exitCode).toBe(1);
      expect(stdout).not.toContain("B is not worse");
    },
    MINUTES,
  );
});
