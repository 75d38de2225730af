import { MllmError } from "../../core/errors.js";
import type { Step } from "../../core/trajectory.js";
import type { Question } from "./question.js";
import type { SessionOptions } from "./session.js";

/** An observation keeps at least so much. */
const MIN_CHARACTERS = 200;
const CUT_MARK = " … (cut)";

type FitOptions = Pick<
  SessionOptions,
  "model" | "renderer" | "instruction" | "question" | "tools" | "limits"
>;

interface Fitted {
  prompt: string;
  /** What had to be left out, in words; null where nothing had. */
  warning: string | null;
}

/**
 * The role's prompt, with its own end-of-turn token. Where it is too long, observations are cut, the oldest first and
 * each no more than it must; then the oldest steps are left out. Tools, instruction and the user's last words stay.
 */
export function fitPrompt(options: FitOptions, question: Omit<Question, "attempt">): Fitted {
  const { model, limits } = options;
  const { endOfTurnToken, contextTokens, countTokens } = model.roles[question.role];
  const render = createRender(options, question, endOfTurnToken);
  const budget = contextTokens - limits.maxNewTokens;
  const fits = (steps: readonly Step[]) => countTokens(render(steps)) <= budget;
  const whole = render(question.steps);
  if (isSurelyShort(whole, budget) || countTokens(whole) <= budget) return { prompt: whole, warning: null };

  const cut = cutObservations(question.steps, fits);
  if (fits(cut.steps))
    return { prompt: render(cut.steps), warning: `${countOf(cut.count, "long observation")} shown in part` };
  const droppable = findDroppable(cut.steps, options.question);
  const count = findSmallest(droppable.length, (n) => fits(drop(cut.steps, droppable.slice(0, n))));
  const left = drop(cut.steps, droppable.slice(0, count));
  if (!fits(left)) throw tooLong({ tokens: countTokens(render(left)), budget, role: question.role });
  return {
    prompt: render(left),
    warning: `${countOf(count, "oldest step")} not shown, ${countOf(cut.count, "long observation")} in part`,
  };
}

/** No tokenizer makes more tokens than bytes, but for those it puts around a text; counting takes time. */
function isSurelyShort(prompt: string, budget: number): boolean {
  const around = 8;
  return Buffer.byteLength(prompt) + around <= budget;
}

function createRender(
  { renderer, instruction, tools }: FitOptions,
  { role, thought }: Omit<Question, "attempt">,
  endOfTurnToken: string,
): (steps: readonly Step[]) => string {
  const breakUp = createBreakUp(endOfTurnToken);
  return (steps) =>
    renderer
      .prompt(role, { instruction, tools: [...tools], steps: [...steps], thought })
      .split(renderer.profile.endOfTurn)
      .map(breakUp)
      .join(endOfTurnToken);
}

/** No text may end a turn, whatever the model's own token for it looks like: as in training, a blank breaks it up. */
function createBreakUp(token: string): (text: string) => string {
  const [first = "", ...rest] = Array.from(token, (character) =>
    character.replace(/[\^$.*+?()[\]{}|\\/]/, "\\$&"),
  );
  // Overlapping ones, too.
  const start = new RegExp(`${first}(?=${rest.join("")})`, "gu");
  return (text) => (text.includes(token) ? text.replace(start, "$& ") : text);
}

function cutObservations(
  steps: readonly Step[],
  fits: (steps: readonly Step[]) => boolean,
): { steps: Step[]; count: number } {
  const result = [...steps];
  let count = 0;
  for (const [index, step] of steps.entries()) {
    if (step.kind !== "call" || (step.observation ?? "").length <= MIN_CHARACTERS + CUT_MARK.length) continue;
    const text = step.observation ?? "";
    const withLength = (length: number) => {
      result[index] = { ...step, observation: text.slice(0, length) + CUT_MARK };
      return result;
    };
    count += 1;
    if (!fits(withLength(MIN_CHARACTERS))) continue;
    const most = text.length - CUT_MARK.length - MIN_CHARACTERS;
    const less = findSmallest(most, (n) => fits(withLength(MIN_CHARACTERS + most - n)));
    withLength(MIN_CHARACTERS + most - less);
    break;
  }
  return { steps: result, count };
}

/** Every step but the user's last words, where a conversation goes on, and a hint of the search, which comes later. */
function findDroppable(steps: readonly Step[], question: Step | null): Step[] {
  const last = steps.findLast((step) => step.kind === "user");
  return steps.filter((step) => step !== last && step !== question);
}

function drop(steps: readonly Step[], dropped: readonly Step[]): readonly Step[] {
  if (dropped.length === 0) return steps;
  const note: Step = { kind: "user", text: `(${dropped.length} earlier steps are left out here.)` };
  return [note, ...steps.filter((step) => !dropped.includes(step))];
}

/** The smallest of 0…most that is good, where those above a good one are good too; `most` where none is. */
function findSmallest(most: number, isGood: (n: number) => boolean): number {
  let low = 0;
  let high = most;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isGood(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? " is" : "s are"}`;
}

function tooLong({ tokens, budget, role }: { tokens: number; budget: number; role: string }): MllmError {
  return new MllmError(
    "bad_input",
    `the tools and the question take ${tokens} tokens, and the ${role} has room for ${Math.max(0, budget)}`,
    { hint: "Offer fewer tools, shorten their descriptions, or serve the role with a longer context." },
  );
}
