import { parse } from "yaml";
import type { SkyTask } from "../../../src/providers/skypilot/create-task.js";
import type { FakeTrainerControl } from "../../fake-trainer.js";
import type { FakeHub } from "../fake-hub.js";
import { type FakeMachine, startFakeMachine } from "../fake-machine.js";

/** A managed job, as the fake controller has it. */
export interface FakeSkyJob {
  id: number;
  name: string;
  task: SkyTask;
  status: string;
  failureReason: string | null;
  recoveries: number;
  submittedAt: number;
  machine: FakeMachine | null;
  /** The machine it has got, as the queue shows it. */
  clusterResources: string | null;
  cloud: string | null;
}

interface ManagedJobsOptions {
  /** Without one, jobs have no machines and run until they are cancelled. */
  hub: FakeHub | null;
  control(): FakeTrainerControl;
  graceMilliseconds: number;
}

const TERMINAL = new Set([
  "SUCCEEDED",
  "FAILED",
  "FAILED_SETUP",
  "FAILED_PRECHECKS",
  "FAILED_NO_RESOURCE",
  "FAILED_CONTROLLER",
  "CANCELLED",
]);

export function isTerminal({ status }: FakeSkyJob): boolean {
  return TERMINAL.has(status);
}

/** What SkyPilot's jobs controller does, as far as its queue shows it. */
export function createManagedJobs({ hub, control, graceMilliseconds }: ManagedJobsOptions) {
  const jobs: FakeSkyJob[] = [];

  const run = (job: FakeSkyJob) => {
    job.status = "RUNNING";
    if (hub === null) return;
    const machine = startFakeMachine({ env: job.task.envs, control: control(), hub });
    job.machine = machine;
    void machine.ended.then((code) => settle(job, machine, code));
  };
  const settle = (job: FakeSkyJob, machine: FakeMachine, code: number) => {
    // Another machine has taken over, or somebody has said how it ended.
    if (job.machine !== machine || isTerminal(job) || job.status === "RECOVERING") return;
    if (job.status === "CANCELLING") job.status = "CANCELLED";
    else if (code === 0) job.status = "SUCCEEDED";
    else {
      job.status = "FAILED";
      const where = `To see the details, run: sky jobs logs --controller ${job.id}`;
      job.failureReason = `Job exited with exit code ${code} (user program failure). ${where}`;
    }
  };

  return {
    all: jobs as readonly FakeSkyJob[],
    launch(name: string, yaml: string): FakeSkyJob {
      const task = parse(yaml) as SkyTask;
      const [accelerator] = task.resources.accelerators ?? [];
      const spot = task.resources.use_spot ? ", [Spot]" : "";
      const job: FakeSkyJob = {
        id: jobs.length + 1,
        name,
        task,
        status: "PENDING",
        failureReason: null,
        recoveries: 0,
        submittedAt: 1_795_000_000 + jobs.length,
        machine: null,
        clusterResources: accelerator
          ? `${task.num_nodes}x(gpus=${accelerator}, p5.48xlarge${spot}, ...)`
          : null,
        cloud: "AWS",
      };
      jobs.push(job);
      run(job);
      return job;
    },
    cancel(job: FakeSkyJob): void {
      if (isTerminal(job)) return;
      job.status = "CANCELLING";
      const { machine } = job;
      if (machine === null || !machine.isRunning()) job.status = "CANCELLED";
      else {
        machine.terminate();
        const timer = setTimeout(() => machine.kill(), graceMilliseconds);
        void machine.ended.then(() => clearTimeout(timer));
      }
    },
    /** Takes the machine away, as a cloud does with a spot machine. */
    async preempt(job: FakeSkyJob): Promise<void> {
      job.status = "RECOVERING";
      const { machine } = job;
      machine?.kill();
      await machine?.ended;
    },
    /** Another machine was found; the job begins anew on it. */
    recover(job: FakeSkyJob): void {
      job.recoveries++;
      run(job);
    },
    async close(): Promise<void> {
      for (const { machine } of jobs) machine?.kill();
      await Promise.all(jobs.map(({ machine }) => machine?.ended));
    },
  };
}

/** A row of `sky jobs queue -v -o json`: the fields that the client asks for, and null for the record's others. */
export function describeJob(job: FakeSkyJob): Record<string, unknown> {
  const [accelerator] = job.task.resources.accelerators ?? [];
  return {
    task_job_id: null,
    job_id: job.id,
    task_id: 0,
    job_name: job.name,
    task_name: job.name,
    job_duration: 0,
    workspace: "default",
    status: job.status,
    schedule_state: isTerminal(job) ? "DONE" : "ALIVE",
    resources: `${job.task.num_nodes}x[${accelerator ?? "CPU:1+"}]${job.task.resources.use_spot ? "[Spot]" : ""}`,
    cluster_resources: job.clusterResources ?? "-",
    cluster_resources_full: null,
    cloud: job.cloud,
    region: "us-east-1",
    zone: null,
    infra: "AWS (us-east-1)",
    recovery_count: job.recoveries,
    details: null,
    failure_reason: job.failureReason,
    user_name: null,
    user_hash: null,
    submitted_at: job.submittedAt,
    start_at: job.status === "PENDING" ? null : job.submittedAt + 0.5,
    end_at: isTerminal(job) ? job.submittedAt + 60 : null,
    metadata: {},
    accelerators: null,
  };
}
