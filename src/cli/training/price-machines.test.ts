import { describe, expect, it } from "@jest/globals";
import { createManifest } from "../../../test/dataset-fixture.js";
import type { Provider, Submission } from "../../providers/provider.js";
import { START_SECONDS } from "../../recipe/estimate-time.js";
import { parseRecipe } from "../../recipe/load-recipe.js";
import { resolveJob } from "../../recipe/resolve-job.js";
import type { StartedJob } from "./check-start.js";
import { priceMachines } from "./price-machines.js";

const PRICES: Record<string, number> = { "a100-80gb": 2, "h100-80gb": 4, l40s: 1, "l4-24gb": 0.5 };

function started(gpus: number) {
  const recipe = `name: a\nmodel: m-7b\nresources: {gpus: ${gpus}, gpu: a100-80gb}\n`;
  const job = resolveJob(parseRecipe(recipe, "a.yaml"), "backbone");
  const submission = { resources: { gpuTypes: ["a100-80gb"] } } as unknown as Submission;
  const quote = { dollarsPerHour: 2, dollars: null, source: "list" };
  const counts = { tokens: 3e7, trainedTokens: 3e6, basis: "counted" as const };
  const request = { job, manifest: createManifest(100), counts, gpu: "a100-80gb" };
  return { started: { job, submission, quote } as unknown as StartedJob, request };
}

const provider = {
  quote: async ({ resources }: Submission) => {
    const price = PRICES[resources.gpuTypes[0] ?? ""];
    if (price === undefined) throw new Error("no such GPU");
    return { dollarsPerHour: price, dollars: null, source: "list" };
  },
} as unknown as Provider;

describe("priceMachines", () => {
  it("puts the recipe's type first, then those with a price, the cheapest job first, and says which are too small", async () => {
    const { started: job, request } = started(1);
    const machines = await priceMachines({ provider, isListing: true }, job, [request]);
    expect(machines[0]).toMatchObject({ gpu: "a100-80gb", gpus: 1, dollarsPerHour: 2, fits: false });
    const others = machines.slice(1);
    expect(others.map(({ gpu }) => gpu).sort()).toEqual(["h100-80gb", "l4-24gb", "l40s-48gb"]);
    const dollars = others.map((machine) => machine.dollars ?? Number.NaN);
    expect(dollars).toEqual([...dollars].sort((a, b) => a - b));
  });

  it("asks for each price once, however many roles one job trains", async () => {
    const { started: job, request } = started(1);
    const asked: string[] = [];
    const counting: Provider = {
      ...provider,
      quote: (submission) => {
        asked.push(submission.resources.gpuTypes[0] ?? "");
        return provider.quote(submission);
      },
    };
    const parts = [request, request, request] as const;
    const machines = await priceMachines({ provider: counting, isListing: true }, job, parts);
    expect(asked).toEqual([...new Set(asked)]);
    const [one] = await priceMachines({ provider, isListing: false }, job, [request]);
    const seconds = 3 * (one?.seconds ?? 0) - 2 * START_SECONDS;
    expect(machines[0]).toEqual({ ...one, seconds, dollars: (2 * seconds) / 3600 });
  });

  it("asks for no other type where the provider has no list, and for none on a CPU", async () => {
    const one = started(1);
    const alone = await priceMachines({ provider, isListing: false }, one.started, [one.request]);
    expect(alone.map(({ gpu }) => gpu)).toEqual(["a100-80gb"]);
    const cpu = started(0);
    expect(await priceMachines({ provider, isListing: true }, cpu.started, [cpu.request])).toEqual([]);
  });
});
