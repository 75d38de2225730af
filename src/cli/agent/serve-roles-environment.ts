import { trainerPath } from "../../providers/trainer-command.js";
import type { Context } from "../context.js";

/** For processes of the trainer's environment: its packages are found without being installed. */
export function trainerEnvironment({ env, packageRoot }: Context): Record<string, string | undefined> {
  return { ...env, PYTHONPATH: trainerPath(packageRoot, env.PYTHONPATH), PYTHONDONTWRITEBYTECODE: "1" };
}
