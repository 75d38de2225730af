import { resolve } from "node:path";
import { MllmError } from "../../core/errors.js";
import { SUBSETS, type Subset } from "../../core/roles.js";
import { type FoundTrajectory, findInDataset, findTrajectory } from "../../data/describe/find-trajectory.js";
import { isDatasetFolder } from "../../data/describe/is-dataset-folder.js";
import { combineRows, type ShownRow } from "../../data/describe/shown-trajectory.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { openTokenizer, type TokenCounter } from "../../tokens/open-tokenizer.js";
import type { Context } from "../context.js";
import { widthOf } from "../fit-text.js";
import { writeNote, writeResult } from "../output.js";
import { chooseTokenizer } from "./data-measure.js";
import { type ReadingOptions, readReading } from "./data-reading-options.js";
import { formatShown } from "./data-show-view.js";
import { inputPlace } from "./input-place.js";

export async function show(context: Context, id: string, options: ShowOptions): Promise<void> {
  const found = await find(context, id, options);
  const { role } = options;
  const rows = combineRows(role === undefined ? found.rows : { [role]: found.rows[role] });
  const { folder, note } = await chooseTokenizer(context, options);
  if (note !== null) writeNote(context, `note: ${note}`);
  const counter = folder === null ? null : openTokenizer(folder);
  const isColored = context.isTerminal.stdout && (context.env.NO_COLOR ?? "") === "";
  writeResult(context, {
    json: options.json === true,
    value: toJson(found, rows, counter),
    text: formatShown({
      ...{ found, rows, counter, isColored, isShort: options.short === true },
      columns: widthOf(context),
    }),
  });
}

async function find(context: Context, id: string, options: ShowOptions): Promise<FoundTrajectory> {
  const { signal, cwd } = context;
  const { in: inputs } = options;
  for (const path of inputs) {
    const folder = resolve(cwd, path);
    if (!(await isDatasetFolder(folder))) continue;
    if (inputs.length === 1) return await findInDataset(id, folder, signal);
    throw new MllmError("usage", `${path} is a data set: it stands alone`, { hint: "Give one --in." });
  }
  const { profile } = await loadProfile(options.profile, context);
  const request = { ...inputPlace(context), ...(await readReading(options)), id, inputs, profile, signal };
  const found = await findTrajectory(request);
  if ("rows" in found) return found;
  throw new MllmError(
    "bad_input",
    `${found.place} is no trajectory: ${found.became}: ${found.reason}: ${found.detail}`,
    { hint: `It begins: ${found.record.slice(0, 200)}` },
  );
}

function toJson(found: FoundTrajectory, rows: ShownRow[], counter: TokenCounter | null) {
  const { id, places, trajectory, leftOut, endOfTurn } = found;
  return {
    ...{ id, places, trajectory, leftOut },
    unit: counter === null ? "characters" : "tokens",
    rows: rows.map(({ id: row, subsets, parts }) => ({
      ...{ id: row, subsets: SUBSETS.filter((subset) => subsets.includes(subset)) },
      parts: parts.map(({ text, trainedBy }) => ({
        text,
        trainedBy,
        length: counter === null ? text.length : counter.count(text.replaceAll(endOfTurn, counter.endToken)),
      })),
    })),
  };
}

export interface ShowOptions extends ReadingOptions {
  in: string[];
  role?: Subset;
  recipe: string;
  tokenizer?: string;
  profile: string;
  short?: true;
  json?: true;
}
