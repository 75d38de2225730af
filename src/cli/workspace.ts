import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { Provider } from "../providers/provider.js";
import type { State } from "../state/open-state.js";
import type { Claimant, Session } from "../training/session.js";
import type { Context } from "./context.js";

/** Where this project keeps what it knows. Nothing of it need exist yet. */
export interface WorkspacePaths {
  /** `.mllm` in the working folder, or MLLM_DIR. */
  stateDir: string;
  databaseFile: string;
  /** Job folders lie in here, each named by its id. */
  jobsFolder: string;
  environmentFolder: string;
  /** MLLM_PYTHON, or the one that `mllm setup` makes. */
  python: string;
}

export function resolveWorkspace({ env, cwd }: Pick<Context, "env" | "cwd">): WorkspacePaths {
  const stateDir = resolve(cwd, env.MLLM_DIR || ".mllm");
  const environmentFolder = join(stateDir, "venv");
  return {
    stateDir,
    databaseFile: join(stateDir, "state.db"),
    jobsFolder: join(stateDir, "jobs"),
    environmentFolder,
    python: env.MLLM_PYTHON || join(environmentFolder, "bin", "python"),
  };
}

/** Opens what a command needs, when it needs it. */
export interface Workspace extends WorkspacePaths {
  /** False before the first training here: then there is nothing to show, and nothing should be written. */
  hasState(): boolean;
  /** Makes the database if there is none. The same object every time. */
  openState(): Promise<State>;
  openProvider(name: string): Promise<Provider>;
  /** State, provider, clock and interruption in one, as the functions of `src/training` take them. */
  openSession(providerName: string): Promise<Session>;
  close(): void;
}

export function openWorkspace(context: Context): Workspace {
  const paths = resolveWorkspace(context);
  let state: State | null = null;
  const workspace: Workspace = {
    ...paths,
    hasState: () => existsSync(paths.databaseFile),
    openState: async () => {
      const { openState } = await import("../state/open-state.js");
      state ??= openState(paths.databaseFile);
      return state;
    },
    openProvider: async (name) => {
      const { createProvider } = await import("../providers/index.js");
      const { env, packageRoot } = context;
      const { python, stateDir } = paths;
      const now = () => context.now();
      const sleep = (milliseconds: number) => context.sleep(milliseconds);
      return createProvider(name, { local: { python, packageRoot, env, stateDir, now, sleep } });
    },
    openSession: async (providerName) => ({
      state: await workspace.openState(),
      provider: await workspace.openProvider(providerName),
      claimant: await createClaimant(),
      now: () => context.now(),
      sleep: (milliseconds) => context.sleep(milliseconds),
      signal: context.signal,
    }),
    close: () => {
      state?.close();
      state = null;
    },
  };
  return workspace;
}

/** This process, told from a later one with the same number and from those of other machines. */
async function createClaimant(): Promise<Claimant> {
  const { isProcessAlive, readProcessStart } = await import("../providers/local/process-liveness.js");
  const start = await readProcessStart(process.pid);
  return {
    id: [hostname(), process.pid, (start ?? new Date(0)).toISOString()].join(" "),
    isAlive: async (id) => {
      const [host, pid, startedAt = ""] = id.split(" ");
      // Whether a process of another machine lives cannot be seen from here; its claim stands.
      if (host !== hostname()) return true;
      return isProcessAlive({ pid: Number(pid), startedAt });
    },
  };
}
