import { existsSync } from "node:fs";
import { basename, resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { sha256 } from "../../core/ids.js";
import type { Trajectory } from "../../core/trajectory.js";
import { fileNamesOf, findInput, type Input } from "../../data/input/find-inputs.js";
import { TrajectoryIds } from "../../data/trajectory-ids.js";
import { TrajectorySource } from "../../data/trajectory-source.js";

/** The trajectories of `--data [GROUP=]FILE…`. */
interface EvaluationData {
  /** What the same data always are, wherever they lie. */
  data: { name: string; sha256: string };
  trajectories: { trajectory: Trajectory; group: string | null }[];
  /** Records that cannot be used, in words. */
  warnings: string[];
}

/** Reads every format that `mllm split-data` reads. Ids are unique over all inputs. */
export async function readEvaluationData(texts: readonly string[], cwd: string): Promise<EvaluationData> {
  const inputs = texts.map((text) => parseInput(text, cwd));
  const found = await Promise.all(inputs.map(({ path }) => findInput(path, { cwd })));
  const ids = new TrajectoryIds(new Set(fileNamesOf(found)));
  const trajectories: EvaluationData["trajectories"] = [];
  const warnings: string[] = [];
  for (const [number, { path, group }] of inputs.entries()) {
    const source = new TrajectorySource(found[number] as Input, null);
    const rejected = new Map<string, number>();
    const before = trajectories.length;
    for await (const { result, place } of source.read()) {
      if (result.kind === "trajectory") {
        const id = ids.assign(result.sourceId, place, number);
        trajectories.push({ group, trajectory: { ...result.trajectory, id } });
      } else if (result.kind === "rejected") {
        rejected.set(result.reason, (rejected.get(result.reason) ?? 0) + 1);
      }
    }
    const why = rejected.size === 0 ? "" : `: ${describe(rejected)}`;
    if (trajectories.length === before)
      throw new MllmError("bad_input", `${path} holds no recorded trajectory${why}`, {
        hint: "Give trajectories as they were recorded, held out from training; not what split-data makes of them.",
      });
    if (why !== "") warnings.push(`${path}${why}`);
  }
  const name = inputs.map(({ path, group }) => (group === null ? "" : `${group}=`) + basename(path));
  return {
    data: { name: name.join(", "), sha256: sha256(trajectories.map(sha256)) },
    trajectories,
    warnings,
  };
}

/** A file whose own name has a `=` is that file. */
export function parseInput(text: string, cwd: string): { path: string; group: string | null } {
  const [, group, path] = /^([^=/\\]+)=(.+)$/.exec(text) ?? [];
  if (group === undefined || path === undefined || existsSync(resolve(cwd, text)))
    return { path: text, group: null };
  return { path, group };
}

function describe(rejected: ReadonlyMap<string, number>): string {
  const total = [...rejected.values()].reduce((sum, count) => sum + count, 0);
  const reasons = [...rejected].map(([reason, count]) => `${reason} ${count}`);
  const records = total === 1 ? "1 record is" : `${total} records are`;
  return `${records} passed over (${reasons.join(", ")})`;
}
