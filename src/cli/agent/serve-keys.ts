import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";
import { createSecrets } from "../credentials.js";

const GROUP_OR_OTHERS = 0o077;
const SHORTEST = 16;
const MAKE_ONE = "openssl rand -hex 32 makes a good one.";

/** The keys that clients may show: MLLM_SERVE_KEY and the lines of a file. Never from the command line, which others see. */
export async function readServeKeys(context: Context, keyFile: string | undefined): Promise<string[]> {
  const own = createSecrets(context)("MLLM_SERVE_KEY");
  const given = own === null ? [] : [{ key: own, place: "MLLM_SERVE_KEY" }];
  const all = keyFile === undefined ? given : [...given, ...(await readKeyFile(context, keyFile))];
  for (const { key, place } of all) {
    if (key.length < SHORTEST || /\s/.test(key)) {
      throw new MllmError(
        "bad_credentials",
        `${place}: expected at least ${SHORTEST} characters, no blanks`,
        {
          hint: MAKE_ONE,
        },
      );
    }
  }
  return [...new Set(all.map(({ key }) => key))];
}

async function readKeyFile({ cwd }: Context, path: string): Promise<{ key: string; place: string }[]> {
  const file = resolve(cwd, path);
  const explained = (error: unknown) => {
    throw explainSystemError(error, path);
  };
  const mode = (await stat(file).catch(explained)).mode & 0o777;
  if ((mode & GROUP_OR_OTHERS) !== 0) {
    const message = `${path} can be read by others (mode ${mode.toString(8)}, expected 600)`;
    throw new MllmError("bad_credentials", message, { hint: `chmod 600 ${path}` });
  }
  const text = await readFile(file, "utf8").catch(explained);
  const keys = text.split("\n").flatMap((line, index) => {
    const key = line.trim();
    return key === "" || key.startsWith("#") ? [] : [{ key, place: `${path}:${index + 1}` }];
  });
  if (keys.length > 0) return keys;
  throw new MllmError("bad_credentials", `${path} holds no key`, { hint: MAKE_ONE });
}
