import { z } from "zod";
import type { Resources } from "../../core/resources.js";
import type { Quote } from "../provider.js";
import { acceleratorName } from "./accelerators.js";
import type { ManagedJob } from "./job-queue.js";
import { readJson } from "./read-output.js";
import { lastWords, runSky, type SkySettings } from "./sky-client.js";

/** An entry of `sky gpus list TYPE:COUNT -o json`: what one machine costs an hour, in US dollars. */
const Offer = z.object({
  cloud: z.string(),
  instance_type: z.string().nullish(),
  price: z.number().nullish(),
  spot_price: z.number().nullish(),
});
const Offers = z.record(z.string(), z.array(Offer));

const PRICES_SECONDS = 120;

interface Wish {
  /** `H100:8`. */
  accelerator: string;
  /** Where, in SkyPilot's words. */
  infra: string | undefined;
  isSpot: boolean;
  nodes: number;
}

/** What SkyPilot's catalog says that machines cost. Each question is asked once: the catalog changes by the day. */
export interface Prices {
  quote(resources: Resources, infra: string | undefined): Promise<Quote>;
  /** Of the machines that a job has got; null where it has none yet or they are in no price list. */
  ofJob(job: ManagedJob | null): Promise<number | null>;
}

/** `clouds` are those that are enabled, in lower case: the catalog has all there are. */
export function createPrices(sky: SkySettings, clouds: () => Promise<ReadonlySet<string>>): Prices {
  const known = new Map<string, Promise<Quote>>();
  const price = (wish: Wish) => {
    const key = JSON.stringify(wish);
    const quote = known.get(key) ?? readPrice(sky, wish, clouds);
    known.set(key, quote);
    return quote;
  };
  return {
    async quote({ gpusPerNode, gpuTypes, isSpot, nodes }, infra) {
      const [type] = gpuTypes;
      if (gpusPerNode === 0 || type === undefined)
        return none("SkyPilot's price list is of machines with GPUs");
      return price({ accelerator: `${acceleratorName(type)}:${gpusPerNode}`, infra, isSpot, nodes });
    },
    async ofJob(job) {
      const wish = job === null ? null : readWish(job);
      return wish === null ? null : (await price(wish)).dollarsPerHour;
    },
  };
}

/** From `2x(gpus=H100:8, p5.48xlarge, [Spot], ...)`. */
function readWish({ cluster_resources, cloud }: ManagedJob): Wish | null {
  const got = /^(\d+)x.*\bgpus=([^\s,()]+:\d+)/.exec(cluster_resources ?? "");
  if (got === null || !cloud) return null;
  const isSpot = /\[spot\]/i.test(cluster_resources ?? "");
  return { accelerator: got[2] ?? "", infra: cloud.toLowerCase(), isSpot, nodes: Number(got[1]) };
}

async function readPrice(
  sky: SkySettings,
  wish: Wish,
  clouds: () => Promise<ReadonlySet<string>>,
): Promise<Quote> {
  const { accelerator, infra, isSpot, nodes } = wish;
  const where = infra === undefined ? [] : ["--infra", infra];
  const args = ["gpus", "list", accelerator, ...where, "-o", "json"];
  const output = await runSky(sky, { args, timeoutSeconds: PRICES_SECONDS }).catch(() => null);
  const command = `sky ${args.slice(0, -2).join(" ")}`;
  if (output === null || output.exitCode !== 0) {
    const words = output === null ? "it did not end" : lastWords(output);
    return none(`\`${command}\` failed: ${words}`);
  }
  const enabled = infra === undefined ? await clouds() : null;
  const offers = Object.values(readOffers(output.stdout)).flat();
  const priced = offers.flatMap(({ cloud, instance_type, price, spot_price }) => {
    const dollars = isSpot ? spot_price : price;
    const isOpen = enabled === null || enabled.has(cloud.toLowerCase());
    return dollars && isOpen ? [{ dollars, machine: `${cloud} ${instance_type ?? ""}`.trim() }] : [];
  });
  const [cheapest] = priced.sort((a, b) => a.dollars - b.dollars);
  if (cheapest === undefined) return none(`\`${command}\` has no price of the clouds that are enabled`);
  const kind = isSpot ? "spot" : "on demand";
  return {
    dollarsPerHour: cheapest.dollars * nodes,
    dollars: null,
    source: `\`${command}\`: the cheapest is ${cheapest.machine}, ${kind}`,
  };
}

function readOffers(output: string): z.infer<typeof Offers> {
  try {
    return Offers.parse(readJson(output));
  } catch {
    return {};
  }
}

function none(source: string): Quote {
  return { dollarsPerHour: null, dollars: null, source };
}
