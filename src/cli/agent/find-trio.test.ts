import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { ROLES } from "../../core/roles.js";
import { openState } from "../../state/open-state.js";
import type { State } from "../../state/state.js";
import { findTrio, REPRODUCTION_PREFIX } from "./find-trio.js";

let state: State;
beforeEach(() => {
  state = openState(join(makeFolder(), "state.db"));
});
afterEach(() => state.close());

let clock = 0;
const tick = () => new Date(++clock).toISOString();

/** Three roles of one backbone, as a run of this recipe has made them. */
function addTrio(recipeName: string, backbone: string): void {
  const run = state.ensureRun({ recipeName, recipeSha256: "r", dataHash: "d" }, tick());
  for (const role of ROLES) {
    const id = `${role}-of-${backbone}`;
    const claim = { provider: "local", claimant: "test", placement: {}, parentJobId: null, at: tick() };
    state.claimJob({
      ...{
        ...claim,
        runId: run.id,
        jobKey: id,
        newJobId: `job-${id}`,
        outputDir: "/",
        stage: 2,
        subset: role,
      },
    });
    state.saveCheckpoint({
      ...{ id, hash: id, path: `/${id}`, jobId: `job-${id}`, parentId: backbone, stage: 2, subset: role },
      ...{ globalStep: 1, kind: "full", dataHash: "d", validationLoss: 1, initialValidationLoss: 2 },
      ...{ isBest: true, isLast: true, state: "complete", createdAt: tick() },
    });
  }
}

const found = () => ROLES.map((role) => findTrio(state, {})[role].id);
const trioOf = (backbone: string) => ROLES.map((role) => `${role}-of-${backbone}`);

describe("findTrio", () => {
  it("takes the newest roles that came from one backbone", () => {
    addTrio("a", "first");
    addTrio("b", "second");
    expect(found()).toEqual(trioOf("second"));
  });

  it("passes over the arms of a reproduction, unless there is nothing else", () => {
    addTrio(`${REPRODUCTION_PREFIX}a`, "arm");
    expect(found()).toEqual(trioOf("arm"));
    addTrio("a", "own");
    addTrio(`${REPRODUCTION_PREFIX}b`, "later-arm");
    expect(found()).toEqual(trioOf("own"));
  });
});
