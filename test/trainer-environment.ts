import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe } from "@jest/globals";
import { packageRoot } from "./shared-data.js";

/** The interpreter that has the trainer's packages; `npm test` makes it. */
export const trainerPython = process.env.MLLM_PYTHON ?? join(packageRoot, ".mllm", "venv", "bin", "python");

/** Describes what really trains; without the environment the tests are reported as skipped. */
export const describeWithTrainer = existsSync(trainerPython) ? describe : describe.skip;
