import { readFileSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { createScriptedModel, type Script } from "../../../test/scripted-roles.js";
import { createScriptedToolBox, createTool } from "../../../test/scripted-tools.js";
import { describeWithSharedData, packageRoot, sharedData } from "../../../test/shared-data.js";
import type { Role } from "../../core/roles.js";
import { readCompatPrompts } from "../../data/compat/prompts-file.js";
import { loadProfile } from "../../prompts/load-profile.js";
import type { AgentEvent, AgentResult } from "../agent-event.js";
import { solveTask } from "../solve-task.js";
import type { ToolBox } from "../tool-box.js";
import { type CompatTexts, createAlphaUmi } from "./compat-profile.js";
import { dumpTexts } from "./python-json.js";
import { type CompatSearch, createRoot, measureTree, pathTo, searchAsReference } from "./reference-search.js";
import { CODES } from "./reference-tools.js";

interface Trace {
  ret: number;
  queries: number;
  terminal: number;
  give_up: number;
  finish_type: string;
  final_answer: string;
  tree_size: number;
  max_len: number;
  log: { call: number; history: string[]; reply: ["call" | "finish" | "giveup", string] }[];
}

const texts: CompatTexts = {
  backbone: "{history}",
  planner: "Docs:{doc}|{history}|plan",
  caller: "{doc}|{tool_names}|{history}|{thought}|call",
  summarizer: "{history}|end",
};
const { profile: ours } = await loadProfile("thread", { packageRoot, cwd: packageRoot });
const limits = { maxTurns: 1, maxTokens: 1e6, maxSeconds: 60, maxCalls: 100, maxNewTokens: 1 };

async function drain<Result>(running: AsyncGenerator<AgentEvent, Result>) {
  const events: AgentEvent[] = [];
  for (;;) {
    const next = await running.next();
    if (next.done === true) return { events, result: next.value };
    events.push(next.value);
  }
}

/** The reference's search over replies that are given, as the traces were recorded. */
async function replay({ log }: Trace) {
  const root = createRoot("Q");
  const seen: string[][] = [];
  const replyAt = (index: number) => log[index]?.reply ?? ["giveup", ""];
  const search: CompatSearch = {
    profile: createAlphaUmi({ ...texts, diversity: "DIVERSITY" }),
    async *speak(messages) {
      yield* [];
      const [kind, what] = replyAt(seen.push(messages.map(({ role, value }) => `${role}:${value}`)) - 1);
      const n = seen.length;
      const message = { role: "assistant" as const, value: `t${n} ${kind} ${what}` };
      if (kind === "call")
        return { reply: { thought: `t${n}`, action: what, input: `{"n": ${n}}` }, message };
      const input =
        kind === "finish"
          ? dumpTexts({ return_type: "give_answer", final_answer: what })
          : dumpTexts({ return_type: "give_up_and_restart" });
      return { reply: { thought: `t${n}`, action: "Finish", input }, message };
    },
    async *execute({ action, input }) {
      yield* [];
      const step = { kind: "give_up" as const, thought: "" };
      const kind = replyAt(seen.length - 1)[0];
      const code = { call: CODES.done, finish: CODES.answered, giveup: CODES.gaveUp }[kind];
      return { executed: { observation: `obs(${action},${input})`, code }, step };
    },
    async *goBack() {
      yield* [];
      return true;
    },
    enter: () => undefined,
    queries: 0,
    answered: [],
    gaveUp: [],
  };
  const { result } = await drain(searchAsReference(search, root));
  const end = search.answered[0] ?? search.gaveUp[0];
  const tree = measureTree(root);
  return {
    ret: result,
    queries: search.queries,
    terminal: search.answered.length,
    give_up: search.gaveUp.length,
    valid: end !== undefined,
    finish_type: search.answered.length > 0 ? "give_answer" : "give_up",
    final_answer: end?.text,
    tree_size: tree.nodes,
    max_len: tree.longest,
    log: seen.map((history, index) => ({ call: index + 1, history, reply: replyAt(index) })),
    path: end === undefined ? [] : pathTo(end),
  };
}

async function solve(
  scripts: Partial<Record<Role, Script>>,
  { toolBox, own = texts }: { toolBox?: ToolBox; own?: CompatTexts } = {},
) {
  const model = createScriptedModel(ours, scripts);
  const solving = solveTask(
    { instruction: "Q" },
    {
      model,
      compat: createAlphaUmi(own),
      strategy: "chain",
      temperature: 0,
      toolBox: toolBox ?? createScriptedToolBox([createTool("a"), createTool("b")], () => "fine"),
      limits,
      seed: 0,
      signal: new AbortController().signal,
      now: () => new Date(0),
    },
  );
  return { ...(await drain<AgentResult>(solving)), asked: model.asked };
}

describeWithSharedData("the reference's search", () => {
  const traces = JSON.parse(readFileSync(sharedData("golden/dfs_traces.json"), "utf8")) as Record<
    string,
    Trace
  >;

  it.each(Object.entries(traces))("goes as recorded: %s", async (_, trace) => {
    const { path, ...replayed } = await replay(trace);
    expect(replayed).toEqual(trace);
    expect(path.length).toBeGreaterThan(0);
  });

  it.each(Object.entries(traces))("goes so with roles and tools too: %s", async (_, trace) => {
    const own = await readCompatPrompts(sharedData("golden/alpha-umi-prompts.json"), "/");
    const at = { call: 0 };
    const { asked, result } = await solve(
      {
        planner: (_, index) => {
          at.call = index + 1;
          const [kind] = trace.log[index]?.reply ?? ["giveup"];
          return `t${at.call}\n Next: ${{ call: "caller", finish: "conclusion", giveup: "give up" }[kind]}.`;
        },
        caller: () => `Action: ${trace.log[at.call - 1]?.reply[1]}\nAction Input: {"n": ${at.call}}`,
        summarizer: () => trace.log[at.call - 1]?.reply[1] ?? "",
      },
      {
        own: { ...own, diversity: "DIVERSITY" } as CompatTexts,
        toolBox: createScriptedToolBox(
          [createTool("a"), createTool("b")],
          (call) => `obs(${call.name},${call.arguments})`,
        ),
      },
    );
    const docs =
      '{"Name": "a", "function": "Does a.", "input": {}}\n{"Name": "b", "function": "Does b.", "input": {}}\n';
    expect(asked.planner.map(({ prompt }) => prompt)).toEqual(
      trace.log.map(
        ({ history }) =>
          `${own.planner.replace("{doc}", () => docs).replace("{history}", () => history.map(toHistory).join(""))} assistant: `,
      ),
    );
    expect(result.outcome).toBe(trace.terminal > 0 ? "answered" : "gave_up");
    expect(result.answer).toBe(trace.terminal > 0 ? "ans" : null);
  });
});

/** A trace's message as the reference's agent writes it. */
function toHistory(message: string): string {
  const at = message.indexOf(":");
  const [role, value] = [message.slice(0, at), message.slice(at + 1)];
  if (role === "observation") return `observation: ${JSON.stringify(value)}`;
  const call = /^t(\d+) call (\w+)$/.exec(value);
  const text =
    call === null
      ? value
      : `t${call[1]}\n Next: caller.</s>caller: Action: ${call[2]}\nAction Input: {"n": ${call[1]}}`;
  return `${role}: ${text}</s>`;
}

describe("solveTask with a compat profile", () => {
  it("asks 2 + 4 + 8 + 16 times where no chain ends", async () => {
    const { result, asked } = await solve({
      planner: () => "go",
      caller: () => "Action: a\nAction Input: {}",
    });
    expect(result).toMatchObject({ outcome: "limit", reason: "turns" });
    expect(asked.planner).toHaveLength(30);
  });

  it("calls where the planner names nobody, and takes none for a planner that says nothing", async () => {
    const { asked } = await solve({
      planner: (_, index) => ["so", "", ".", ": ,", "", "", "Next: give up."][index] ?? "Next: give up.",
      caller: () => "Action: a\nAction Input: {}",
    });
    const [first, second] = asked.caller;
    expect(first?.prompt).toContain("assistant: so Next: caller.</s>|so Next: caller.|call caller: ");
    expect(second?.prompt).toContain("assistant: none Next: caller.</s>|none Next: caller.|call caller: ");
    expect(asked.planner.slice(0, 6).map(({ temperature }) => temperature)).toEqual([
      0.5, 0.5, 0.5, 0.5, 0.5, 0.5,
    ]);
  });

  it("runs the first tool whose name ends so, and tells of a name that is none", async () => {
    const toolBox = createScriptedToolBox([createTool("get_a"), createTool("b")], () => "fine");
    const { result } = await solve(
      {
        planner: ["x Next: caller.", "y Next: caller.", "z Next: conclusion."],
        caller: ["Action: a\nAction Input: {}", "Action: c\nAction Input: {}"],
        summarizer: ["done"],
      },
      { toolBox },
    );
    expect(toolBox.called).toEqual([{ name: "get_a", arguments: "{}" }]);
    expect(result.steps).toMatchObject([
      { kind: "call", thought: "x", observation: '"fine"' },
      {
        kind: "call",
        observation: '{"error": "No such function name: c", "response": ""}',
        untrained: "hallucinated_call",
      },
      { kind: "answer", thought: "z", answer: "done" },
    ]);
  });

  it("lets a caller end the task, as the reference does", async () => {
    const input = '{"return_type": "give_answer", "final_answer": "42"}';
    const { result } = await solve({
      planner: ["x Next: caller."],
      caller: [`Action: Finish\nAction Input: ${input}`],
    });
    expect(result).toMatchObject({ outcome: "answered", answer: "42" });
  });

  it("does not go back over a call that must not be repeated", async () => {
    const toolBox = createScriptedToolBox([createTool("a", { isRepeatable: false })], () => "sent");
    const { events, result } = await solve(
      { planner: ["x Next: caller.", "Next: give up."], caller: ["Action: a\nAction Input: {}"] },
      { toolBox },
    );
    expect(result.outcome).toBe("gave_up");
    expect(events.filter(({ type }) => type === "went_back")).toEqual([]);
  });

  it("describes tools as the reference's agent does", async () => {
    const required = { type: "string", description: "Größe" };
    const parameters = {
      type: "object",
      properties: { size: required, n: { type: "integer" } },
      required: ["size"],
    };
    const toolBox = createScriptedToolBox([
      createTool("x".repeat(70), { description: "d".repeat(300), parameters }),
    ]);
    const { asked } = await solve({ planner: ["Next: give up."] }, { toolBox });
    const line = `{"Name": "${"x".repeat(64)}", "function": "${"d".repeat(256)}", "input": {"size": "string, Gr\\u00f6\\u00dfe", "n": "integer"}}\n`;
    expect(asked.planner[0]?.prompt).toBe(`Docs:${line}|user: Q</s>|plan assistant: `);
  });

  it("keeps the end of a prompt that is too long", async () => {
    const toolBox = createScriptedToolBox([createTool("a", { description: "d".repeat(200) })], () => "fine");
    const own = { ...texts, planner: `START ${"p".repeat(40_000)} {history}` };
    const { asked, events } = await solve({ planner: ["Next: give up."] }, { toolBox, own });
    expect(asked.planner[0]?.prompt).toHaveLength(4 * (4096 - 512 - 8));
    expect(asked.planner[0]?.prompt.endsWith("p user: Q</s> assistant: ")).toBe(true);
    expect(events.filter(({ type }) => type === "warned")).toHaveLength(1);
  });
});
