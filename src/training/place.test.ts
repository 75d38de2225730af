import { describe, expect, it } from "@jest/globals";
import { placeKey } from "./place.js";

describe("placeKey", () => {
  it("takes this machine for one place, however many jobs it may run at once", () => {
    const keys = [{}, { local: { jobs: 2 } }].map((placement) => placeKey({ provider: "local", placement }));
    expect(keys[0]).toBe(keys[1]);
  });

  it("tells the places of another provider apart by its own settings alone", () => {
    const at = (slurm: unknown, local: unknown = {}) =>
      placeKey({ provider: "slurm", placement: { slurm, local } });
    expect(at({ host: "a" })).not.toBe(at({ host: "b" }));
    expect(at({ host: "a" })).toBe(at({ host: "a" }, { jobs: 2 }));
  });
});
