import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, jest } from "@jest/globals";
import { describeProviderContract } from "../../../test/provider-contract.js";
import { describeWithSlurm, type SlurmCluster, startSlurm } from "../../../test/servers/slurm.js";
import { createSlurmJobs } from "../../../test/servers/slurm-jobs.js";

jest.setTimeout(60_000);

describeWithSlurm("on a real cluster", () => {
  let cluster: SlurmCluster;
  const jobs = createSlurmJobs(() => cluster);
  beforeAll(async () => {
    cluster = await startSlurm();
  });
  afterAll(() => cluster?.stop());

  describeProviderContract("slurm", () => ({
    ...jobs,
    create: (control) => jobs.create(control),
    createSubmission: () => jobs.createSubmission(),
    countTrainers: async (job) => jobs.countTrainers(job),
    breakNewestCheckpoint: (job) =>
      rmSync(join(jobs.folderOf(job), "checkpoints/checkpoint-4/checkpoint.json")),
  }));
});
