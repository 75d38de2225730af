import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "@jest/globals";
import { runCli } from "./run-cli.js";
import { hasSlurm, startSlurm } from "./servers/slurm.js";
import { packageRoot } from "./shared-data.js";
import { describeWithTrainer, trainerPython } from "./trainer-environment.js";

describeWithTrainer("a job on two nodes of a cluster", () => {
  (hasSlurm ? it : it.skip)(
    "trains as one, with a process on each",
    async () => {
      const cluster = await startSlurm();
      const cwd = await mkdtemp(join(tmpdir(), "mllm-nodes-"));
      try {
        const mllm = (...args: string[]) => runCli(args, { cwd, env: cluster.env });
        const generator = join(packageRoot, "scripts/generate-world.mjs");
        const sizes = ["--out", cwd, "--train", "30", "--test", "1"];
        await promisify(execFile)(process.execPath, [generator, ...sizes]);
        await mllm("split-data", "train.jsonl", "--out", "data", "--validation", "0.2");
        const settings = {
          "resources.nodes": 2,
          "training.max_steps": 2,
          "training.per_device_train_batch_size": 1,
          "providers.slurm.folder": join(cwd, "there"),
          "providers.slurm.python": trainerPython,
        };
        const train = ["train", "--stage", "1", "--recipe", "tiny", "--data", "data", "--provider", "slurm"];
        const set = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
        const result = await mllm(...train, ...set);
        expect(result).toMatchObject({ exitCode: 0 });
        const { jobs } = JSON.parse((await mllm("jobs", "--json")).stdout);
        expect(jobs).toMatchObject([{ state: "succeeded", provider: "slurm" }]);
        const [job = ""] = await readdir(join(cwd, "there/jobs"));
        // The second node's share; the first one's log is the job's.
        expect(await readdir(join(cwd, "there/jobs", job))).toContain("trainer-1.log");
        expect(await mllm("checkpoints", "verify")).toMatchObject({ exitCode: 0 });
      } finally {
        await cluster.stop();
        await rm(cwd, { recursive: true, force: true });
      }
    },
    180_000,
  );
});
