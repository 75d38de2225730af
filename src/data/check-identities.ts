import type { DatasetManifest } from "../core/dataset-manifest.js";
import { sum } from "./counts.js";

/** What must hold whatever the input was; if it does not, this program is wrong. */
export function checkIdentities({ records, excluded, trajectories, inputs }: DatasetManifest): void {
  const accounted = records.used + records.excluded + sum(records.rejected);
  const read = inputs.reduce((total, input) => total + input.records, 0);
  if (records.read !== accounted || records.read !== read) {
    throw new Error(
      `records do not add up: ${records.read} read, ${read} of inputs, ${accounted} accounted for`,
    );
  }
  if (excluded !== undefined && records.excluded !== sum(excluded)) {
    throw new Error(
      `excluded records do not add up: ${records.excluded}, by reason ${JSON.stringify(excluded)}`,
    );
  }
  if (records.used !== sum(trajectories)) {
    throw new Error(
      `trajectories do not add up: ${records.used} used, ${JSON.stringify(trajectories)} written`,
    );
  }
}
