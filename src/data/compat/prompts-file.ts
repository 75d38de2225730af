import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { explainSystemError, MllmError } from "../../core/errors.js";
import { SUBSETS, type Subset } from "../../core/roles.js";

export type CompatPrompts = Record<Subset, string>;

const HINT = `Give a JSON file with the texts ${SUBSETS.join(", ")}; their placeholders are {doc}, {tool_names}, {history}, {thought}.`;

/** The reference's four prompts, which the user brings. */
export async function readCompatPrompts(shownPath: string, cwd: string): Promise<CompatPrompts> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(await readFile(resolve(cwd, shownPath), "utf8"));
  } catch (error) {
    const explained = explainSystemError(error, `profile ${shownPath}`);
    if (explained instanceof MllmError) throw explained;
    throw new MllmError("bad_profile", `profile ${shownPath} is not valid JSON`, {
      hint: HINT,
      cause: error,
    });
  }
  const prompts = typeof parsed === "object" && parsed !== null ? (parsed as Record<string, unknown>) : {};
  const missing = SUBSETS.filter((subset) => typeof prompts[subset] !== "string");
  if (missing.length > 0) {
    throw new MllmError("bad_profile", `profile ${shownPath} has no text for: ${missing.join(", ")}`, {
      hint: HINT,
    });
  }
  return prompts as CompatPrompts;
}
