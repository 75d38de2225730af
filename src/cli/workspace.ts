import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import type { Provider } from "../providers/provider.js";
import type { State } from "../state/open-state.js";
import type { Claimant, Session } from "../training/session.js";
import type { Context } from "./context.js";

/** Where this project keeps what it knows. Nothing of it need exist yet. */
interface WorkspacePaths {
  /** `.mllm` in the working folder, or MLLM_DIR. */
  stateFolder: string;
  databaseFile: string;
  environmentFolder: string;
  /** MLLM_PYTHON, or the one that `mllm setup` makes. */
  python: string;
}

export function resolveWorkspace({ env, cwd }: Pick<Context, "env" | "cwd">): WorkspacePaths {
  const stateFolder = resolve(cwd, env.MLLM_DIR || ".mllm");
  const environmentFolder = join(stateFolder, "venv");
  return {
    stateFolder,
    databaseFile: join(stateFolder, "state.db"),
    environmentFolder,
    python: resolvePython(cwd, env.MLLM_PYTHON) ?? ownPython(environmentFolder),
  };
}

function ownPython(environmentFolder: string): string {
  return join(environmentFolder, "bin", "python");
}

/** A bare name is looked up in PATH; a path is the caller's, while the trainer starts in the job's folder. */
function resolvePython(cwd: string, given: string | undefined): string | null {
  if (!given) return null;
  return given.includes("/") ? resolve(cwd, given) : given;
}

interface WorkspaceOptions {
  /** `local` where none is named. */
  provider?: string;
  /**
   * `make`: opens the database, making it where it is missing. `existing`: opens one that is there and makes none.
   * `read-only`: reads one that is there and changes nothing. `make` where nothing is said.
   */
  database?: "make" | "existing" | "read-only";
}

export interface Workspace extends WorkspacePaths {
  /** Null where nothing was trained here yet and no database was to be made. */
  state: State | null;
  provider: Provider;
  /** State, provider, clock and interruption in one, as `src/training` takes them. Throws where there is no state. */
  readonly session: Session;
  /** The same with the provider of this name. */
  sessionWith(provider: string): Session;
  close(): void;
}

export async function openWorkspace(context: Context, options: WorkspaceOptions = {}): Promise<Workspace> {
  const paths = resolveWorkspace(context);
  const { createProvider } = await import("../providers/index.js");
  const { openState, openStateReadOnly } = await import("../state/open-state.js");
  const claimant = await createClaimant(context);
  const now = () => context.now();
  const sleep = (milliseconds: number) => context.sleep(milliseconds);
  const { python, stateFolder, environmentFolder } = paths;
  const { packageRoot, env, signal } = context;
  const isOwnPython = python === ownPython(environmentFolder);
  const local = { python, isOwnPython, packageRoot, env, stateFolder, now, sleep };
  const provider = createProvider(options.provider ?? "local", { local });
  const { databaseFile } = paths;
  const wanted = options.database ?? "make";
  const open = wanted === "read-only" ? openStateReadOnly : openState;
  const state = wanted !== "make" && !existsSync(databaseFile) ? null : open(databaseFile);
  const sessionOf = (with_: Provider): Session => {
    if (state === null) throw new Error(`${databaseFile} was not opened`);
    return { state, provider: with_, claimant, now, sleep, signal };
  };
  return {
    ...paths,
    state,
    provider,
    get session() {
      return sessionOf(provider);
    },
    sessionWith: (name) => sessionOf(createProvider(name, { local })),
    close: () => state?.close(),
  };
}

const FOREIGN_CLAIM_MILLISECONDS = 120_000;

/** This process, told from a later one with the same number and from those of other machines. */
async function createClaimant(context: Context): Promise<Claimant> {
  const { isProcessAlive, readProcessStart } = await import("../providers/local/process-liveness.js");
  const start = await readProcessStart(process.pid);
  return {
    id: [hostname(), process.pid, (start ?? new Date(0)).toISOString()].join(" "),
    isAlive: async (id, claimedAt) => {
      const [host, pid, startedAt = ""] = id.split(" ");
      // A process of another machine or container cannot be seen from here.
      if (host !== hostname())
        return context.now().getTime() - Date.parse(claimedAt) < FOREIGN_CLAIM_MILLISECONDS;
      return isProcessAlive({ pid: Number(pid), startedAt });
    },
  };
}
