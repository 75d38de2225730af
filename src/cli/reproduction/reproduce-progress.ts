import { titleOf } from "../../reproduction/arms.js";
import type { ReproductionEvent } from "../../reproduction/reproduce.js";
import type { Context } from "../context.js";
import { writeJsonLine, writeNote } from "../output.js";
import { formatSeconds } from "../training/plan-view.js";
import { isLast } from "../training/training-view.js";

interface ReproductionView {
  show(event: ReproductionEvent): void;
  /** Takes a drawn line away. */
  close(): void;
}

interface Extent {
  jobs: number;
  evaluations: number;
}

/** JSON lines on stdout; else a line for whatever is done, and on a terminal one for what is being done. */
export async function createReproductionView(
  context: Context,
  { isJson, extent }: { isJson: boolean; extent: Extent },
): Promise<ReproductionView> {
  if (isJson) return { show: (event) => writeJsonLine(context, toJson(event)), close: () => {} };
  const spinner = context.isTerminal.stderr ? await createSpinner(context) : null;
  const running = new Map<string, string>();
  const done = { jobs: 0, evaluations: 0 };
  return {
    show(event) {
      const place = nameOf(event);
      const doing = describeProgress(event);
      if (doing !== null) running.set(place, `${place}: ${doing}`);
      const note = describeEnd(event);
      if (note !== null) {
        running.delete(place);
        if (event.type === "training") done.jobs += 1;
        else done.evaluations += 1;
        const counts = `${done.jobs}/${extent.jobs} jobs, ${done.evaluations}/${extent.evaluations} evaluations`;
        spinner?.stop();
        writeNote(context, `[${counts}] ${place}: ${note}`);
      }
      if (running.size > 0) spinner?.start([...running.values()].join("\n  "));
    },
    close: () => void spinner?.stop(),
  };
}

/** Items lie in the evaluations' folders; a line is to stay a line. */
function toJson(event: ReproductionEvent): unknown {
  if (event.type !== "evaluated") return event;
  const { scores, ...rest } = event;
  const evaluations = scores.evaluations.map(({ folder, evaluation: { id, kind, summary } }) => {
    return { id, kind, folder, metrics: summary.metrics };
  });
  return { ...rest, evaluations };
}

async function createSpinner(context: Context) {
  const { default: ora } = await import("ora");
  return ora({ stream: context.stderr as NodeJS.WriteStream, discardStdin: false });
}

function nameOf(event: ReproductionEvent): string {
  if (event.type === "training") return `seed ${event.seed} ${event.job}`;
  const { arm, budgets } = event.arm;
  return `seed ${event.seed} ${titleOf(arm)}${budgets.length === 1 ? `, equal ${budgets[0]}` : ""}`;
}

function describeProgress(event: ReproductionEvent): string | null {
  if (event.type === "training") {
    const { event: inner } = event;
    if (inner.type === "submitted") return "starting the trainer";
    if (inner.type !== "progress") return null;
    return `${inner.globalStep}/${inner.totalSteps}, loss ${inner.loss.toFixed(4)}, ${formatSeconds(inner.secondsLeft)} left`;
  }
  if (event.type !== "evaluating" || event.event.type !== "item") return null;
  return `evaluating ${event.event.done}/${event.event.total}`;
}

/** What is said of work that has come to its end. */
function describeEnd(event: ReproductionEvent): string | null {
  if (event.type === "evaluated") {
    const solved = event.scores.items.flatMap(({ scores }) => scores.solved ?? []);
    const share = solved.reduce((sum, score) => sum + score, 0) / solved.length;
    return solved.length === 0 ? "evaluated" : `evaluated, ${(100 * share).toFixed(1)} % solved`;
  }
  if (event.type !== "training" || !isLast(event.event)) return null;
  const { event: inner } = event;
  if (inner.type === "done")
    return `trained${inner.seconds === null ? "" : ` in ${formatSeconds(inner.seconds)}`}`;
  if (inner.type === "already_done") return "already trained";
  if (inner.type === "left_running") return `goes on in the background as ${inner.jobId}`;
  if (inner.type === "failed" || inner.type === "not_started")
    return `${inner.type.replace("_", " ")}: ${inner.reason}`;
  return inner.type;
}
