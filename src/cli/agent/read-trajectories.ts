import { MllmError } from "../../core/errors.js";
import type { Trajectory } from "../../core/trajectory.js";
import { findInput } from "../../data/input/find-inputs.js";
import { nameOf } from "../../data/readers/reader.js";
import { TrajectorySource } from "../../data/trajectory-source.js";

/** The trajectories of a file or a folder, in any known format; records that cannot be used are passed over. */
export async function readTrajectories(path: string, cwd: string): Promise<Trajectory[]> {
  const source = new TrajectorySource(await findInput(path, { cwd }), null);
  const trajectories: Trajectory[] = [];
  for await (const { result, place } of source.read()) {
    if (result.kind !== "trajectory") continue;
    const id = result.sourceId ?? nameOf(place);
    trajectories.push({ ...result.trajectory, id });
  }
  if (trajectories.length > 0) return trajectories;
  throw new MllmError("bad_input", `${path} holds no recorded trajectory`);
}
