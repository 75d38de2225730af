import { plural } from "../../core/plural.js";
import type { TrainingEvent } from "../../training/training-event.js";
import type { Context } from "../context.js";
import { formatLoss, formatTable, writeJsonLine, writeNote } from "../output.js";
import { formatBytes, formatSeconds } from "./plan-view.js";

/** Draws the events of `mllm train` and `mllm jobs watch`. */
interface TrainingView {
  show(event: TrainingEvent): void;
  /** Takes a drawn progress line away. */
  close(): void;
}

/** JSON lines on stdout; a progress bar on a terminal; plain lines elsewhere. */
export async function createTrainingView(context: Context, isJson: boolean): Promise<TrainingView> {
  if (isJson) return { show: (event) => writeJsonLine(context, event), close: () => {} };
  return context.isTerminal.stderr ? createBarView(context) : createLineView(context);
}

async function createBarView(context: Context): Promise<TrainingView> {
  const { default: ora } = await import("ora");
  const spinner = ora({ stream: context.stderr as NodeJS.WriteStream, discardStdin: false });
  const running = new Map<string, string>();
  const draw = () => {
    if (running.size === 0) spinner.stop();
    else spinner.start([...running.values()].join("\n  "));
  };
  return {
    show(event) {
      if (event.type === "progress") running.set(event.jobId, formatProgress(event));
      else if (event.type === "pulling") running.set(event.jobId, formatPulling(event));
      else if (event.type === "submitted") running.set(event.jobId, `${event.subset}: starting the trainer`);
      else if (isLast(event) && "jobId" in event) running.delete(event.jobId);
      const note = formatNote(event);
      if (note !== null) {
        spinner.stop();
        writeNote(context, note);
      }
      draw();
    },
    close: () => spinner.stop(),
  };
}

/** Progress at every tenth of a job: enough for a log, little enough to read. */
function createLineView(context: Context): TrainingView {
  const tenths = new Map<string, string>();
  return {
    show(event) {
      if (event.type === "progress") {
        const tenth = Math.floor((10 * event.globalStep) / Math.max(1, event.totalSteps));
        // Of several roles each begins anew.
        const place = `${event.subset} ${tenth}`;
        if (tenths.get(event.jobId) !== place) writeNote(context, formatProgress(event));
        tenths.set(event.jobId, place);
      }
      const note = formatNote(event);
      if (note !== null) writeNote(context, note);
    },
    close: () => {},
  };
}

const BAR_WIDTH = 20;

function formatProgress(event: Extract<TrainingEvent, { type: "progress" }>): string {
  const filled = Math.round((BAR_WIDTH * event.globalStep) / Math.max(1, event.totalSteps));
  const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
  const speed = `${Math.round(event.tokensPerSecond)} tokens/s`;
  return `${event.subset.padEnd(10)} ${bar} ${event.globalStep}/${event.totalSteps}  loss ${event.loss.toFixed(4)}  ${speed}  ${formatSeconds(event.secondsLeft)} left`;
}

function formatPulling({
  subset,
  id,
  bytes,
  totalBytes,
}: Extract<TrainingEvent, { type: "pulling" }>): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((100 * bytes) / totalBytes);
  return `${subset.padEnd(10)} ${id} comes here: ${percent} % of ${formatBytes(totalBytes)}`;
}

function formatNote(event: TrainingEvent): string | null {
  switch (event.type) {
    case "already_done":
      return (event.parts ?? [event])
        .map(({ best }) => `${best.subset}: already trained, ${best.id}`)
        .join("\n");
    case "submitted":
      return `${event.subset}: ${event.isResume ? "resumes from its last complete checkpoint" : "starts"} (${event.jobId}, ${event.provider} ${event.providerJobId})`;
    case "attached":
      return `${event.subset}: already at work, following ${event.jobId}`;
    case "waiting":
      return `${event.subset}: waiting: ${event.reason}`;
    case "data":
      return `${event.subset}: ${event.split}: ${plural(event.rows, "row")}, ${plural(event.tokens, "token")}, ${event.trainedTokens} trained${formatOverflow(event)}`;
    case "warning":
      return `${event.subset}: ${event.message}`;
    case "evaluated":
      return `${event.subset}: step ${event.globalStep}: validation loss ${event.loss.toFixed(4)}`;
    case "checkpoint":
      return `${event.subset}: step ${event.globalStep}: checkpoint saved`;
    case "pulled":
      return `${event.subset}: ${event.id} is here: ${event.path}`;
    case "preempted":
      return `${event.subset}: preempted: ${event.reason}; it goes on from its last complete checkpoint`;
    case "done":
      return `${event.subset}: done${event.seconds === null ? "" : ` in ${formatSeconds(event.seconds)}`}`;
    case "failed":
      return `${event.subset}: ${event.state}: ${event.reason}${event.hint === null ? "" : `\nhint: ${event.hint}`}`;
    case "detached":
      return `${event.subset}: runs in the background as ${event.jobId}`;
    case "left_running":
      return `${event.subset}: goes on in the background; stop it with \`mllm jobs cancel ${event.jobId}\``;
    case "not_started":
      return `${event.subset}: not started: ${event.reason}`;
    default:
      return null;
  }
}

function formatOverflow({ dropped, cut }: { dropped: number; cut: number }): string {
  const parts = [dropped > 0 ? `${dropped} dropped` : [], cut > 0 ? `${cut} cut` : []].flat();
  return parts.length > 0 ? ` (too long: ${parts.join(", ")})` : "";
}

export function isLast({ type }: TrainingEvent): boolean {
  return ["already_done", "done", "failed", "detached", "left_running", "not_started"].includes(type);
}

/** The trained checkpoints side by side with what they came from, scored on the same validation rows. */
export function formatResults(events: readonly TrainingEvent[]): string {
  const rows = events.flatMap((event) => {
    if (event.type !== "done" && event.type !== "already_done") return [];
    return (event.parts ?? [event]).map(({ best }) => [
      best.subset,
      best.id,
      best.globalStep,
      formatLoss(best.initialValidationLoss),
      formatLoss(best.validationLoss),
      best.state === "remote" ? "where its job ran: mllm checkpoints pull" : best.path,
    ]);
  });
  return formatTable(["subset", "checkpoint", "step", "loss before", "loss after", "path"], rows);
}
