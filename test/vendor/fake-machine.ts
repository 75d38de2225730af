import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containerCommand } from "../../src/providers/remote/container-command.js";
import type { FakeTrainerControl } from "../fake-trainer.js";
import type { FakeHub } from "./fake-hub.js";
import { hasHubPython, hubPython } from "./hub-python.js";

/** A container of ours at a vendor, whatever started it. */
export interface FakeMachine {
  isRunning(): boolean;
  /** Null while it runs; 128 and the signal's number where one ended it. */
  exitCode(): number | null;
  /** Everything it has said so far, stdout and stderr as they came. */
  output(): string;
  /** Ends everything in it at once. */
  kill(): void;
  /** Asks it to end, as vendors do before they kill. */
  terminate(): void;
  /** Resolves when it has ended, with the exit code. */
  ended: Promise<number>;
}

interface FakeMachineRequest {
  /** The job's environment as the vendor got it. MLLM_ROOT has to be a folder of the test's (see MLLM_CONTAINER_ROOT). */
  env: Readonly<Record<string, string | undefined>>;
  control?: FakeTrainerControl | undefined;
  hub: FakeHub;
}

const SIGNALS: Record<string, number> = { SIGKILL: 9, SIGTERM: 15 };
const running = new Set<string>();

/**
 * Runs what a container would run, the same script, against the fake Hub: only `uv` is a stub that installs nothing,
 * so the interpreter that `npm test` makes is everyone's. A new machine of a job finds none of the files of the one
 * before, unless that still runs. HF_TOKEN is the fake Hub's, whatever name of a secret the vendor was given.
 */
export function startFakeMachine({ env, control = {}, hub }: FakeMachineRequest): FakeMachine {
  if (!hasHubPython())
    throw new Error(`${hubPython} has no huggingface_hub: npm test makes it, or mllm setup`);
  const { MLLM_ROOT: root, MLLM_KIT: kit, MLLM_JOB: job, MLLM_REPOSITORY: repository } = env;
  if (!root || !kit || !job || !repository)
    throw new Error("the environment lacks one of MLLM_ROOT, _KIT, _JOB, _REPOSITORY");
  if (root === "/tmp/mllm") throw new Error("set MLLM_CONTAINER_ROOT to a folder of the test's own");
  const place = join(root, job);
  if (!running.has(place)) rmSync(place, { recursive: true, force: true });
  running.add(place);
  const { command, env: wanted } = containerCommand({ repository, kit, job, root, endpoint: hub.endpoint });
  const [shell = "bash", ...args] = command;
  const child = spawn(shell, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      ...process.env,
      ...env,
      ...wanted,
      PATH: `${stubTools()}:${process.env.PATH}`,
      HF_TOKEN: hub.token,
      HF_HOME: join(root, "cache"),
      FAKE_TRAINER: JSON.stringify(control),
    },
  });
  return watch(child, () => running.delete(place));
}

function watch(child: ChildProcess, onEnd: () => void): FakeMachine {
  let output = "";
  let exitCode: number | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  // `exit`, not `close`: what it started and left behind may hold its pipes.
  const ended = new Promise<number>((resolve) => {
    child.once("exit", (code, signal) => {
      // A container's end is the end of everything in it.
      signalGroup(child, "SIGKILL");
      exitCode = code ?? 128 + (SIGNALS[signal ?? ""] ?? 0);
      onEnd();
      resolve(exitCode);
    });
  });
  return {
    isRunning: () => exitCode === null,
    exitCode: () => exitCode,
    output: () => output,
    kill: () => signalGroup(child, "SIGKILL"),
    terminate: () => {
      child.kill("SIGTERM");
    },
    ended,
  };
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // Nobody is left.
  }
}

let tools: string | null = null;

/** A `uv` whose environments are the test's own interpreter. */
function stubTools(): string {
  if (tools !== null) return tools;
  tools = mkdtempSync(join(tmpdir(), "mllm-fake-tools-"));
  const script = `#!/bin/sh
[ "$1" = venv ] || exit 0
for folder; do :; done
mkdir -p "$folder/bin"
printf '#!/bin/sh\\nexec "${hubPython}" "$@"\\n' > "$folder/bin/python.new"
chmod +x "$folder/bin/python.new"
mv "$folder/bin/python.new" "$folder/bin/python"
`;
  mkdirSync(tools, { recursive: true });
  writeFileSync(join(tools, "uv"), script);
  chmodSync(join(tools, "uv"), 0o755);
  return tools;
}
