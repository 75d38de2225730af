import { spawn } from "node:child_process";
import { ProviderError } from "../../core/errors.js";
import { withoutColours } from "./read-output.js";

export interface SkySettings {
  /** The client's executable: a path, or a name to be found in PATH. */
  command: string;
  env: Readonly<Record<string, string | undefined>>;
}

export interface SkyOutput {
  exitCode: number;
  stdout: string;
  stderr: string;
}

interface SkyCall {
  args: readonly string[];
  timeoutSeconds: number;
  /** Added to the client's environment. Taken out of everything it says. */
  secrets?: Readonly<Record<string, string>>;
  /** It makes something, so that it must not be repeated blindly. */
  isCreate?: boolean;
}

const KEPT_CHARACTERS = 32 * 1024 * 1024;

/**
 * Runs SkyPilot's command-line client once. It is a process group of its own, because an interrupt at the terminal
 * must not end it in the middle of a launch. Throws where it could not be started, did not end in time, or was killed:
 * what it had asked for may then still be carried out by SkyPilot's server.
 */
export async function runSky(settings: SkySettings, call: SkyCall): Promise<SkyOutput> {
  const { args, timeoutSeconds, secrets = {} } = call;
  const child = spawn(settings.command, args, {
    env: { ...settings.env, ...secrets },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      if (output[name].length < KEPT_CHARACTERS) output[name] += text;
    });
  }
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup(child.pid);
  }, timeoutSeconds * 1000);
  try {
    const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(
      (resolve, reject) => {
        child.on("error", reject);
        child.on("close", (code, signal) => resolve({ code, signal }));
      },
    );
    if (isLate) throw interrupted(call, `did not end within ${timeoutSeconds} seconds`);
    if (code === null) throw interrupted(call, `was ended by ${signal}`);
    return { exitCode: code, stdout: redact(output.stdout, secrets), stderr: redact(output.stderr, secrets) };
  } catch (error) {
    throw error instanceof ProviderError ? error : notStarted(settings.command, error);
  } finally {
    clearTimeout(timer);
  }
}

/** What the client said last, which is where it says what is wrong. */
export function lastWords({ stdout, stderr }: Pick<SkyOutput, "stdout" | "stderr">): string {
  const lines = (text: string) =>
    withoutColours(text)
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
  const said = lines(stderr);
  return (said.length > 0 ? said : lines(stdout)).slice(-5).join("\n").slice(-1500);
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has just ended by itself.
  }
}

function redact(text: string, secrets: Readonly<Record<string, string>>): string {
  return Object.entries(secrets).reduce((said, [name, value]) => said.replaceAll(value, `<${name}>`), text);
}

function interrupted({ args, isCreate = false }: SkyCall, what: string): ProviderError {
  return new ProviderError("skypilot", `\`${["sky", ...args.slice(0, 2)].join(" ")}\` ${what}`, {
    code: "unreachable",
    hint: "Look at `sky api info`; then run the command again: it looks first for what was started.",
    isRetryable: true,
    isAmbiguous: isCreate,
  });
}

function notStarted(command: string, cause: unknown): ProviderError {
  return new ProviderError("skypilot", `${command} could not be started`, {
    code: "environment_missing",
    hint: "Install SkyPilot (pip install 'skypilot[aws]'), or name its `sky` in MLLM_SKY.",
    cause,
  });
}
