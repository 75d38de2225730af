import { describe } from "@jest/globals";
import { hasSharedData, hasSharedSpecs } from "./shared-paths.js";

export { hasSharedSpecs, packageRoot, sharedData, sharedSpecs } from "./shared-paths.js";

/** Describes what needs the reference data; without it the tests are reported as skipped. */
export const describeWithSharedData = hasSharedData ? describe : describe.skip;

/** Describes what needs the vendors' specifications; without them the tests are reported as skipped. */
export const describeWithSharedSpecs = hasSharedSpecs ? describe : describe.skip;
