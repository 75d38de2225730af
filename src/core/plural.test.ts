import { describe, expect, it } from "@jest/globals";
import { plural } from "./plural.js";

describe("plural", () => {
  it("says one of a thing, and several or none of them", () => {
    expect([plural(1, "answer"), plural(2, "answer"), plural(0, "answer")]).toEqual([
      "1 answer",
      "2 answers",
      "0 answers",
    ]);
  });

  it("knows the ending of trajectories, and leaves that of days", () => {
    expect([plural(2, "trajectory"), plural(1, "trajectory"), plural(2, "day")]).toEqual([
      "2 trajectories",
      "1 trajectory",
      "2 days",
    ]);
  });

  it("takes the figures it is given", () => {
    expect(plural(2000, "row", "2,000")).toBe("2,000 rows");
  });
});
