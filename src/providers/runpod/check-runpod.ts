import { MllmError } from "../../core/errors.js";
import type { RunpodSettings } from "../../core/provider-settings.js";
import type { Resources } from "../../core/resources.js";
import type { Readiness } from "../provider.js";
import { unfit } from "./choose-candidates.js";
import { runpodGpuIds } from "./gpu-types.js";
import type { RunpodClient } from "./runpod-client.js";

/** Keys, reachability, what is asked for, and what it costs. The API tells no balance. */
export async function checkRunpod(
  client: RunpodClient,
  { settings, openStorage }: { settings: RunpodSettings; openStorage(): Promise<unknown> },
  wanted: Resources,
): Promise<Readiness> {
  const readiness: Readiness = {
    isReady: false,
    problems: [],
    facts: {
      api: "REST v2 (v1 was retired on 2026-11-15, GraphQL ends in early 2027)",
      "hugging face secret": `RunPod's secret ${settings.hf_token_secret} (cannot be checked from here)`,
    },
  };
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act();
    } catch (error) {
      readiness.problems.push(toProblem(error));
    }
  };
  const misfit = unfit(wanted);
  if (misfit !== null) readiness.problems.push(toProblem(misfit));
  if (wanted.isSpot) readiness.facts.spot = "RunPod's API v2 has no spot machines: on-demand ones are used";
  await attempt(async () => {
    const pods = await client.listPods();
    readiness.facts.pods = pods.length;
    Object.assign(readiness.facts, await priceList(client, settings, wanted));
  });
  await attempt(async () => {
    await openStorage();
  });
  readiness.isReady = readiness.problems.length === 0;
  return readiness;
}

async function priceList(
  client: RunpodClient,
  { cloud }: RunpodSettings,
  { gpusPerNode, gpuTypes }: Resources,
): Promise<Readiness["facts"]> {
  const side = cloud === "SECURE" ? "secure" : "community";
  const wanted = new Set(gpuTypes.flatMap((name) => runpodGpuIds(name) ?? []));
  const gpus = await client.gpus({ count: Math.max(1, gpusPerNode), cloud });
  const shown = gpus.filter(({ id }) => wanted.size === 0 || wanted.has(id));
  return Object.fromEntries(
    shown.map(({ id, price, availability }) => [
      id,
      `$${price[side]} an hour, stock ${availability ?? "unknown"}`,
    ]),
  );
}

function toProblem(error: unknown): Readiness["problems"][number] {
  if (!(error instanceof MllmError)) throw error;
  return { code: error.code, message: error.message, hint: error.hint ?? "Try again later." };
}
