import type { EvaluationEvent } from "../../evaluation/evaluation.js";
import type { Context } from "../context.js";
import { writeNote } from "../output.js";
import { formatSeconds } from "../training/plan-view.js";

type ItemEvent = Extract<EvaluationEvent, { type: "item" }>;

const BAR_WIDTH = 20;

/**
 * Follows an evaluation to its items: a bar with rate and time left on a terminal, a line at each fifth elsewhere.
 * `noun` is what is counted: `steps`, `tasks`.
 */
export async function followEvaluation<Result>(
  context: Context,
  events: AsyncGenerator<EvaluationEvent, Result>,
  noun: string,
): Promise<Result> {
  const view = context.isTerminal.stderr ? await createBar(context) : createLines(context);
  const describe = createDescriber(context, noun);
  try {
    for (;;) {
      const next = await events.next();
      if (next.done === true) return next.value;
      if (next.value.type === "item") view.show(next.value, describe(next.value));
      else view.warn(`note: ${next.value.message}`);
    }
  } finally {
    view.close();
    // Where the view fails, what is under way ends too.
    await events.return(undefined as Result);
  }
}

interface View {
  show(event: ItemEvent, text: string): void;
  warn(text: string): void;
  close(): void;
}

async function createBar(context: Context): Promise<View> {
  const { default: ora } = await import("ora");
  const spinner = ora({ stream: context.stderr as NodeJS.WriteStream, discardStdin: false });
  return {
    show(_, text) {
      if (spinner.isSpinning) spinner.text = text;
      else spinner.start(text);
    },
    warn(text) {
      spinner.stop();
      writeNote(context, text);
    },
    close: () => void spinner.stop(),
  };
}

function createLines(context: Context): View {
  let fifths = 0;
  return {
    show({ done, total, isCached }, text) {
      // What is known from before takes no time worth a line.
      if (isCached && done < total) return;
      const reached = Math.floor((5 * done) / total);
      if (reached > fifths) writeNote(context, text);
      fifths = reached;
    },
    warn: (text) => writeNote(context, text),
    close: () => {},
  };
}

/** The rate is of what is really done, since the first: neither loading models nor what was known counts. */
function createDescriber(context: Context, noun: string): (event: ItemEvent) => string {
  let firstAt: number | null = null;
  let made = 0;
  let known = 0;
  return ({ done, total, isCached }) => {
    const now = context.now().getTime();
    if (isCached) known += 1;
    else if (firstAt === null) firstAt = now;
    else made += 1;
    const filled = Math.round((BAR_WIDTH * done) / total);
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    const perSecond = (1000 * made) / (now - (firstAt ?? now));
    const rate = perSecond > 0 && Number.isFinite(perSecond) ? `  ${perSecond.toFixed(1)}/s` : "";
    const left = rate === "" || done === total ? "" : `  ${formatSeconds((total - done) / perSecond)} left`;
    return `${noun} ${bar} ${done}/${total}${rate}${left}${known > 0 ? `  (${known} known from before)` : ""}`;
  };
}
