import { afterAll, beforeAll } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { describeProviderContract } from "../../../test/provider-contract.js";
import { describeWithSharedSpecs } from "../../../test/shared-data.js";
import { type FakeTogether, startFakeTogether } from "../../../test/vendor/fake-together.js";
import { togetherProvider, togetherSubmission } from "../../../test/vendor/together-world.js";

describeWithSharedSpecs("createTogetherProvider", () => {
  let fake: FakeTogether;
  const folder = makeFolder();
  beforeAll(async () => {
    fake = await startFakeTogether();
  });
  afterAll(async () => {
    await fake.close();
    if (fake.server.violations.length > 0) throw new Error(fake.server.violations.join("\n"));
  });

  describeProviderContract("together", () => ({
    create: (control = {}) => {
      fake.control = control;
      return togetherProvider(fake);
    },
    createSubmission: () => togetherSubmission(folder),
    isPaused: ({ label }) => {
      fake.jobOf(label)?.tick();
      return fake.jobOf(label)?.isPaused === true;
    },
    letContinue: ({ label }) => {
      const job = fake.jobOf(label);
      if (job !== undefined) job.mayContinue = true;
    },
    kill: async ({ label }) => fake.jobOf(label)?.end("error", "job_error", "the trainer was killed"),
    countTrainers: async ({ label }) =>
      fake.jobs.filter((job) => job.request.suffix === label && !job.hasEnded).length,
    breakNewestCheckpoint: ({ label }) => {
      const job = fake.jobOf(label);
      if (job !== undefined) job.checkpoints = job.checkpoints.filter(({ step }) => step < job.step);
    },
    isAtomic: false,
    isResumable: false,
    hasRoles: false,
  }));
});
