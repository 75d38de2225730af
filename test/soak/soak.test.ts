import { describe, expect, it, jest } from "@jest/globals";
import { describeWithSharedSpecs } from "../shared-data.js";
import { soakLaunches } from "./soak-launches.js";
import type { SoakTarget } from "./soak-target.js";
import { SOAK_TARGETS } from "./targets.js";

jest.setTimeout(180_000);

const CLEAN = { doubled: 0, doublesAlive: 0, orphans: 0, untruthful: 0, violations: 0, words: [] };

describeWithSharedSpecs("launches through lost, late, doubled and garbled answers", () => {
  it.each(SOAK_TARGETS.map(({ name }) => name))("leave nothing behind at %s", async (name) => {
    const target = SOAK_TARGETS.find((each) => each.name === name) as SoakTarget;
    const {
      launches,
      requests: _,
      faults,
      repeated: __,
      ...rest
    } = await soakLaunches(target, {
      launches: 50,
      seed: 1,
    });
    expect(rest).toEqual(CLEAN);
    expect(launches).toBe(50);
    expect(faults).toBeGreaterThan(50);
  });

  describe("are counted", () => {
    const runpod = SOAK_TARGETS[0] as SoakTarget;
    const spoil = (
      change: (provider: ReturnType<Awaited<ReturnType<SoakTarget["start"]>>["createProvider"]>) => void,
    ) => ({
      ...runpod,
      async start(seed: number) {
        const world = await runpod.start(seed);
        return {
          ...world,
          createProvider(clock: Parameters<typeof world.createProvider>[0]) {
            const provider = world.createProvider(clock);
            change(provider);
            return provider;
          },
        };
      },
    });

    it("where a provider does not find what it has made", async () => {
      const blind = spoil((provider) => {
        provider.find = async () => null;
        provider.list = async () => [];
      });
      const counts = await soakLaunches(blind, { launches: 20, seed: 1 });
      expect(counts.orphans).toBeGreaterThan(0);
      expect(counts.words.length).toBeGreaterThan(0);
    });

    it("where it takes a lost pod for one that has failed", async () => {
      const hopeful = spoil((provider) => {
        const { status } = provider;
        provider.status = async (job) => {
          const found = await status(job);
          return found.state === "lost" ? { ...found, state: "failed" } : found;
        };
      });
      expect((await soakLaunches(hopeful, { launches: 20, seed: 1 })).untruthful).toBeGreaterThan(0);
    });
  });
});
