import { existsSync } from "node:fs";
import { describe } from "@jest/globals";
import { resolveWorkspace } from "../src/cli/workspace.js";
import { packageRoot } from "./shared-data.js";

/** The interpreter that has the trainer's packages; `npm test` makes it. */
export const { python: trainerPython } = resolveWorkspace({ env: process.env, cwd: packageRoot });

/** Describes what really trains; without the environment the tests are reported as skipped. */
export const describeWithTrainer = existsSync(trainerPython) ? describe : describe.skip;
