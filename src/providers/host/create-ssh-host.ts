import { ProviderError } from "../../core/errors.js";
import { makeControlPath } from "./control-path.js";
import { collect, streamOutput } from "./create-here.js";
import { explainSshFailure } from "./explain-ssh-failure.js";
import type { Host, HostCommand } from "./host.js";
import { quoteCommand } from "./quote-argument.js";
import { type ProgramEnd, startProgram } from "./start-program.js";

interface SshHostSettings {
  /** For errors. */
  provider: string;
  /** As on the command line of ssh. */
  host: string;
  /** `PATH`, `HOME`, the agent's socket; `MLLM_SSH_CONFIG` names another configuration file than the user's. */
  env: Readonly<Record<string, string | undefined>>;
}

/** How ssh says that not the program but the connection has failed. */
const CONNECTION_FAILED = 255;

/**
 * A machine that the system's ssh reaches, as the user's configuration says. It never asks, and never goes to a host
 * whose key is not known. The host's login shell has to be one of the Bourne family.
 */
export function createSshHost(settings: SshHostSettings): Host {
  const { host, env } = settings;
  const configuration = env.MLLM_SSH_CONFIG === undefined ? [] : ["-F", env.MLLM_SSH_CONFIG];
  let control: Promise<string | null> | undefined;
  const start = async (command: HostCommand, timeoutSeconds: number | undefined) => {
    control ??= makeControlPath(env, [host, ...configuration]);
    const line = quoteCommand([command.program, ...(command.args ?? [])]);
    const args = [...configuration, ...sshOptions(await control), "--", host, line];
    return startProgram({ program: "ssh", args, env, stdin: command.stdin, timeoutSeconds });
  };
  return {
    name: host,
    run: async (command) => {
      const running = await start(command, command.timeoutSeconds ?? 300);
      return collect(running, (end) => explain(settings, command, end));
    },
    stream: async function* (command) {
      const running = await start(command, command.timeoutSeconds);
      return yield* streamOutput(running, (end) => explain(settings, command, end));
    },
  };
}

function sshOptions(control: string | null): string[] {
  const options = {
    BatchMode: "yes",
    StrictHostKeyChecking: "yes",
    ConnectTimeout: "20",
    ServerAliveInterval: "15",
    ServerAliveCountMax: "3",
    ...(control === null
      ? { ControlPath: "none" }
      : { ControlMaster: "auto", ControlPath: control, ControlPersist: "30" }),
    // What the user's configuration forwards for work by hand would fail or surprise here.
    ClearAllForwardings: "yes",
    ForwardX11: "no",
    RequestTTY: "no",
    RemoteCommand: "none",
  };
  return Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
}

function explain(settings: SshHostSettings, { isReadOnly }: HostCommand, end: ProgramEnd): number {
  if (end.error !== null) {
    throw new ProviderError(settings.provider, `ssh cannot be started (${end.error.message})`, {
      code: "environment_missing",
      hint: "Install OpenSSH's client.",
      cause: end.error,
    });
  }
  if (end.code !== null && end.code !== CONNECTION_FAILED) return end.code;
  throw explainSshFailure(settings, end, { isAmbiguous: isReadOnly !== true });
}
