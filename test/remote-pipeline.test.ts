import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type CliResult, runCli } from "./run-cli.js";
import { hasSlurm, startSlurm } from "./servers/slurm.js";
import { hasSshd, startSshd } from "./servers/sshd.js";
import { packageRoot } from "./shared-data.js";
import { describeWithTrainer, trainerPython } from "./trainer-environment.js";

/** A server that is really there, and how the command line reaches it. */
interface RemotePlace {
  env: Record<string, string | undefined>;
  /** `--provider` and `--set` of a training there; `folder` is for the provider's files. */
  options(folder: string): string[];
  stop(): Promise<void>;
}

/** One line for each provider whose server can run on this machine. */
const PLACES: { name: string; isHere: boolean; start(): Promise<RemotePlace> }[] = [
  {
    name: "ssh",
    isHere: hasSshd,
    start: async () => {
      const { env, host, stop } = await startSshd();
      const options = (folder: string) => [
        ...["--provider", "ssh", "--set", `providers.ssh.host=${host}`],
        ...["--set", `providers.ssh.folder=${folder}`, "--set", `providers.ssh.python=${trainerPython}`],
      ];
      return { env, options, stop };
    },
  },
  {
    name: "slurm",
    isHere: hasSlurm,
    start: async () => {
      const { env, stop } = await startSlurm();
      const options = (folder: string) => [
        ...["--provider", "slurm", "--set", `providers.slurm.folder=${folder}`],
        ...["--set", `providers.slurm.python=${trainerPython}`],
      ];
      return { env, options, stop };
    },
  },
];

const MINUTES = 60_000;
const QUICK = ["--set", "training.max_steps=2", "--set", "training.per_device_train_batch_size=1"];

const LORA = [
  "method=lora",
  "lora={r: 4, lora_alpha: 8, lora_dropout: 0, target_modules: all-linear}",
].flatMap((assignment) => ["--set", assignment]);

interface Listed {
  id: string;
  subset: string;
  kind: "full" | "adapter";
  jobId: string;
  path: string;
  parentId: string | null;
}

describeWithTrainer("both stages with the real trainer", () => {
  for (const { name, isHere, start } of PLACES) {
    (isHere ? describe : describe.skip)(`through ${name}`, () => {
      let place: RemotePlace;
      let cwd: string;
      const mllm = (...args: string[]): Promise<CliResult> =>
        runCli(args, { cwd, env: { ...place.env, MLLM_PYTHON: trainerPython } });
      const train = (folder: string, ...args: string[]) =>
        mllm(
          ...["train", "--recipe", "tiny", "--data", "data", ...QUICK],
          ...place.options(join(cwd, folder)),
          ...args,
        );
      const listed = async (): Promise<Listed[]> =>
        JSON.parse((await mllm("checkpoints", "list", "--json")).stdout).checkpoints;

      beforeAll(async () => {
        place = await start();
        cwd = await mkdtemp(join(tmpdir(), "mllm-remote-"));
        const generator = join(packageRoot, "scripts", "generate-world.mjs");
        await promisify(execFile)(process.execPath, [
          generator,
          "--out",
          cwd,
          "--train",
          "30",
          "--test",
          "1",
        ]);
        const split = await mllm("split-data", "train.jsonl", "--out", "data", "--validation", "0.2");
        expect(split).toMatchObject({ exitCode: 0 });
      }, MINUTES);
      afterAll(() => place?.stop());

      it(
        "trains the backbone and a role from it, and brings the checkpoints here",
        async () => {
          const stage1 = await train("there", "--stage", "1");
          expect(stage1).toMatchObject({ exitCode: 0 });
          const stage2 = await train("there", "--stage", "2", "--role", "caller");
          expect(stage2).toMatchObject({ exitCode: 0 });
          const list = await listed();
          const backbone = list.find(({ subset }) => subset === "backbone");
          expect(list.find(({ subset }) => subset === "caller")?.parentId).toBe(backbone?.id);
          expect(await mllm("checkpoints", "verify")).toMatchObject({ exitCode: 0 });
          // The parent was used where it lay: it never went back.
          expect(await readdir(join(cwd, "there"))).not.toContain("checkpoints");
          const jobs = JSON.parse((await mllm("jobs", "--json")).stdout).jobs as {
            id: string;
            state: string;
          }[];
          expect(jobs.map(({ state }) => state)).toEqual(["succeeded", "succeeded"]);
          for (const { id } of jobs) {
            expect((await mllm("jobs", "logs", "-f", id)).stdout).not.toBe("");
          }
        },
        6 * MINUTES,
      );

      it(
        "trains the three roles' adapters in one job, and brings each here",
        async () => {
          const backbone = (await listed()).find(({ subset }) => subset === "backbone")?.id ?? "";
          const joint = await train("there", "--stage", "2", "--role", "all", "--from", backbone, ...LORA);
          expect(joint).toMatchObject({ exitCode: 0 });
          const adapters = (await listed()).filter(({ kind }) => kind === "adapter");
          expect(adapters.map(({ subset }) => subset).sort()).toEqual(["caller", "planner", "summarizer"]);
          expect(adapters.map(({ parentId }) => parentId)).toEqual([backbone, backbone, backbone]);
          expect(new Set(adapters.map(({ jobId }) => jobId)).size).toBe(1);
          expect(await mllm("checkpoints", "verify")).toMatchObject({ exitCode: 0 });
        },
        3 * MINUTES,
      );

      it(
        "goes through both stages by itself when everything was only submitted",
        async () => {
          const alone = await mkdtemp(join(tmpdir(), "mllm-alone-"));
          const command = (...args: string[]) =>
            runCli(args, { cwd: alone, env: { ...place.env, MLLM_PYTHON: trainerPython } });
          const submit = (...args: string[]) =>
            command(
              ...["train", "--recipe", "tiny", "--data", join(cwd, "data"), ...QUICK, "--detach"],
              ...[...place.options(join(cwd, "alone")), ...args],
            );
          expect(await submit("--stage", "1")).toMatchObject({ exitCode: 0 });
          expect(await submit("--stage", "2", "--role", "all")).toMatchObject({ exitCode: 0 });
          const states = async () => {
            const { jobs } = JSON.parse((await command("jobs", "--json")).stdout);
            return (jobs as { state: string }[]).map(({ state }) => state);
          };
          expect(await states()).toHaveLength(4);
          for (let all = await states(); all.some((state) => !/succeeded|failed|lost/.test(state)); ) {
            await delay(1_000);
            all = await states();
          }
          expect(await states()).toEqual(["succeeded", "succeeded", "succeeded", "succeeded"]);
          const pull = await command("checkpoints", "pull");
          expect(pull).toMatchObject({ exitCode: 0 });
          expect(await command("checkpoints", "verify")).toMatchObject({ exitCode: 0 });
        },
        6 * MINUTES,
      );

      it(
        "trains the same weights as on this machine",
        async () => {
          const remote = (await listed()).find(({ subset }) => subset === "backbone");
          const local = await mkdtemp(join(tmpdir(), "mllm-here-"));
          const here = (...args: string[]) =>
            runCli(args, { cwd: local, env: { MLLM_PYTHON: trainerPython } });
          const args = ["train", "--stage", "1", "--recipe", "tiny", "--data", join(cwd, "data"), ...QUICK];
          expect(await here(...args)).toMatchObject({ exitCode: 0 });
          const [mine] = JSON.parse((await here("checkpoints", "list", "--json")).stdout)
            .checkpoints as Listed[];
          const weights = (folder = "") => readFile(join(folder, "model.safetensors"));
          expect((await weights(remote?.path)).equals(await weights(mine?.path))).toBe(true);
        },
        3 * MINUTES,
      );
    });
  }
});
