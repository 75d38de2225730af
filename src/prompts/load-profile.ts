import { readFile } from "node:fs/promises";
import { isAbsolute, join, resolve } from "node:path";
import { parseDocument } from "yaml";
import type { z } from "zod";
import { explainSystemError, MllmError } from "../core/errors.js";
import { sha256 } from "../core/ids.js";
import { Profile } from "../core/profile.js";

export interface LoadedProfile {
  profile: Profile;
  /** Where it was read: relative to the package for a named profile, else as given. */
  path: string;
  /** SHA-256 of the canonical JSON: the identity of the profile. */
  sha256: string;
}

interface Places {
  /** Profiles asked for by name are `<packageRoot>/configs/prompts/<name>.yaml`. */
  packageRoot: string;
  cwd: string;
}

/** Loads and checks a profile: a name such as `thread`, or the path of a YAML or JSON file. */
export async function loadProfile(nameOrPath: string, places: Places): Promise<LoadedProfile> {
  const isName = /^[\w-]+$/.test(nameOrPath);
  const path = isName ? join("configs", "prompts", `${nameOrPath}.yaml`) : nameOrPath;
  const base = isName ? places.packageRoot : places.cwd;
  const profile = parseProfile(
    await readProfileText(isAbsolute(path) ? path : resolve(base, path), path),
    path,
  );
  return { profile, path, sha256: sha256(profile) };
}

async function readProfileText(absolutePath: string, path: string): Promise<string> {
  try {
    return await readFile(absolutePath, "utf8");
  } catch (error) {
    const explained = explainSystemError(error, `profile ${path}`);
    if (explained instanceof MllmError && explained.code === "not_found") {
      throw new MllmError("not_found", explained.message, {
        hint: "Name a profile of configs/prompts (thread, step) or the path of a YAML or JSON file.",
        cause: error,
      });
    }
    throw explained;
  }
}

/** Checks the text of a profile; every fault is reported at once. `path` is for the message. */
export function parseProfile(text: string, path: string): Profile {
  // JSON is YAML.
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw badProfile(
      path,
      document.errors.map((error) => error.message),
    );
  const parsed = Profile.safeParse(document.toJS());
  if (!parsed.success) throw badProfile(path, parsed.error.issues.map(describeIssue));
  const faults = findFaults(parsed.data);
  if (faults.length > 0) throw badProfile(path, faults);
  return parsed.data;
}

function badProfile(path: string, faults: string[]): MllmError {
  return new MllmError(
    "bad_profile",
    [`profile ${path} cannot be used:`, ...faults.map((fault) => `  ${fault}`)].join("\n"),
    {
      hint: "Compare it with configs/prompts/thread.yaml and configs/prompts/step.yaml.",
    },
  );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  return `${issue.path.length === 0 ? "(top level)" : issue.path.join(".")}: ${issue.message}`;
}

/** What the shape alone does not say, and rendering and parsing rely on. */
function findFaults(profile: Profile): string[] {
  const faults: string[] = [];
  const markers = Object.entries(profile.turns).map(([speaker, turn]) => ({
    key: `turns.${speaker}.marker`,
    text: turn.marker,
  }));
  for (const { key, text } of markers) {
    if (text.trim() !== text)
      faults.push(`${key}: must begin and end without white space, found ${JSON.stringify(text)}`);
    if (markers.filter((other) => other.text === text).length > 1)
      faults.push(`${key}: must differ from the other markers`);
    if (markers.some((other) => other.text !== text && other.text.startsWith(text)))
      faults.push(`${key}: another marker begins with the same characters`);
  }
  if (profile.endOfTurn.trim() !== profile.endOfTurn)
    faults.push("endOfTurn: must begin and end without white space");
  for (const [name, words] of Object.entries(profile.turns.planner.decisions)) {
    const others = Object.entries(profile.turns.planner.decisions).filter(([other]) => other !== name);
    if (words.trim() !== words)
      faults.push(`turns.planner.decisions.${name}: must begin and end without white space`);
    if (others.some(([, other]) => other.endsWith(words))) {
      faults.push(`turns.planner.decisions.${name}: another decision ends in the same words`);
    }
  }
  if (!/^[^{}]*\{name\}\s+[^{}]*\{arguments\}[^{}]*$/.test(profile.turns.caller.template)) {
    faults.push("turns.caller.template: expected {name}, white space, then {arguments}, each once");
  }
  return [...faults, ...findEndOfTurnFaults(profile), ...findPlaceholderFaults(profile)];
}

/** Whatever stands between two ends of turns is one turn. */
function findEndOfTurnFaults(profile: Profile): string[] {
  const { turns, endOfTurn } = profile;
  const texts = [
    ...Object.entries(turns).map(([speaker, { marker }]) => [`turns.${speaker}.marker`, marker]),
    ...Object.entries(turns.planner.decisions).map(([name, words]) => [
      `turns.planner.decisions.${name}`,
      words,
    ]),
    ["turns.caller.template", turns.caller.template],
    ...promptTexts(profile),
  ];
  return texts
    .filter(([, text = ""]) => text.includes(endOfTurn))
    .map(([key]) => `${key}: must not hold endOfTurn, which is added where a turn ends`);
}

function promptTexts(profile: Profile): [key: string, text: string][] {
  if (profile.kind === "thread") return [["header", profile.header]];
  return Object.entries(profile.prompts).map(([subset, text]) => [`prompts.${subset}`, text]);
}

function findPlaceholderFaults(profile: Profile): string[] {
  const repeated = promptTexts(profile)
    .filter(([, text]) => text.split("{tools}").length > 2)
    .map(([key]) => `${key}: the placeholder {tools} stands there more than once`);
  if (profile.kind === "thread") {
    return profile.header.includes("{tools}") ? repeated : ["header: the placeholder {tools} is missing"];
  }
  const faults = repeated;
  for (const [subset, template] of Object.entries(profile.prompts)) {
    if (!template.includes("{history}"))
      faults.push(`prompts.${subset}: the placeholder {history} is missing`);
    if (template.includes("{thought}") && (subset === "planner" || subset === "backbone")) {
      faults.push(`prompts.${subset}: {thought} is what the ${subset} still has to write`);
    }
  }
  return faults;
}
