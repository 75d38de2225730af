import type { AgentResult } from "../../agent/agent-event.js";
import { plural } from "../../core/plural.js";
import type { LiveTask } from "../../evaluation/live/live-task.js";
import type { Context } from "../context.js";
import { formatTable, writeJsonLine, writeNote, writeResult } from "../output.js";

interface Ended {
  result: AgentResult;
  seconds: number;
  /** Null where nobody said what would be right. */
  isSolved: boolean | null;
}

/** Shows many tasks being solved: how many so far, then the counts. */
interface BatchView {
  done(question: LiveTask, ended: Ended): void;
  end(): void;
  /** Takes a drawn progress line away. */
  close(): void;
}

interface Counts {
  group: string;
  tasks: number;
  answered: number;
  gaveUp: number;
  limit: number;
  /** Of those that can be checked. */
  solved: number;
  checked: number;
}

export async function createBatchView(
  context: Context,
  { questions, isJson }: { questions: readonly LiveTask[]; isJson: boolean },
): Promise<BatchView> {
  const groups = new Map<string, Counts>();
  const total = noCounts("all");
  const progress = isJson ? quiet : await createProgress(context, questions.length);
  return {
    done(question, { result, seconds, isSolved }) {
      const group = question.group ?? "all";
      const counts = groups.get(group) ?? noCounts(group);
      groups.set(group, counts);
      for (const each of [counts, total]) add(each, result, isSolved);
      const { id } = question;
      if (isJson)
        writeJsonLine(context, { type: "done", id, group: question.group, isSolved, seconds, ...result });
      else progress.show(total);
    },
    end() {
      progress.close();
      const listed = [...groups.values()].sort((a, b) => (a.group < b.group ? -1 : 1));
      const all = listed.length > 1 ? [...listed, total] : [{ ...total, group: listed[0]?.group ?? "all" }];
      if (isJson) writeJsonLine(context, { type: "counted", groups: listed, total });
      else writeResult(context, { json: false, value: null, text: formatCounts(all) });
    },
    close: () => progress.close(),
  };
}

const noCounts = (group: string): Counts => ({
  ...{ group, tasks: 0, answered: 0, gaveUp: 0, limit: 0, solved: 0, checked: 0 },
});

function add(counts: Counts, { outcome }: AgentResult, isSolved: boolean | null): void {
  counts.tasks += 1;
  counts[outcome === "gave_up" ? "gaveUp" : outcome] += 1;
  if (isSolved !== null) counts.checked += 1;
  if (isSolved === true) counts.solved += 1;
}

function formatCounts(all: readonly Counts[]): string {
  const isChecked = all.some(({ checked }) => checked > 0);
  const rows = all.map(({ group, tasks, answered, gaveUp, limit, solved, checked }) => [
    ...[group, tasks, answered, gaveUp, limit],
    ...(isChecked
      ? [`${solved} of ${checked}`, `${((100 * solved) / Math.max(1, checked)).toFixed(1)} %`]
      : []),
  ]);
  const header = [
    "group",
    "tasks",
    "answered",
    "gave up",
    "at a limit",
    ...(isChecked ? ["solved", "share"] : []),
  ];
  return formatTable(header, rows);
}

interface Progress {
  show(total: Counts): void;
  close(): void;
}

const quiet: Progress = { show: () => {}, close: () => {} };

/** A line that changes on a terminal; elsewhere one at each fifth. */
async function createProgress(context: Context, count: number): Promise<Progress> {
  const describe = ({ tasks, solved, checked }: Counts) =>
    `${tasks} of ${plural(count, "task")}${checked > 0 ? `, ${solved} solved` : ""}`;
  if (!context.isTerminal.stderr) {
    let fifths = 0;
    const show = (total: Counts) => {
      const reached = Math.floor((5 * total.tasks) / count);
      if (reached > fifths) writeNote(context, describe(total));
      fifths = reached;
    };
    return { show, close: () => {} };
  }
  const { default: ora } = await import("ora");
  const spinner = ora({ stream: context.stderr as NodeJS.WriteStream, discardStdin: false }).start("solving");
  const show = (total: Counts) => {
    spinner.text = describe(total);
  };
  return { show, close: () => spinner.stop() };
}
