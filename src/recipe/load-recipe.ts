import { readFile } from "node:fs/promises";
import { type Document, isMap, isPair, isScalar, LineCounter, type Node, parse, parseDocument } from "yaml";
import { explainSystemError, MllmError } from "../core/errors.js";
import { sha256 } from "../core/ids.js";
import { plural } from "../core/plural.js";
import { Recipe } from "../core/recipe.js";
import { checkConsistency, explainIssue, kindOf, type Mistake } from "./recipe-mistakes.js";

export interface LoadedRecipe {
  recipe: Recipe;
  path: string;
  /** SHA-256 of what is to be trained, `--set` included; where it runs, formatting and comments do not count. */
  sha256: string;
  /** Where each given value stands: `tiny.yaml:12` or `--set`. Keys are dotted paths. */
  sources: Map<string, string>;
}

/** Reads a recipe, applies `--set key=value` assignments and validates; every mistake is reported at once. */
export async function loadRecipe(path: string, assignments: readonly string[] = []): Promise<LoadedRecipe> {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw explainSystemError(error, path);
  });
  return parseRecipe(text, path, assignments);
}

export function parseRecipe(text: string, path: string, assignments: readonly string[] = []): LoadedRecipe {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [syntaxError] = document.errors;
  if (syntaxError !== undefined) {
    const place = lines.linePos(syntaxError.pos[0]);
    throw new MllmError("bad_recipe", `${path}:${place.line}: not YAML: ${firstLine(syntaxError.message)}`, {
      hint: "Correct the YAML at that line.",
    });
  }
  if (!isMap(document.contents)) {
    throw new MllmError(
      "bad_recipe",
      `${path}: expected a recipe (a map of keys), found ${kindOf(document.toJS())}`,
      {
        hint: "Start from one of the recipes in configs/.",
      },
    );
  }
  const sources = collectSources(document, lines, path);
  const mistakes = applyAssignments(document, assignments, sources);
  const result = Recipe.safeParse(document.toJS());
  if (!result.success) mistakes.push(...result.error.issues.flatMap((i) => explainIssue(i, document, lines)));
  mistakes.push(...checkConsistency(document, lines));
  if (mistakes.length > 0 || !result.success) throw recipeError(path, mistakes);
  return { recipe: result.data, path, sha256: sha256(whatToTrain(result.data)), sources };
}

/** The same training elsewhere, or for longer, is the same run. */
function whatToTrain({ resources, provider: _provider, providers: _providers, ...rest }: Recipe): unknown {
  return { ...rest, gpus: resources.gpus * resources.nodes };
}

function applyAssignments(
  document: Document,
  assignments: readonly string[],
  sources: Map<string, string>,
): Mistake[] {
  const mistakes: Mistake[] = [];
  for (const assignment of assignments) {
    const cut = assignment.indexOf("=");
    const key = assignment.slice(0, cut).trim();
    try {
      if (cut < 1 || key === "") throw new Error("no key");
      document.setIn(key.split("."), parse(assignment.slice(cut + 1)));
      sources.set(key, "--set");
    } catch {
      // Not key=value, not YAML, or a key below one that holds no map.
      const expected = "key=value, where the value is YAML and the key a path of the recipe";
      mistakes.push({ line: null, key: "--set", expected, found: assignment, nearest: undefined });
    }
  }
  return mistakes;
}

function collectSources(document: Document, lines: LineCounter, path: string): Map<string, string> {
  const sources = new Map<string, string>();
  const visit = (node: unknown, prefix: string[]) => {
    if (!isMap(node)) return;
    for (const pair of node.items) {
      if (!isPair(pair) || !isScalar(pair.key)) continue;
      const keys = [...prefix, String(pair.key.value)];
      const start = (pair.key as Node).range?.[0];
      if (!isMap(pair.value) && start !== undefined) {
        sources.set(keys.join("."), `${path}:${lines.linePos(start).line}`);
      }
      visit(pair.value, keys);
    }
  };
  visit(document.contents, []);
  return sources;
}

function recipeError(path: string, mistakes: Mistake[]): MllmError {
  const ordered = [...mistakes].sort((a, b) => (a.line ?? 0) - (b.line ?? 0));
  const texts = ordered.map(({ line, key, expected, found, nearest }) => {
    const where = line === null ? path : `${path}:${line}`;
    const suggestion = nearest === undefined ? "" : ` (did you mean ${nearest}?)`;
    return `${where}: ${key}: expected ${expected}; found ${found}${suggestion}`;
  });
  return new MllmError(
    "bad_recipe",
    `the recipe has ${plural(mistakes.length, "mistake")}:\n  ${texts.join("\n  ")}`,
    {
      hint: "Correct the recipe; `mllm train … --dry-run` checks it without starting anything.",
    },
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? text;
}
