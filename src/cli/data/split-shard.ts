import { MllmError } from "../../core/errors.js";
import { plural } from "../../core/plural.js";
import type { ShardManifest, ShardPlace } from "../../data/shards/shard-manifest.js";
import { writeShard } from "../../data/shards/write-shard.js";
import type { SplitRequest } from "../../data/split-settings.js";
import type { Context } from "../context.js";
import { quoteArgument, writeResult } from "../output.js";
import { followReading } from "./split-view.js";

/** `--shard 2/8`, or `--shards 8 --shard 2`; null where neither is given. */
export function readShardPlace(shard: string | undefined, shards: number | undefined): ShardPlace | null {
  if (shard === undefined && shards === undefined) return null;
  const [, index, of] = /^(\d{1,6})(?:\/(\d{1,6}))?$/.exec(shard ?? "") ?? [];
  const place = { index: Number(index ?? 0), of: Number(of ?? shards ?? 0) };
  const isSame = of === undefined || shards === undefined || Number(of) === shards;
  if (isSame && place.index >= 1 && place.index <= place.of) return place;
  const given = [
    ...(shards === undefined ? [] : [`--shards ${shards}`]),
    ...(shard === undefined ? [] : [`--shard ${shard}`]),
  ];
  throw new MllmError("usage", `${given.join(" ")} names no shard`, {
    hint: "Shards count from 1: --shard 2/8, or --shards 8 --shard 2. Run the command once for each of them, each with an --out of its own, then: mllm data merge SHARD… --out DIR",
  });
}

/** `mllm split-data --shard i/N`. */
export async function splitShard(
  context: Context,
  request: SplitRequest,
  { shard, json }: { shard: ShardPlace; json: boolean },
): Promise<void> {
  const { manifest } = await followReading(context, writeShard(request, shard));
  writeResult(context, { json, value: manifest, text: formatShard(manifest, request.out) });
}

function formatShard({ shard, records, trajectories }: ShardManifest, out: string): string {
  const done = `shard ${shard.index} of ${shard.of}: ${plural(records, "record")}, ${plural(trajectories, "trajectory")}`;
  const next =
    shard.of === 1
      ? `mllm data merge ${quoteArgument(out)} --out DIR`
      : `mllm data merge SHARD… --out DIR, when all ${shard.of} are there`;
  return `${done}\n\nnext: ${next}`;
}
