import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { packageRoot } from "../../test/shared-data.js";
import { Example } from "../core/example.js";
import { ROLES, type Subset } from "../core/roles.js";
import { loadProfile } from "../prompts/load-profile.js";
import { type Derivation, deriveDataset } from "./derive-dataset.js";
import { type Dataset, openDataset } from "./open-dataset.js";
import { splitDataset } from "./split-dataset.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "derive-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const QUESTIONS = 30;

/** Two attempts at each question, of which one calls a tool. */
const records = Array.from({ length: 2 * QUESTIONS }, (_, index) => {
  const call = { id: "c", type: "function", function: { name: "look", arguments: "{}" } };
  const called = [
    { role: "assistant", content: "I look.", tool_calls: [call] },
    { role: "tool", tool_call_id: "c", content: "seen" },
  ];
  return JSON.stringify({
    id: `t${index}`,
    tools: [{ type: "function", function: { name: "look", parameters: { type: "object" } } }],
    messages: [
      { role: "user", content: `question ${index % QUESTIONS}` },
      ...(index < QUESTIONS ? called : []),
      { role: "assistant", content: "It is so." },
    ],
  });
});

async function split(profileName = "thread"): Promise<Dataset> {
  await writeFile(join(folder, "in.jsonl"), records.join("\n"));
  const events = splitDataset({
    ...{
      inputs: ["in.jsonl"],
      out: "all",
      cwd: folder,
      excludedIds: new Set<string>(),
      limit: null,
      seed: 0,
    },
    ...{ validation: 0.2, isStrict: false, maxErrors: null, isDryRun: false, createdBy: "test", workers: 0 },
    profile: await loadProfile(profileName, { packageRoot, cwd: packageRoot }),
    signal: new AbortController().signal,
  });
  for await (const _ of events);
  return await openDataset(join(folder, "all"));
}

async function derive(dataset: Dataset, derivation: Derivation): Promise<Dataset> {
  const out = join(folder, derivation);
  await deriveDataset({ dataset, derivation, out, createdBy: "test" });
  return await openDataset(out);
}

async function rowsOf(
  { folder: at }: Dataset,
  subset: Subset,
  side: "" | "validation" = "",
): Promise<Example[]> {
  const text = await readFile(join(at, side, `${subset}.jsonl`), "utf8");
  return text.split("\n").flatMap((line) => (line === "" ? [] : [Example.parse(JSON.parse(line))]));
}

const textOf = ({ segments }: Example) => segments.map(({ text }) => text).join("");
const questionOf = (row: Example) => /question \d+/.exec(textOf(row))?.[0] ?? "";

describe("deriveDataset", () => {
  it("makes two halves that share no instruction and together are the whole", async () => {
    const all = await split();
    const halves = [await derive(all, "half-1"), await derive(all, "half-2")] as const;
    for (const subset of ["backbone", ...ROLES] as const) {
      const [first, second] = [await rowsOf(halves[0], subset), await rowsOf(halves[1], subset)];
      const questions = new Set(first.map(questionOf));
      expect(second.filter((row) => questions.has(questionOf(row)))).toEqual([]);
      expect(Math.min(first.length, second.length)).toBeGreaterThan(0);
      const ids = (rows: Example[]) => rows.map(({ id }) => id).sort();
      expect(ids([...first, ...second])).toEqual(ids(await rowsOf(all, subset)));
      expect(await rowsOf(halves[0], subset, "validation")).toEqual(await rowsOf(all, subset, "validation"));
    }
    const { records: counts, trajectories, options } = halves[0].manifest;
    const { used } = all.manifest.records;
    expect(counts).toMatchObject({ read: used, used: trajectories.train + trajectories.validation });
    expect(options).toEqual({ derivedFrom: all.manifest.hash, derivation: "half-1" });
  });

  it("unites the roles' rows to a subset for one model, and leaves the roles theirs", async () => {
    const all = await split();
    const union = await derive(all, "union");
    for (const side of ["", "validation"] as const) {
      const rows = await rowsOf(union, "backbone", side);
      const roles = await Promise.all(ROLES.map((role) => rowsOf(all, role, side)));
      expect(rows.map(({ segments }) => segments)).toEqual(roles.flat().map(({ segments }) => segments));
      expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length);
    }
    const { subsets } = union.manifest;
    expect(subsets.caller).toEqual(all.manifest.subsets.caller);
    const characters = ROLES.map((role) => subsets[role].train.trainedCharacters);
    expect(subsets.backbone.train.trainedCharacters).toBe(characters.reduce((sum, count) => sum + count));
  });

  it("makes the same data set of the same rows, and another one of each derivation", async () => {
    const all = await split();
    const hash = async (derivation: Derivation) => (await derive(all, derivation)).manifest.hash;
    const hashes = [await hash("half-1"), await hash("half-2"), await hash("union"), all.manifest.hash];
    expect(new Set(hashes).size).toBe(4);
    expect(await hash("half-1")).toBe(hashes[0]);
  });

  it("halves the step-wise rows by their trajectories", async () => {
    const all = await split("step");
    const first = new Set(
      (await rowsOf(await derive(all, "half-1"), "planner")).map((row) => row.trajectory),
    );
    const second = (await rowsOf(await derive(all, "half-2"), "planner")).map((row) => row.trajectory);
    expect(second.filter((id) => first.has(id))).toEqual([]);
    expect(Math.min(first.size, second.length)).toBeGreaterThan(0);
  });
});
