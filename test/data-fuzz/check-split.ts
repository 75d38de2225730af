import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatasetManifest } from "../../src/core/dataset-manifest.js";
import { Example } from "../../src/core/example.js";
import { SUBSETS } from "../../src/core/roles.js";
import { type CliResult, runCli } from "../run-cli.js";
import { sharedData } from "../shared-paths.js";
import type { FuzzCase } from "./fuzz-case.js";

/** What became of a case. `refused`: exit code 1, with the reason that was told. */
interface FuzzOutcome {
  refused: string | null;
  read: number;
  used: number;
  excluded: number;
  rejected: Record<string, number>;
}

/** Bytes that are no UTF-8 are an exception. */
const decode = (bytes: Buffer): string => new TextDecoder("utf-8", { fatal: true }).decode(bytes);

/** What there is to find where somebody's key became a key of every object. */
const builtIn = () => [Object.prototype, Array.prototype, Function.prototype].flatMap(Reflect.ownKeys).length;
const BUILT_IN = builtIn();

/** Splits a case without and with threads; throws where anything is not as it must be. */
export async function checkSplit(
  fuzz: FuzzCase,
  { folder, workers }: { folder: string; workers: number[] },
): Promise<FuzzOutcome> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, fuzz.name), fuzz.bytes);
  const runs: { told: CliResult; files: Map<string, Buffer> }[] = [];
  for (const count of workers) {
    const told = await runCli(argumentsOf(fuzz, count), { cwd: folder });
    if (told.exitCode > 1) throw new Error(`exit code ${told.exitCode}: ${told.stderr}`);
    runs.push({ told, files: readFolder(join(folder, "out")) });
    rmSync(join(folder, "out"), { recursive: true, force: true });
  }
  const [first, ...others] = runs as [(typeof runs)[number], ...typeof runs];
  for (const other of others) expectSame(first, other);
  if (builtIn() !== BUILT_IN) throw new Error("a built-in prototype has changed");
  return first.told.exitCode === 0 && !fuzz.isCompat ? checkDataset(fuzz, first.files) : toOutcome(first);
}

function argumentsOf({ name, args, isCompat }: FuzzCase, workers: number): string[] {
  const profile = sharedData("golden/alpha-umi-prompts.json");
  const mode = isCompat ? ["--compat", "alpha-umi", "--profile", profile] : args;
  return ["split-data", name, "--out", "out", "--workers", String(workers), "--json", ...mode];
}

const REFUSALS = ["bad_input", "bad_dataset"];

/** A refusal says why; what was written for the reference is JSON. */
function toOutcome({ told, files }: { told: CliResult; files: Map<string, Buffer> }): FuzzOutcome {
  for (const bytes of files.values()) {
    if (!Array.isArray(JSON.parse(decode(bytes)))) throw new Error("a file of the reference's is no list");
  }
  const counts = { read: 0, used: 0, excluded: 0, rejected: {} };
  if (told.exitCode === 0) return { refused: null, ...counts };
  const { code, message } = (
    JSON.parse(told.stderr.trim().split("\n").at(-1) ?? "") as { error: { code: string; message: string } }
  ).error;
  if (!REFUSALS.includes(code)) throw new Error(told.stderr);
  return { refused: message, ...counts };
}

function expectSame(
  first: { told: CliResult; files: Map<string, Buffer> },
  other: { told: CliResult; files: Map<string, Buffer> },
): void {
  if (first.told.exitCode !== other.told.exitCode || first.told.stdout !== other.told.stdout)
    throw new Error(`threads say otherwise:\n${first.told.stderr}\n${other.told.stderr}`);
  const names = [...first.files.keys()];
  if (names.join() !== [...other.files.keys()].join()) throw new Error("threads write other files");
  const differing = names.find(
    (name) => other.files.get(name)?.equals(first.files.get(name) as Buffer) !== true,
  );
  if (differing !== undefined) throw new Error(`threads write another ${differing}`);
}

function checkDataset(fuzz: FuzzCase, files: Map<string, Buffer>): FuzzOutcome {
  const textOf = (name: string) => decode(files.get(name) as Buffer);
  const linesOf = (name: string) => textOf(name).split("\n").slice(0, -1);
  const manifest = DatasetManifest.parse(JSON.parse(textOf("manifest.json")));
  const { read, used, excluded, rejected } = manifest.records;
  const rejectedTotal = Object.values(rejected).reduce((sum, count) => sum + count, 0);
  if (read !== used + excluded + rejectedTotal)
    throw new Error(`wrong counts: ${JSON.stringify(manifest.records)}`);
  const faults = linesOf("rejected.jsonl").map((line) => JSON.parse(line) as { position: { index: number } });
  if (faults.length !== rejectedTotal) throw new Error(`${faults.length} lines of ${rejectedTotal} rejected`);
  checkEntries(fuzz, read);
  const rowFiles = SUBSETS.flatMap((subset) => {
    const { train, validation, tests } = manifest.subsets[subset];
    return [train, ...(validation === null ? [] : [validation]), ...Object.values(tests ?? {})];
  });
  for (const file of rowFiles) {
    const lines = linesOf(file.path);
    if (lines.length !== file.rows) throw new Error(`${lines.length} of ${file.rows} rows in ${file.path}`);
    lines.forEach(checkRow);
  }
  return { refused: null, read, used, excluded, rejected };
}

/** A record of several trajectories counts as several. */
function checkEntries({ format, entries, args }: FuzzCase, read: number): void {
  if (entries === null) return;
  const hasParts = [format, ...args].some((each) => each.startsWith("toolalpaca"));
  if (hasParts ? read < entries : read !== entries)
    throw new Error(`${read} of ${entries} records were read`);
}

function checkRow(line: string): void {
  const { id, trajectory, segments } = Example.parse(JSON.parse(line));
  for (const text of [id, trajectory, ...segments.map((segment) => segment.text)])
    if (!text.isWellFormed()) throw new Error(`half a character in ${id}`);
}

function readFolder(folder: string, under = ""): Map<string, Buffer> {
  const files = new Map<string, Buffer>();
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return files;
  }
  for (const name of names) {
    const path = join(folder, name);
    try {
      files.set(under + name, readFileSync(path));
    } catch {
      for (const [inner, bytes] of readFolder(path, `${under}${name}/`)) files.set(inner, bytes);
    }
  }
  return files;
}
