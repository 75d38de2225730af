import { MllmError } from "../core/errors.js";
import { sum } from "./counts.js";
import type { Detection } from "./detect-format.js";
import type { SplitSettings } from "./split-settings.js";

/** How a split stands at its end. */
interface Ended {
  read: number;
  used: number;
  rejected: Readonly<Record<string, number>>;
  excluded: Readonly<Record<string, number>>;
  /** "" where no record was rejected. */
  firstFault: string;
  detections: readonly Detection[];
  request: Pick<SplitSettings, "format">;
}

/** Why a split comes to nothing. */
export function nothingToTrainOn(ended: Ended): MllmError {
  const { read, used, rejected, excluded, firstFault } = ended;
  if (used > 0) {
    return new MllmError(
      "bad_dataset",
      `no trajectory is left to train on: all ${used} are on the test sides`,
      {
        hint: "Hold out fewer tools or categories: a trajectory goes to the test with the first of them that it offers or calls.",
      },
    );
  }
  const reasons = [rejected, excluded].flatMap(Object.entries).map(([reason, by]) => `${reason} ${by}`);
  const why = reasons.length === 0 ? "" : ` (${reasons.join(", ")})`;
  const first = firstFault === "" ? "" : `\nThe first: ${firstFault}`;
  const isByDesign = sum(excluded) > 0 && sum(rejected) === 0;
  return new MllmError("bad_dataset", `no trajectory to train on among ${read} records${why}${first}`, {
    hint: isByDesign ? "All of them are left out by design: see the reasons." : hintAtFormat(ended),
  });
}

function hintAtFormat({ request: { format }, detections }: Ended): string {
  const other = detections.find((each) => each.format !== format);
  return format === undefined || other === undefined
    ? "Check the file with --explain, or name its format with --format."
    : `The first record looks like ${other.format}, by its ${other.by}: leave --format ${format} out.`;
}
