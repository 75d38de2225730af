import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { describe } from "@jest/globals";
import { until } from "../fake-trainer.js";

/** Named so that they find each other without a name service. */
export const SLURM_NODES = ["127.0.0.2", "127.0.0.3"] as const;
type SlurmNode = (typeof SLURM_NODES)[number];

/** A real cluster on this machine: a controller, two nodes with an A100 each, and an H100 on the second, that exist only by name. */
export interface SlurmCluster {
  /** Holds SLURM_CONF, which leads Slurm's commands here. */
  env: Record<string, string | undefined>;
  /** Goes with the cluster. */
  folder: string;
  /** Standard output of one of Slurm's commands. */
  slurm(program: string, ...args: string[]): string;
  /** Ends a node's daemon without a word; its jobs go on. */
  killNode(node: SlurmNode): Promise<void>;
  startNode(node: SlurmNode): Promise<void>;
  stopController(): Promise<void>;
  /** `-c` lets it forget all jobs. */
  startController(...args: string[]): Promise<void>;
  stop(): Promise<void>;
}

const DAEMONS = ["munged", "slurmctld", "slurmd"] as const;
const COMMANDS = ["sbatch", "squeue", "scontrol", "scancel", "sinfo"];
const PATH = [process.env.PATH ?? "", "/usr/sbin", "/usr/local/sbin"].join(delimiter);

export const hasSlurm =
  process.platform === "linux" && [...DAEMONS, ...COMMANDS].every((program) => find(program) !== null);

/** Describes what needs a real Slurm; without one the tests are reported as skipped. */
export const describeWithSlurm = hasSlurm ? describe : describe.skip;
if (!hasSlurm) {
  process.stderr.write(
    "skipped: tests against Slurm (slurmctld, slurmd, slurm-client, munge), which is not installed\n",
  );
}

interface SlurmOptions {
  /** How long the controller remembers jobs that have ended. */
  minJobAgeSeconds?: number;
}

export async function startSlurm({ minJobAgeSeconds = 300 }: SlurmOptions = {}): Promise<SlurmCluster> {
  const folder = mkdtempSync(join(tmpdir(), "mllm-slurm-"));
  // munged's socket is for everybody.
  chmodSync(folder, 0o755);
  const env = { ...process.env, PATH, SLURM_CONF: join(folder, "slurm.conf") };
  const ports = await freePorts(3);
  writeConfiguration(folder, { ports, minJobAgeSeconds });
  const running = new Map<string, ChildProcess>();
  const start = (name: string, program: (typeof DAEMONS)[number], args: string[]) => {
    running.set(name, spawn(program, args, { env, stdio: "ignore" }));
  };
  const end = async (name: string, signal: NodeJS.Signals) => {
    const child = running.get(name);
    running.delete(name);
    child?.kill(signal);
    await until(() => child === undefined || child.exitCode !== null || child.signalCode !== null);
  };
  const slurm = (program: string, ...args: string[]) =>
    execFileSync(program, args, {
      env,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      timeout: 60_000,
    });
  const isUp = (...args: string[]) => {
    try {
      return /^(idle|mixed|allocated|completing)\n$/.test(
        slurm("sinfo", "-h", "-o", "%T", "-p", "main", ...args),
      );
    } catch {
      return false;
    }
  };
  const startController = async (...args: string[]) => {
    start("controller", "slurmctld", ["-D", "-i", ...args]);
    await until(() => canAsk(slurm));
  };
  const startNode = async (node: SlurmNode) => {
    start(node, "slurmd", ["-D", "-N", node]);
    await until(() => isUp("-n", node));
  };
  start("munged", "munged", mungeArguments(folder));
  await until(() => existsSync(join(folder, "munge.socket")));
  await startController("-c");
  await Promise.all(SLURM_NODES.map(startNode));
  return {
    env,
    folder,
    slurm,
    killNode: (node) => end(node, "SIGKILL"),
    startNode,
    // Killed, it would forget what it has not written down yet.
    stopController: () => end("controller", "SIGTERM"),
    startController,
    stop: async () => {
      slurm("scancel", "--me");
      await until(() => slurm("squeue", "-h") === "");
      for (const name of [...running.keys()].reverse()) await end(name, "SIGTERM");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function find(program: string): string | null {
  const folder = PATH.split(delimiter).find((each) => each !== "" && existsSync(join(each, program)));
  return folder === undefined ? null : join(folder, program);
}

function canAsk(slurm: SlurmCluster["slurm"]): boolean {
  try {
    return slurm("scontrol", "ping").includes("is UP");
  } catch {
    return false;
  }
}

function mungeArguments(folder: string): string[] {
  writeFileSync(join(folder, "munge.key"), randomBytes(128), { mode: 0o600 });
  const files = { socket: "munge.socket", "key-file": "munge.key", "pid-file": "munged.pid" };
  const places = { ...files, "log-file": "munged.log", "seed-file": "munged.seed" };
  // A folder for temporary files is not as strict as munged would have it.
  const options = Object.entries(places).map(([name, file]) => `--${name}=${join(folder, file)}`);
  return ["--foreground", "--force", "--num-threads=2", ...options];
}

function writeConfiguration(
  folder: string,
  { ports, minJobAgeSeconds }: { ports: number[]; minJobAgeSeconds: number },
): void {
  const host = hostname().split(".")[0];
  const user = userInfo().username;
  const [controller, a, b] = ports;
  const [one, two] = SLURM_NODES;
  for (const place of ["state", `spool-${one}`, `spool-${two}`]) mkdirSync(join(folder, place));
  for (const index of [0, 1]) writeFileSync(join(folder, `gpu${index}`), "");
  const gpus = [`NodeName=${one},${two} Name=gpu Type=a100-80gb File=${folder}/gpu0`];
  gpus.push(`NodeName=${two} Name=gpu Type=h100 File=${folder}/gpu1`);
  writeFileSync(join(folder, "gres.conf"), gpus.map((line) => `${line}\n`).join(""));
  writeFileSync(
    join(folder, "slurm.conf"),
    `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${folder}/munge.socket
CredType=cred/munge
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool-%n
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd-%n.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=bf_interval=1,batch_sched_delay=0,sched_interval=1
SlurmdParameters=config_overrides
ReturnToService=2
MessageTimeout=3
SlurmdTimeout=10
InactiveLimit=0
KillWait=2
MinJobAge=${minJobAgeSeconds}
OverTimeLimit=0
JobRequeue=1
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
NodeName=${one} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${a} CPUs=16 Gres=gpu:a100-80gb:1
NodeName=${two} NodeHostname=${host} NodeAddr=127.0.0.1 Port=${b} CPUs=16 Gres=gpu:a100-80gb:1,gpu:h100:1
PartitionName=main Nodes=${one},${two} Default=YES PriorityTier=1
PartitionName=urgent Nodes=${one},${two} PriorityTier=10 PreemptMode=OFF
`,
  );
}

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
