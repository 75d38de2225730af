import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";
import { canonicalJson } from "../core/ids.js";
import { ProviderSettings } from "../core/provider-settings.js";
import type { Provider } from "../providers/provider.js";
import type { ProviderEnvironment } from "../providers/provider-environment.js";
import type { Job } from "../state/rows.js";
import type { State } from "../state/state.js";
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
  /**
   * `make`: opens the database, making it where it is missing. `existing`: opens one that is there and makes none.
   * `read-only`: reads one that is there and changes nothing. `make` where nothing is said.
   */
  database?: "make" | "existing" | "read-only";
}

export interface Workspace extends WorkspacePaths {
  /** Null where nothing was trained here yet and no database was to be made. */
  state: State | null;
  /** The provider of this name, made with these settings. */
  providerWith(name: string, placement?: ProviderSettings): Promise<Provider>;
  /** State, provider, clock and interruption in one, as `src/training` takes them. Throws where there is no state. */
  sessionWith(name: string, placement?: ProviderSettings): Promise<Session>;
  /** The session in which a job was submitted. */
  sessionOf(job: Job): Promise<Session>;
  close(): void;
}

/** Between two looks at a job: our own folders can be asked often, others' servers less so. */
const POLL_MILLISECONDS = { local: 500, elsewhere: 3_000 };

/** With a state: the database is made where it is missing. */
export async function openWorkspace(context: Context): Promise<Workspace & { state: State }>;
export async function openWorkspace(context: Context, options: WorkspaceOptions): Promise<Workspace>;
export async function openWorkspace(context: Context, options: WorkspaceOptions = {}): Promise<Workspace> {
  const paths = resolveWorkspace(context);
  const { openState, openStateReadOnly } = await import("../state/open-state.js");
  const { databaseFile } = paths;
  const wanted = options.database ?? "make";
  const open = wanted === "read-only" ? openStateReadOnly : openState;
  const state = wanted !== "make" && !existsSync(databaseFile) ? null : open(databaseFile);
  const claimant = await createClaimant(context);
  const providers = new Map<string, Promise<Provider>>();
  const providerWith = (name: string, placement = ProviderSettings.parse({})) => {
    const key = canonicalJson([name, placement]);
    const known = providers.get(key) ?? makeProvider(context, { name, placement, state });
    providers.set(key, known);
    return known;
  };
  const sessionWith = async (name: string, placement = ProviderSettings.parse({})): Promise<Session> => {
    if (state === null) throw new Error(`${databaseFile} was not opened`);
    const provider = await providerWith(name, placement);
    const pollMilliseconds = name === "local" ? POLL_MILLISECONDS.local : POLL_MILLISECONDS.elsewhere;
    const { now, sleep, signal } = boundClock(context);
    return { state, provider, placement, claimant, now, sleep, signal, pollMilliseconds };
  };
  const sessionOf = (job: Job) => sessionWith(job.provider, ProviderSettings.parse(job.placement));
  return { ...paths, state, providerWith, sessionWith, sessionOf, close: () => state?.close() };
}

interface ProviderRequest {
  name: string;
  placement: ProviderSettings;
  state: State | null;
}

async function makeProvider(
  context: Context,
  { name, placement, state }: ProviderRequest,
): Promise<Provider> {
  const { createProvider } = await import("../providers/index.js");
  const { createSecrets } = await import("./credentials.js");
  const { packageRoot, env } = context;
  const { python, stateFolder, environmentFolder } = resolveWorkspace(context);
  const isOwnPython = python === ownPython(environmentFolder);
  const { now, sleep } = boundClock(context);
  const environment: ProviderEnvironment = {
    local: { python, isOwnPython, packageRoot, env, stateFolder, now, sleep },
    packageRoot,
    secret: createSecrets(context),
    env,
    // A dry run before the first run has no database yet, and nothing of ours is at the provider.
    workspaceId: state?.workspaceId ?? "new",
    fetch: globalThis.fetch,
    now,
    sleep,
  };
  return createProvider(name, environment, placement);
}

function boundClock(context: Context) {
  const { signal } = context;
  return { signal, now: () => context.now(), sleep: (milliseconds: number) => context.sleep(milliseconds) };
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
