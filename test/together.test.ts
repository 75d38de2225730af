import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "@jest/globals";
import { makeFolder } from "./fake-trainer.js";
import { type CliResult, runCli } from "./run-cli.js";
import { describeWithSharedData, describeWithSharedSpecs, sharedData } from "./shared-data.js";
import {
  type FakeTogether,
  startFakeTogether,
  TOGETHER_KEY,
  TOGETHER_MODEL,
} from "./vendor/fake-together.js";

const RECIPE = `name: small
model: ${TOGETHER_MODEL}
provider: together
training: {learning_rate: 1.0e-4}
`;

describeWithSharedSpecs("both stages at Together, by command line", () => {
  describeWithSharedData("on real ToolBench answers", () => {
    const cwd = makeFolder();
    let fake: FakeTogether;
    const mllm = (...args: string[]): Promise<CliResult> => {
      const env = { TOGETHER_BASE_URL: fake.url, HF_ENDPOINT: fake.hub, TOGETHER_API_KEY: TOGETHER_KEY };
      return runCli(args, { cwd, env, now: () => new Date(), sleep: async () => {} });
    };
    const train = (...args: string[]) => mllm("train", "--recipe", "./small.yaml", "--data", "data", ...args);

    beforeAll(async () => {
      fake = await startFakeTogether();
      writeFileSync(join(cwd, "small.yaml"), RECIPE);
      const source = sharedData("toolbench-raw/answer");
      const split = await mllm("split-data", source, "--out", "data", "--validation", "0.2");
      expect(split).toMatchObject({ exitCode: 0 });
    });
    afterAll(async () => {
      await fake.close();
      expect(fake.server.violations).toEqual([]);
    });

    it("shows the requests and gives nothing away", async () => {
      const dry = await train("--stage", "1", "--dry-run");
      expect(dry).toMatchObject({ exitCode: 0 });
      expect(dry.stdout).toContain(`POST ${fake.url}/fine-tunes`);
      expect(dry.stdout + dry.stderr).not.toContain(TOGETHER_KEY);
      expect(fake.files).toEqual([]);
    });

    it("refuses a budget that the vendor's price is above, with nothing started", async () => {
      const poor = await train("--stage", "1", "--max-cost", "1");
      expect(poor.exitCode).toBe(1);
      expect(poor.stderr).toContain("$1.25");
      expect(fake.jobs).toEqual([]);
    });

    it("trains the backbone, then the roles from its best checkpoint, and has all weights here", async () => {
      const stage1 = await train("--stage", "1", "--max-cost", "20");
      expect(`${stage1.exitCode} ${stage1.stderr}`).toMatch(/^0 /);
      const backbone = fake.jobs[0];
      const stage2 = await train("--stage", "2", "--role", "all");
      expect(`${stage2.exitCode} ${stage2.stderr}`).toMatch(/^0 /);
      expect(fake.jobs.map(({ request }) => request.from_checkpoint)).toEqual([
        undefined,
        ...Array(3).fill(`${backbone?.id}:2`),
      ]);
      const verified = await mllm("checkpoints", "verify", "--json");
      expect(verified.exitCode).toBe(0);
      const listed = JSON.parse((await mllm("checkpoints", "list", "--json")).stdout);
      expect(JSON.stringify(listed).match(/"state":"complete"/g)).toHaveLength(8);
    });

    it("finds what is done and pays for nothing again", async () => {
      expect((await train("--stage", "1")).exitCode).toBe(0);
      expect(fake.jobs).toHaveLength(4);
    });
  });
});
