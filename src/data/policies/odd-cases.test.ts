import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { ODD_OUTCOMES } from "../../../test/odd-outcomes.js";
import { describeWithSharedData, packageRoot, sharedData } from "../../../test/shared-data.js";
import type { DatasetManifest } from "../../core/dataset-manifest.js";
import { loadProfile } from "../../prompts/load-profile.js";
import { splitDataset } from "../split-dataset.js";

/** What the reference chokes on, or does odd things with; here every case lies beside a sound record of its format. */
interface OddCase {
  name: string;
  files: Record<string, string>;
  excludedIds: string[];
}

interface Recorded {
  case: string;
  files?: Record<string, unknown>;
  test_ids?: string[] | Record<string, unknown> | null;
  input?: unknown;
  input_text?: string;
}

const readCases = (stage: string): Recorded[] => {
  const path = sharedData(`odd-cases/${stage}_cases.json`);
  return existsSync(path) ? (JSON.parse(readFileSync(path, "utf8")) as Recorded[]) : [];
};

const asText = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

const call = { name: "sound", arguments: "{}" };
const SOUND = {
  stage1: {
    answer_generation: {
      query: "A sound question",
      function: [{ name: "sound", description: "", parameters: {} }],
      train_messages: [[{ role: "assistant", content: "", function_call: call }]],
    },
  },
  stage2: {
    tools: [{ Name: "sound", function: "", input: {} }],
    instruction: "A sound question",
    chains: [{ role: "assistant", content: "", function_call: call }],
  },
  subset: {
    tools: [{ Name: "sound", function: "", input: {} }],
    instruction: "A sound question",
    conversations: [
      { from: "user", value: "A sound question" },
      { from: "assistant", value: " Next: caller." },
      { from: "caller", value: "Action: sound\nAction Input: {}" },
    ],
  },
};

function findCases(): OddCase[] {
  const stage1 = readCases("stage1").map(({ case: name, files = {}, test_ids: ids }) => ({
    name,
    files: {
      "0_sound.json": asText(SOUND.stage1),
      ...Object.fromEntries(Object.entries(files).map(([path, content]) => [path, asText(content)])),
    },
    excludedIds: Array.isArray(ids) ? ids.map(String) : Object.keys(ids ?? {}),
  }));
  const others = (["stage2", "subset"] as const).flatMap((stage) =>
    readCases(stage).map(({ case: name, input, input_text: text }) => ({
      name,
      files: { "0_sound.json": asText(SOUND[stage]), "in.json": text ?? asText(input) },
      excludedIds: [],
    })),
  );
  return [...stage1, ...others];
}

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "odd-cases-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const profile = await loadProfile("thread", { packageRoot, cwd: packageRoot });

async function split({ files, excludedIds }: OddCase): Promise<DatasetManifest> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, "in", path)), { recursive: true });
    await writeFile(join(folder, "in", path), text);
  }
  const request = {
    ...{ inputs: ["in"], out: "out", cwd: folder, excludedIds: new Set(excludedIds), limit: null },
    ...{ validation: 0, seed: 0, isStrict: false, maxErrors: null, isDryRun: true, createdBy: "test" },
    ...{ workers: 0, profile, signal: new AbortController().signal },
  };
  for await (const event of splitDataset(request)) if (event.type === "done") return event.manifest;
  throw new Error("no manifest");
}

const shown = (counts: Record<string, number>): string[] =>
  Object.entries(counts).map(([reason, count]) => `${reason} ${count}`);

/** What became of a case, without the sound record: it has one call. */
function outcomeOf(manifest: DatasetManifest): string {
  const { records, excluded = {}, untrainedTurns, repairs = {}, subsets } = manifest;
  const left = [...shown(excluded), ...shown(records.rejected)];
  if (records.used === 1) return left.length === 0 ? "nothing there" : left.join(", ");
  const turns = (["planner", "caller", "summarizer"] as const).map((role) => {
    const trained = subsets[role].train.trainedSegments - (role === "summarizer" ? 0 : 1);
    return `${role[0]}${trained}`;
  });
  const notes = [...left, ...shown(untrainedTurns), ...shown(repairs)];
  return `${turns.join(" ")}${notes.length === 0 ? "" : `; ${notes.join(", ")}`}`;
}

describeWithSharedData("odd cases in the default mode", () => {
  const cases = findCases();

  it("are all written down", () => {
    expect(cases.map(({ name }) => name.split(" ")[0])).toEqual(Object.keys(ODD_OUTCOMES));
  });

  for (const odd of cases) {
    const [id = ""] = odd.name.split(" ");
    const [outcome, why] = ODD_OUTCOMES[id] ?? ["", ""];
    it(`${odd.name}: ${outcome} (${why})`, async () => {
      const manifest = await split(odd);
      expect(outcomeOf(manifest)).toBe(outcome);
      expect(manifest.records.used).toBeGreaterThan(0);
    });
  }
});
