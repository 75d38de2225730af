import { join } from "node:path";
import type { Context } from "../context.js";

/** For processes of the trainer's environment: its packages are found without being installed. */
export function trainerEnvironment({ env, packageRoot }: Context): Record<string, string | undefined> {
  return { ...env, PYTHONPATH: join(packageRoot, "trainer"), PYTHONDONTWRITEBYTECODE: "1" };
}
