import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, jest } from "@jest/globals";
import { HOSTILE } from "../../../test/report-fixture.js";
import { runCli } from "../../../test/run-cli.js";

jest.setTimeout(120_000);

const folder = mkdtempSync(join(tmpdir(), "mllm-views-"));
afterAll(() => rmSync(folder, { recursive: true }));

const run = (args: string[], more: object = {}) => runCli(["data", ...args], { cwd: folder, ...more });
const json = async (args: string[]) => JSON.parse((await run([...args, "--json"])).stdout);

function chat(id: string, question: string) {
  return {
    id,
    messages: [
      { role: "user", content: question },
      {
        role: "assistant",
        content: `I look up ${question}`,
        tool_calls: [
          { id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
        ],
      },
      { role: "tool", tool_call_id: "1", content: "14 degrees" },
      { role: "assistant", content: "It is mild." },
    ],
    tools: [
      {
        type: "function",
        function: { name: "weather", description: HOSTILE, parameters: { type: "object" } },
      },
    ],
  };
}

const CHATS = ["a", "b", "c", "d", "e", "f"].map((id, index) => chat(id, `Question ${index} \u001b[31m`));
const BAD = '{"messages": [';

beforeAll(async () => {
  writeFileSync(join(folder, "good.jsonl"), CHATS.map((each) => `${JSON.stringify(each)}\n`).join(""));
  writeFileSync(join(folder, "bad.jsonl"), `${JSON.stringify(CHATS[0])}\n${BAD}\n${BAD}\n`);
  const split = ["split-data", "good.jsonl", "--validation", "0.3"];
  for (const [out, ...more] of [["thread"], ["step", "--rows", "step"], ["broken"]] as const) {
    expect((await runCli([...split, "--out", out, ...more], { cwd: folder })).exitCode).toBe(0);
  }
});

describe("mllm data inspect", () => {
  it("says what a file is, by what, and what its first records would become", async () => {
    const { exitCode, stdout } = await run(["inspect", "bad.jsonl"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^bad\.jsonl: openai, told by messages with roles\n {2}JSON lines, /);
    expect(stdout).toMatch(/\na +1 +2 +2 +1 +1 +Question 0 \[31m\n/);
    expect(stdout).toMatch(/\nbad\.jsonl:1: rejected: invalid_json\n/);
    expect(stdout).not.toContain("\u001b");
  });

  it("reads no further than it was asked to", async () => {
    const { inputs } = await json(["inspect", "good.jsonl", "--records", "2"]);
    expect(inputs).toMatchObject([
      {
        ...{ path: "good.jsonl", format: "openai", container: ["lines"], files: 1, sample: { records: 2 } },
        records: [
          { place: "good.jsonl:0", id: "a", became: "trajectory", tools: 1, steps: ["call", "answer"] },
          { id: "b", turns: { planner: 2, caller: 1, summarizer: 1 } },
        ],
      },
    ]);
  });

  it("takes what is piped in", async () => {
    const stdin = () => Readable.from([JSON.stringify(CHATS[0])]);
    const { stdout } = await run(["inspect", "-"], { stdin });
    expect(stdout).toMatch(/^-: openai.*\n {2}a stream\n/);
  });
});

describe("mllm data stats", () => {
  it("finds the same in a data set of threads as in what it was made of", async () => {
    const raw = await json(["stats", "good.jsonl"]);
    const dataset = await json(["stats", "thread"]);
    for (const key of ["turns", "perTrajectory", "tools", "texts"]) expect(dataset[key]).toEqual(raw[key]);
    for (const subset of ["backbone", "planner", "caller", "summarizer"]) {
      expect(dataset.subsets[subset]).toEqual(raw.subsets[subset]);
    }
    expect(raw).toMatchObject({
      records: { read: 6, used: 6 },
      measured: { unit: "tokens", oneIn: 1, trajectories: 6 },
      tools: [{ name: "weather", offered: 6, called: 6, failed: 0, undeclared: 0 }],
    });
  });

  it("measures a data set in which a subset is empty, and tells why records were left out", async () => {
    const asked = (id: string) => ({
      id,
      messages: [
        { role: "user", content: id },
        { role: "assistant", content: "Yes." },
      ],
    });
    writeFileSync(
      join(folder, "asked.jsonl"),
      ["p", "q", "q"].map((id) => `${JSON.stringify(asked(id))}\n`).join(""),
    );
    const { exitCode } = await runCli(["split-data", "asked.jsonl", "--out", "asked"], { cwd: folder });
    expect(exitCode).toBe(0);
    const { subsets, records } = await json(["stats", "asked"]);
    expect(records.excluded).toEqual({ duplicate: 1 });
    expect([subsets.caller.rows, subsets.summarizer.rows]).toEqual([0, 2]);
  });

  it("measures step-wise rows, of which no trajectory can be made again", async () => {
    const raw = await json(["stats", "good.jsonl", "--profile", "step"]);
    const dataset = await json(["stats", "step"]);
    expect(dataset.subsets).toEqual(raw.subsets);
    expect(dataset.tools).toEqual([]);
  });

  it("shows a table of lengths with bars, and examples of what is rejected", async () => {
    const { stdout } = await run(["stats", "bad.jsonl"]);
    expect(stdout).toMatch(/1 of 3 records are usable; 2 rejected \(invalid_json 2\)/);
    expect(stdout).toMatch(/\nplanner's turn +\d+ .*[█▇▆▅▄▃▂▁]/);
    expect(stdout).toMatch(/\ninvalid_json \(2\)\n {2}bad\.jsonl:1\n/);
  });

  it("counts characters where the recipe's model has no tokenizer here", async () => {
    const env = { HF_HOME: join(folder, "no-hub") };
    const { stderr, stdout } = await run(["stats", "good.jsonl", "--recipe", "alpha-umi-7b"], { env });
    expect(stderr).toMatch(/is not on this machine: texts are measured in characters/);
    expect(stdout).toContain("Texts in characters.");
  });

  it("writes a page in which nothing of the data can run", async () => {
    const { page } = await json(["stats", "good.jsonl", "--html", "pages/stats.html"]);
    const text = readFileSync(page, "utf8");
    expect(text).toContain("default-src 'none'");
    expect(text).not.toContain("<script");
    expect(text.match(/<svg/g)).toHaveLength(13);
  });

  it("refuses to mix a data set with something else", async () => {
    const { exitCode, stderr } = await run(["stats", "good.jsonl", "thread"]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: thread is a data set/);
  });
});

describe("mllm data validate", () => {
  it("has exit code 0 where everything can be used", async () => {
    const { exitCode, stdout } = await run(["validate", "good.jsonl", "thread", "step"]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^✔ good\.jsonl: openai; 6 of 6 records are usable\n\n✔ thread: a data set, 8 files/,
    );
  });

  it("has exit code 1 where a record is rejected, and says which", async () => {
    const { exitCode, stdout } = await run(["validate", "good.jsonl", "bad.jsonl", "--examples", "1"]);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/\n✖ bad\.jsonl: .*2 rejected[\s\S]*invalid_json \(2\)\n {4}bad\.jsonl:1\n/);
    expect(stdout).not.toContain("bad.jsonl:2");
  });

  it("finds what was changed in a data set, row by row", async () => {
    const rows = readFileSync(join(folder, "broken/planner.jsonl"), "utf8");
    writeFileSync(join(folder, "broken/planner.jsonl"), rows.replace('"segments"', '"segment"'));
    writeFileSync(join(folder, "broken/caller.jsonl"), readFileSync(join(folder, "broken/backbone.jsonl")));
    appendFileSync(join(folder, "broken/validation/backbone.jsonl"), rows);
    rmSync(join(folder, "broken/summarizer.jsonl"));
    const { inputs, isValid } = await json(["validate", "broken"]);
    expect(isValid).toBe(false);
    const found = inputs[0].problems.map((each: { place: string; reason: string }) => [
      each.place,
      each.reason,
    ]);
    expect(found).toEqual(
      expect.arrayContaining([
        ["planner.jsonl:1", "bad_row"],
        ["planner.jsonl", "changed_file"],
        ["caller.jsonl", "counts"],
        ["summarizer.jsonl", "missing_file"],
        [expect.stringMatching(/^validation\/backbone\.jsonl:\d+$/), "held_out_and_trained"],
      ]),
    );
    const limited = await json(["validate", "broken", "--max-errors", "1"]);
    expect(limited.inputs[0]).toMatchObject({ isCut: true, problems: [{}, {}] });
  });

  it("looks at the trajectories of a test, too", async () => {
    const split = ["split-data", "good.jsonl", "--test", "0.4", "--out", "tested"];
    expect((await runCli(split, { cwd: folder })).exitCode).toBe(0);
    expect((await json(["validate", "tested"])).isValid).toBe(true);
    const { tests } = JSON.parse(readFileSync(join(folder, "tested/manifest.json"), "utf8"));
    appendFileSync(join(folder, "tested", tests.test.path), "{}\n");
    const { inputs } = await json(["validate", "tested"]);
    expect(inputs[0].problems).toMatchObject([{ place: tests.test.path, reason: "counts" }]);
  });

  it("tells a data set that was never finished", async () => {
    rmSync(join(folder, "broken/manifest.json"));
    expect((await run(["validate", "broken"])).stdout).toMatch(/no_manifest \(1\)/);
  });
});

describe("mllm data show", () => {
  it("marks what each role is trained on in the one text of a thread", async () => {
    const { stdout } = await run(["show", "b", "--in", "good.jsonl"]);
    expect(stdout).toMatch(/^b {2}good\.jsonl: good\.jsonl:1\n1 tool, 1 call, 1 answer, 0 give-ups\n/);
    expect(stdout).toMatch(
      /── planner · \d+ tokens ─+\n▶ I look up Question 1 ␛\[31m Next: caller\.<\|end\|>◀/,
    );
    expect(stdout).toMatch(/── caller · \d+ tokens ─+\n▶ weather\n/);
    expect(stdout).toMatch(/── summarizer · \d+ tokens ─+\n▶ It is mild\./);
  });

  it("shows the same from a data set, and one role's view alone", async () => {
    const rows = async (place: string) => (await json(["show", "b", "--in", place])).rows;
    expect(await rows("thread")).toEqual(await rows("good.jsonl"));
    const { stdout } = await run(["show", "b", "--in", "thread", "--role", "caller"]);
    expect(stdout.match(/▶/g)).toHaveLength(1);
    expect(stdout).toContain("▶ weather");
  });

  it("shows the rows of a step profile one by one", async () => {
    const { rows } = await json(["show", "b", "--in", "step"]);
    expect(rows.map(({ subsets }: { subsets: string[] }) => subsets)).toEqual([
      ["backbone"],
      ["backbone"],
      ["planner"],
      ["planner"],
      ["caller"],
      ["summarizer"],
    ]);
    expect(rows[4].parts.at(-1)).toMatchObject({ trainedBy: ["caller"] });
  });

  it("colours on a terminal, unless the user wants none", async () => {
    const isTerminal = { stdout: true, stderr: false };
    const args = ["show", "b", "--in", "good.jsonl"];
    const colored = (await run(args, { isTerminal })).stdout;
    expect(colored).toContain("\u001b[34m I look up Question 1 ␛[31m");
    expect(colored).not.toContain("▶");
    expect((await run(args, { isTerminal, env: { NO_COLOR: "1" } })).stdout).not.toContain("\u001b");
  });

  it("finds a record by its place, and says why it is none", async () => {
    expect((await run(["show", "good.jsonl:1", "--in", "good.jsonl"])).stdout).toMatch(/^b /);
    const { exitCode, stderr } = await run(["show", "bad.jsonl:2", "--in", "bad.jsonl"]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/bad\.jsonl:2 is no trajectory: rejected: invalid_json/);
  });

  it("says where it has looked in vain", async () => {
    for (const place of ["good.jsonl", "thread"]) {
      const { exitCode, stderr } = await run(["show", "nobody", "--in", place]);
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/there is no trajectory nobody in .*(good\.jsonl|thread)/);
    }
  });
});
