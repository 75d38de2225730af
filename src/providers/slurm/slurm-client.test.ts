import { describe, expect, it } from "@jest/globals";
import type { Host, HostCommand, HostResult } from "../host/host.js";
import { createSlurmClient } from "./slurm-client.js";

/** Slurm's own answers, version 22.05.8. */
const ACCOUNTED = `31|COMPLETED|None|2026-11-22T18:12:30|mllm-a-1|node1
33|CANCELLED by 1000|None|2026-11-22T18:12:30|mllm-a-1|node1
34|FAILED|None|2026-11-22T18:12:29|mllm-a-1|None assigned
`;
const QUEUE = `12|RUNNING|None|2026-11-22T18:12:30|mllm-a-1
9|FAILED|BadConstraints|2026-11-22T18:12:30|mllm-a-1
7|PENDING|Nodes required for job are DOWN, DRAINED or reserved|N/A|mllm-a-1
`;
const RECORD =
  "JobId=7 JobName=mllm-a-1 UserId=u(1) Priority=1 JobState=PENDING Reason=BeginTime Dependency=(null) Requeue=1 Restarts=2 StartTime=Unknown Comment=mllm-a-1 \n";

describe("createSlurmClient", () => {
  it("reads the queue, oldest first, without what sbatch has refused", async () => {
    const { client, commands } = answering({ stdout: QUEUE });
    const jobs = await client.jobsNamed("mllm-a-1");
    expect(jobs.map(({ id, startedAt }) => [id, startedAt])).toEqual([
      ["7", null],
      ["12", "2026-11-22T18:12:30"],
    ]);
    expect(commands[0]?.args).toContain("--me");
  });

  it("reads a job's record, and none where the controller has forgotten it", async () => {
    expect(await answering({ stdout: RECORD }).client.job("7")).toEqual({
      ...{ id: "7", name: "mllm-a-1", state: "PENDING", reason: "BeginTime" },
      ...{ restarts: 2, startedAt: null },
    });
    const stderr = "slurm_load_jobs error: Invalid job id specified\n";
    expect(await answering({ code: 1, stderr }).client.job("7")).toBeNull();
  });

  it("reads accounting, without what sbatch has refused, where there is one", async () => {
    const { client } = answering({ stdout: ACCOUNTED });
    const jobs = await client.accounted({ name: "mllm-a-1" });
    expect(jobs.map(({ id, name, state }) => [id, name, state])).toEqual([
      ["31", "mllm-a-1", "COMPLETED"],
      ["33", "mllm-a-1", "CANCELLED by 1000"],
    ]);
    const disabled = { code: 1, stderr: "Slurm accounting storage is disabled\n" };
    expect(await answering(disabled).client.accounted({ id: "7" })).toEqual([]);
    expect(await answering({ code: 127 }).client.accounted({ id: "7" })).toEqual([]);
    const stderr = "sacct: error: Problem talking to the database: Resource temporarily unavailable\n";
    const down = answering({ code: 1, stderr }).client.accounted({ id: "7" });
    await expect(down).rejects.toMatchObject({ isRetryable: true });
  });

  it.each([
    [
      "sbatch: error: Batch job submission failed: Unable to contact slurm controller (connect failure)",
      false,
    ],
    ["sbatch: error: Batch job submission failed: Socket timed out on send/recv operation", true],
  ])("knows whether the controller may have heard: %s", async (stderr, isAmbiguous) => {
    const { client } = answering({ code: 1, stderr });
    await expect(client.run({ program: "sbatch" })).rejects.toMatchObject({ isRetryable: true, isAmbiguous });
  });

  it("does not mind cancelling what has ended in the meantime", async () => {
    const gone = "scancel: error: Kill job error on job id 7: Invalid job id specified\n";
    await answering({ code: 1, stderr: gone }).client.cancel(["7"]);
    const denied = "scancel: error: Kill job error on job id 7: Access/permission denied\n";
    await expect(answering({ code: 1, stderr: denied }).client.cancel(["7"])).rejects.toMatchObject({
      message: expect.stringContaining("Access/permission denied"),
    });
  });

  it("says how to make commands known that a login shell alone knows", async () => {
    const { client } = answering({ code: 127, stderr: "sh: 1: squeue: not found\n" });
    await expect(client.jobsAlive()).rejects.toMatchObject({
      code: "environment_missing",
      hint: expect.stringContaining("squeue --version"),
    });
  });
});

function answering(result: Partial<HostResult>) {
  const commands: HostCommand[] = [];
  const host = {
    name: "login",
    run: async (command: HostCommand) => {
      commands.push(command);
      return { code: 0, stdout: "", stderr: "", ...result };
    },
  } as unknown as Host;
  return { client: createSlurmClient("slurm", host), commands };
}
