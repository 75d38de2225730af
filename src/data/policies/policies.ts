import type { Dedupe } from "./duplicates.js";
import type { ExcludedInstructions } from "./excluded-instructions.js";

export const PARALLEL_CALLS = ["split", "context", "reject"] as const;
export const KEEP_OR_CONTEXT = ["keep", "context"] as const;
export const UNDECLARED_CALLS = ["context", "reject"] as const;

/** What is done with what is odd in a record, or unwanted; plain data, which goes to worker threads. */
export interface Policies {
  /** Several calls in one message: steps one after the other, the same but not trained, or no record. */
  parallelCalls: (typeof PARALLEL_CALLS)[number];
  /** A planner's turn without a thought: trained like any other, or not. */
  missingThoughts: (typeof KEEP_OR_CONTEXT)[number];
  /** A text without a call that the user replies to, such as a question: trained like an answer, or not. */
  midDialogueText: (typeof KEEP_OR_CONTEXT)[number];
  /** A call of a tool that was not offered: not trained, or no record. */
  undeclaredCalls: (typeof UNDECLARED_CALLS)[number];
  dedupe: Dedupe;
  /** Longer texts are rejected; null: however long. */
  maxLength: LengthLimit | null;
  /** Modules that export a function. */
  filters: PolicyFile[];
  excludedTools: string[];
  excludedInstructions: ExcludedInstructions | null;
}

/** A file that a policy needs: the manifest knows it by its name and content, wherever it lies. */
export interface PolicyFile {
  name: string;
  sha256: string;
  /** Absolute. */
  path: string;
}

/** Counted in tokens where there is a tokenizer, else in characters (UTF-16 code units). */
export interface LengthLimit {
  most: number;
  /** The tokenizer.json of a folder that has its tokenizer_config.json as well. */
  tokenizer: PolicyFile | null;
}

export const DEFAULT_POLICIES: Policies = {
  ...{ parallelCalls: "split", missingThoughts: "keep", midDialogueText: "keep", undeclaredCalls: "context" },
  ...{ dedupe: "exact", maxLength: null, filters: [], excludedTools: [], excludedInstructions: null },
};

/** The same, without where files lie: equal on every machine. */
export function withoutPlaces(policies: Policies): Policies {
  const { maxLength, filters } = policies;
  const bare = (file: PolicyFile): PolicyFile => ({ ...file, path: "" });
  const tokenizer = maxLength?.tokenizer ?? null;
  return {
    ...policies,
    filters: filters.map(bare),
    maxLength: maxLength && { ...maxLength, tokenizer: tokenizer && bare(tokenizer) },
  };
}

/** As the manifest records them. */
export function describePolicies(policies: Policies): Record<string, unknown> {
  const { filters, maxLength, excludedTools, excludedInstructions, ...others } = policies;
  const shown = ({ name, sha256 }: PolicyFile) => ({ name, sha256 });
  const tokenizer = maxLength?.tokenizer ?? null;
  return {
    ...others,
    maxLength: maxLength && { most: maxLength.most, tokenizer: tokenizer && shown(tokenizer) },
    filters: filters.map(shown),
    excludedTools: excludedTools.length,
    excludedInstructions: excludedInstructions?.digests.length ?? 0,
  };
}
