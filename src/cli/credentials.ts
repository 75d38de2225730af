import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { explainSystemError, MllmError, systemErrorCode } from "../core/errors.js";
import type { Context } from "./context.js";

/** What providers may ask for. Their values are taken out of everything `main` renders. */
const SECRET_NAMES = [
  "HF_TOKEN",
  "MLLM_BACKEND_TOKEN",
  "MLLM_JUDGE_TOKEN",
  "MLLM_SERVE_KEY",
  "RUNPOD_API_KEY",
  "TOGETHER_API_KEY",
] as const;

/** Shorter than any token: taking such a value out of a text would only mangle it. */
const MINIMUM_SECRET_LENGTH = 8;

const GROUP_OR_OTHERS = 0o077;

type Environment = Context["env"];

/**
 * Looks secrets up: in the environment, in the credentials file, and HF_TOKEN where Hugging Face's own tools keep it.
 * Files are read when the first secret that the environment lacks is asked for. Throws bad_credentials where the
 * credentials file may be read by others than its owner, or is no list of KEY=value lines.
 */
export function createSecrets({ env }: Pick<Context, "env">): (name: string) => string | null {
  let fromFile: Record<string, string | undefined> | null = null;
  return (name) => {
    const given = env[name]?.trim();
    if (given) return given;
    fromFile ??= readCredentials(env);
    return fromFile[name]?.trim() || (name === "HF_TOKEN" ? readHubToken(env) : null);
  };
}

/** MLLM_CREDENTIALS, or the file of the user's configuration folder; null where there is no such folder. */
function credentialsPath(env: Environment): string | null {
  if (env.MLLM_CREDENTIALS) return env.MLLM_CREDENTIALS;
  const folder = env.XDG_CONFIG_HOME || (env.HOME ? join(env.HOME, ".config") : null);
  return folder === null ? null : join(folder, "mllm", "credentials");
}

/** The text with the values of all secrets replaced by their names. Never throws, so that errors can be rendered. */
export function redactSecrets(text: string, context: Pick<Context, "env">): string {
  const secret = createSecrets(context);
  return SECRET_NAMES.reduce((redacted, name) => {
    const value = tryRead(() => secret(name)) ?? context.env[name];
    return value && value.length >= MINIMUM_SECRET_LENGTH
      ? redacted.replaceAll(value, `<${name}>`)
      : redacted;
  }, text);
}

function tryRead(read: () => string | null): string | null {
  try {
    return read();
  } catch {
    return null;
  }
}

function readCredentials(env: Environment): Record<string, string | undefined> {
  const path = credentialsPath(env);
  if (path === null) return {};
  const text = readPrivateFile(path, { mayBeMissing: !env.MLLM_CREDENTIALS });
  if (text === null) return {};
  // A line is never quoted in an error: it may be a secret.
  const odd = text.split("\n").findIndex((line) => !/^\s*(#.*|(export\s+)?[A-Za-z_]\w*\s*=.*)?$/.test(line));
  if (odd >= 0) {
    const message = `${path}:${odd + 1} is not a KEY=value line`;
    throw new MllmError("bad_credentials", message, { hint: "Write one HF_TOKEN=... on each line." });
  }
  return parseEnv(text);
}

function readPrivateFile(path: string, { mayBeMissing }: { mayBeMissing: boolean }): string | null {
  try {
    const file = openSync(path, "r");
    try {
      const mode = fstatSync(file).mode & 0o777;
      if ((mode & GROUP_OR_OTHERS) !== 0) {
        const message = `${path} can be read by others (mode ${mode.toString(8)}, expected 600)`;
        throw new MllmError("bad_credentials", message, { hint: `chmod 600 ${path}` });
      }
      return readFileSync(file, "utf8");
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (mayBeMissing && systemErrorCode(error) === "ENOENT") return null;
    throw explainSystemError(error, path);
  }
}

/** The file that `hf auth login` writes; its mode is that tool's concern. */
function readHubToken(env: Environment): string | null {
  const cache = env.XDG_CACHE_HOME || (env.HOME ? join(env.HOME, ".cache") : null);
  const home = env.HF_HOME || (cache === null ? null : join(cache, "huggingface"));
  const path = env.HF_TOKEN_PATH || (home === null ? null : join(home, "token"));
  if (path === null) return null;
  return tryRead(() => readFileSync(path, "utf8").trim()) || null;
}
