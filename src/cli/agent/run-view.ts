import type { AgentEvent, AgentResult } from "../../agent/agent-event.js";
import { plural } from "../../core/plural.js";
import type { Context } from "../context.js";
import { writeJsonLine, writeNote } from "../output.js";

/** Shows one task being solved. */
interface RunView {
  show(event: AgentEvent): void;
  end(result: AgentResult): void;
}

export function createRunView(context: Context, isJson: boolean): RunView {
  return isJson ? createJsonView(context) : createTextView(context);
}

function createJsonView(context: Context): RunView {
  return {
    show: (event) => writeJsonLine(context, event),
    end: (result) => writeJsonLine(context, { type: "done", ...result }),
  };
}

/** The way to stderr, the answer to stdout: so that an answer can be piped. */
function createTextView(context: Context): RunView {
  const paint = createPaint(context.isTerminal.stderr && context.env.NO_COLOR === undefined);
  const line = (name: string, style: Style, text: string) =>
    writeNote(context, `${paint(style, name.padEnd(NAME_WIDTH))} ${indent(text)}`);
  return {
    show(event) {
      for (const [name, style, text] of describeEvent(event)) line(name, style, text);
    },
    end(result) {
      if (result.outcome === "answered") context.stdout.write(`${result.answer ?? ""}\n`);
      else line(result.outcome === "limit" ? "stopped" : "gave up", "bad", explainEnd(result));
      line("", "dim", describeUsage(result));
    },
  };
}

/** In one sentence, why there is no answer. */
function explainEnd({ outcome, reason }: Pick<AgentResult, "outcome" | "reason">): string {
  if (outcome === "limit") return `the limit of ${reason ?? "something"} was reached`;
  return reason ?? "no reason was given";
}

type Style = "role" | "tool" | "bad" | "dim";
type Line = [name: string, style: Style, text: string];

const DECISIONS = { call: "calls a tool", answer: "answers", giveUp: "gives up" } as const;

function describeEvent(event: AgentEvent): Line[] {
  switch (event.type) {
    case "planned":
      return [
        [
          "planner",
          "role",
          `${event.thought === "" ? "" : `${event.thought} `}→ ${DECISIONS[event.decision]}`,
        ],
      ];
    case "called":
      return [["caller", "role", `${event.call.name} ${event.call.arguments}`]];
    case "observed":
      return [["tool", event.isError ? "bad" : "tool", event.text === "" ? "(nothing)" : event.text]];
    case "answered":
      return [["summarizer", "role", event.text]];
    case "went_back":
      return [["search", "dim", `goes back to step ${event.toStep}`]];
    case "warned":
      return [["warning", "bad", event.message]];
    default:
      return [];
  }
}

function describeUsage({ usage }: AgentResult): string {
  const all = Object.values(usage);
  const sum = (key: "completions" | "promptTokens" | "completionTokens") =>
    all.reduce((total, each) => total + each[key], 0);
  return `${plural(sum("completions"), "completion")}, ${plural(sum("completionTokens"), "token")} written, ${sum("promptTokens")} read`;
}

const NAME_WIDTH = 10;
const MAX_CHARACTERS = 2000;

/** Further lines stand below the first; what tools say may hold anything, so nothing in it can steer the terminal. */
function indent(text: string): string {
  const shown = text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS)} …` : text;
  return shown
    .replace(/[^\P{Cc}\n\t]/gu, "")
    .trim()
    .replaceAll("\n", `\n${" ".repeat(NAME_WIDTH + 1)}`);
}

const CODES: Record<Style, string> = { role: "36", tool: "32", bad: "33", dim: "2" };

function createPaint(hasColors: boolean): (style: Style, text: string) => string {
  return (style, text) => (hasColors ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
}
