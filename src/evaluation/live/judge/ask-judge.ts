import { z } from "zod";
import { sha256 } from "../../../core/ids.js";
import type { ResultCache } from "../../result-cache.js";
import type { JudgeModel } from "./judge-model.js";
import type { JudgeQuestion } from "./judge-questions.js";
import { readVerdict } from "./read-verdict.js";

export interface Judge {
  model: JudgeModel;
  /** How often each question is asked; an unreadable verdict does not count as an answer. */
  votes: number;
  temperature: number;
  /** Of the first vote; the next ones have the next seeds. Coins are tossed with it, too. */
  seed: number;
  cache: ResultCache;
  signal: AbortSignal;
}

/** Of one verdict; what cannot be read is asked for again with another seed. */
const TRIES = 3;
/** Between the seeds of two tries: more than there are votes. */
const STRIDE = 1_000_003;

/**
 * What the judge says to a question, for one vote; null where none of its replies could be read. A question that was
 * answered before, readably or not, is not asked again.
 */
export async function askJudge<Verdict>(
  judge: Judge,
  question: JudgeQuestion<Verdict>,
  vote: number,
): Promise<Verdict | null> {
  const { model, temperature, cache, signal } = judge;
  const { name, messages } = question;
  const form = { name, schema: z.toJSONSchema(question.form) as Record<string, unknown> };
  const seed = judge.seed + vote;
  const key = sha256({ kind: "verdict", judge: model.name, messages, form, temperature, seed });
  const known = z.object({ verdict: question.form.nullable() }).safeParse(cache.get(key));
  if (known.success) return known.data.verdict;
  let verdict: Verdict | null = null;
  for (let attempt = 0; verdict === null && attempt < TRIES; attempt += 1) {
    const text = await model.ask({ messages, form, temperature, seed: seed + attempt * STRIDE, signal });
    verdict = text === null ? null : readVerdict(text, question.form);
  }
  cache.put(key, { verdict });
  return verdict;
}
