import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, it } from "@jest/globals";
import { type CliResult, runCli } from "./run-cli.js";
import { describeWithSharedData, packageRoot, sharedData } from "./shared-data.js";
import { describeWithTrainer, trainerPython } from "./trainer-environment.js";

interface Listed {
  id: string;
  subset: string;
  path: string;
  parentId: string | null;
  initialValidationLoss: number;
  validationLoss: number;
}

const MINUTES = 60_000;
const QUICK = ["--set", "training.max_steps=2", "--set", "training.per_device_train_batch_size=1"];

/** Without what SQLite keeps beside a database for as long as some connection to it is open. */
async function filesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return names.filter((name) => !/-(shm|wal)$/.test(name)).sort();
}

describeWithTrainer("the whole way on real ToolBench answers", () => {
  describeWithSharedData("split, stage 1, stage 2", () => {
    let cwd: string;
    const mllm = async (...args: string[]): Promise<CliResult> =>
      runCli(args, { cwd, env: { MLLM_PYTHON: trainerPython } });
    const train = (...args: string[]) =>
      mllm("train", "--recipe", "tiny", "--data", "data", ...QUICK, ...args);

    beforeAll(async () => {
      cwd = await mkdtemp(join(tmpdir(), "mllm-pipeline-"));
      const split = await mllm(
        "split-data",
        sharedData("toolbench-raw/answer"),
        "--out",
        "data",
        "--validation",
        "0.2",
      );
      expect(split).toMatchObject({ exitCode: 0 });
    });

    it("refuses stage 2 before stage 1, in the dry run as in the real one, and names the command", async () => {
      const real = await train("--stage", "2", "--role", "caller");
      expect(real).toMatchObject({ exitCode: 1, stdout: "" });
      expect(real.stderr).toContain("mllm train --stage 1 --recipe");
      const dry = await train("--stage", "2", "--role", "caller", "--dry-run", "--json");
      expect(dry.exitCode).toBe(1);
      expect(JSON.parse(dry.stdout)).toMatchObject({ canStart: false, problems: [{ code: "no_backbone" }] });
    });

    it("plans without writing anything", async () => {
      const before = await filesIn(cwd);
      const dry = await train("--stage", "1", "--dry-run", "--json");
      expect(dry).toMatchObject({ exitCode: 0, stderr: "" });
      const report = JSON.parse(dry.stdout);
      expect(report).toMatchObject({
        canStart: true,
        problems: [],
        cost: { expectedDollars: 0, atMostDollars: 0 },
        provider: { name: "local" },
      });
      expect(report.jobs[0].spec).toMatchObject({ stage: 1, subset: "backbone", training: { max_steps: 2 } });
      expect(report.jobs[0].sources["training.max_steps"]).toBe("--set");
      expect(report.jobs[0].launch.requests[0].request).toContain("-m mllm_trainer");
      expect(await filesIn(cwd)).toEqual(before);
    });

    it(
      "trains the backbone and the three roles from it, and says so when asked again",
      async () => {
        const stage1 = await train("--stage", "1");
        expect(stage1).toMatchObject({ exitCode: 0 });
        expect(stage1.stdout).toMatch(/backbone +backbone-2-[0-9a-f]{8} +2/);
        const stage2 = await train("--stage", "2", "--role", "all");
        expect(stage2).toMatchObject({ exitCode: 0 });
        for (const role of ["planner", "caller", "summarizer"])
          expect(stage2.stdout).toMatch(new RegExp(`^${role} `, "m"));

        const again = await train("--stage", "2", "--role", "planner");
        expect(again.stderr).toContain("planner: already trained");
        expect(await mllm("checkpoints", "verify")).toMatchObject({ exitCode: 0 });
        const lineage = await mllm("checkpoints", "lineage");
        expect(lineage.stdout.match(/backbone-2-|planner-2-|caller-2-|summarizer-2-/g)).toHaveLength(4);
      },
      4 * MINUTES,
    );

    it("scores the backbone on a role's own subset before the role is trained", async () => {
      const list = JSON.parse((await mllm("checkpoints", "list", "--json")).stdout).checkpoints as Listed[];
      const backbone = list.find(({ subset }) => subset === "backbone");
      const roles = list.filter(({ subset }) => subset !== "backbone");
      expect(roles.map(({ parentId }) => parentId)).toEqual(roles.map(() => backbone?.id));
      // The backbone's loss is the mean over all roles' tokens: it lies between what it scores on each of them.
      const before = roles.map(({ initialValidationLoss }) => initialValidationLoss);
      expect(Math.min(...before)).toBeLessThan(backbone?.validationLoss ?? Number.NaN);
      expect(Math.max(...before)).toBeGreaterThan(backbone?.validationLoss ?? Number.NaN);
    });

    it(
      "leaves the other roles untouched when one is trained anew",
      async () => {
        const before = JSON.parse((await mllm("checkpoints", "list", "--json")).stdout).checkpoints as {
          id: string;
        }[];
        const anew = await train(
          "--stage",
          "2",
          "--role",
          "caller",
          "--set",
          "roles.caller.training.learning_rate=1e-3",
        );
        expect(anew).toMatchObject({ exitCode: 0 });
        const after = JSON.parse((await mllm("checkpoints", "list", "--json")).stdout).checkpoints as {
          id: string;
        }[];
        for (const { id } of before) expect(after.map((checkpoint) => checkpoint.id)).toContain(id);
        expect(after).toHaveLength(before.length + 1);
      },
      2 * MINUTES,
    );

    it("finds damage in a checkpoint's file", async () => {
      const [damaged] = JSON.parse((await mllm("checkpoints", "list", "--json")).stdout).checkpoints as {
        path: string;
      }[];
      const path = join(damaged?.path ?? "", "model.safetensors");
      const bytes = await readFile(path);
      bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
      await writeFile(path, bytes);
      const verify = await mllm("checkpoints", "verify");
      expect(verify.exitCode).toBe(1);
      expect(verify.stdout + verify.stderr).toContain("model.safetensors");
    });
  });
});

describeWithTrainer("the dry run's counts", () => {
  it(
    "are what the trainer counts",
    async () => {
      const cwd = await mkdtemp(join(tmpdir(), "mllm-counts-"));
      const mllm = (...args: string[]) => runCli(args, { cwd, env: { MLLM_PYTHON: trainerPython } });
      const generator = join(packageRoot, "scripts", "generate-world.mjs");
      await promisify(execFile)(process.execPath, [generator, "--out", cwd, "--train", "45", "--test", "1"]);
      await mllm("split-data", "train.jsonl", "--out", "data", "--validation", "0");
      const train = ["train", "--stage", "1", "--recipe", "tiny", "--data", "data", "--json"];
      const { estimate } = JSON.parse((await mllm(...train, "--dry-run")).stdout).jobs[0];
      const { exitCode, stdout } = await mllm(...train);
      expect(exitCode).toBe(0);
      const events = stdout
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      const { rows, tokens, trainedTokens, optimizerSteps } = estimate;
      expect(estimate.isExact).toBe(true);
      expect(events.find(({ type }) => type === "data")).toMatchObject({ rows, tokens, trainedTokens });
      expect(events.at(-1)).toMatchObject({ type: "done", last: { globalStep: optimizerSteps } });
    },
    2 * MINUTES,
  );

  it(
    "are kept by --calibrate with what steps took, and nothing else is",
    async () => {
      const cwd = await mkdtemp(join(tmpdir(), "mllm-calibrate-"));
      const mllm = (...args: string[]) => runCli(args, { cwd, env: { MLLM_PYTHON: trainerPython } });
      const generator = join(packageRoot, "scripts", "generate-world.mjs");
      await promisify(execFile)(process.execPath, [generator, "--out", cwd, "--train", "45", "--test", "1"]);
      await mllm("split-data", "train.jsonl", "--out", "data", "--validation", "0.1");
      const train = ["train", "--stage", "1", "--recipe", "tiny", "--data", "data", "--json"];
      const { calibrations } = JSON.parse((await mllm(...train, "--calibrate")).stdout);
      const [{ estimate, measured, path }] = calibrations;
      expect(measured).toMatchObject({ steps: estimate.optimizerSteps, device: "cpu" });
      expect(estimate.peakMemoryBytes).toBe(measured.peakMemoryBytes);
      expect(await readdir(join(cwd, ".mllm"), { recursive: true })).toEqual([
        "calibrations",
        relative(join(cwd, ".mllm"), path),
      ]);
      // Another length, the same speed.
      const longer = await mllm(...train, "--set", "training.max_steps=50", "--dry-run");
      const [{ estimate: later }] = JSON.parse(longer.stdout).jobs;
      expect(later).toMatchObject({ isExact: true, optimizerSteps: 50 });
      expect(later.basis).toContain("--calibrate");
      expect(later.seconds).toBeGreaterThan(estimate.seconds);
    },
    4 * MINUTES,
  );
});
