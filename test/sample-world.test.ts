import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { packageRoot } from "./shared-data.js";

interface Message {
  role: "system" | "user" | "assistant" | "function";
  name?: string;
  content: string;
  function_call?: { name: string; arguments: string };
}

interface Answer {
  id: string;
  win: boolean;
  answer_generation: {
    query: string;
    function: { name: string }[];
    train_messages: [Message[]];
  };
}

type Split = "train" | "test_seen" | "test_unseen_values" | "test_unseen_tools";

/** Of the files that the script writes by default. */
const hashes: Record<Split, string> = {
  train: "4e957f69f8c53f54c676783cdc5b1bc6771a6b51884e197904d1287ed2853b82",
  test_seen: "7b557afd204ebde07584b111ca273358f074d8d9abfa8ac42452463fc6c51c15",
  test_unseen_values: "97ad74731d138c2a4e6b1bc259ee5ef2272b5b4fe196c1281d3d1f98d72b20b9",
  test_unseen_tools: "171658fd14785af33b2539c790dacc2b7652cabbfd707ea0fa642e136fbf66a1",
};
const splits = Object.keys(hashes) as Split[];

/** The world is plain JavaScript outside `src`, so its types are not known here. */
async function importData(path: string) {
  return import(pathToFileURL(join(packageRoot, "data", path)).href);
}

const { tools, heldOutToolNames } = await importData("world/tools.mjs");
const { seenNames, unseenNames, genericNames } = await importData("world/names.mjs");

const messagesOf = (answer: Answer): Message[] => answer.answer_generation.train_messages[0];
const share = <T>(list: T[], is: (item: T) => boolean): number => list.filter(is).length / list.length;

describe("the sample world", () => {
  const folder = mkdtempSync(join(tmpdir(), "mllm-world-"));
  const files = {} as Record<Split, Buffer>;
  const answers = {} as Record<Split, Answer[]>;

  beforeAll(() => {
    execFileSync(process.execPath, [join(packageRoot, "scripts", "generate-world.mjs"), "--out", folder]);
    for (const split of splits) {
      files[split] = readFileSync(join(folder, `${split}.jsonl`));
      answers[split] = files[split]
        .toString("utf8")
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(splits)("generates the same bytes of %s everywhere", (split) => {
    expect(createHash("sha256").update(files[split]).digest("hex")).toBe(hashes[split]);
  });

  it("records what its tools return when they are called again", () => {
    const executeByName = new Map(tools.map((tool: { name: string; execute: unknown }) => [tool.name, tool]));
    let observations = 0;
    for (const answer of Object.values(answers).flat()) {
      const messages = messagesOf(answer);
      const offered = answer.answer_generation.function.map(({ name }) => name);
      for (const [index, message] of messages.entries()) {
        if (message.role !== "function") continue;
        const call = messages[index - 1]?.function_call;
        const tool = executeByName.get(call?.name) as { execute(args: object): { error?: string } };
        const result = offered.includes(call?.name ?? "")
          ? tool.execute(JSON.parse(call?.arguments ?? "{}"))
          : { error: `there is no tool named ${call?.name}` };
        const response = result.error === undefined ? JSON.stringify(result) : "";
        expect(JSON.parse(message.content)).toEqual({ error: result.error ?? "", response });
        observations += 1;
      }
    }
    expect(observations).toBeGreaterThan(13_000);
  });

  it("holds give-ups, errors and wrong turns that are put right", () => {
    const train = answers.train;
    const last = (answer: Answer) => messagesOf(answer).at(-1)?.content ?? "";
    const hasThought = (answer: Answer, start: string) =>
      messagesOf(answer).some(({ role, content }) => role === "assistant" && content.startsWith(start));
    const hasError = (answer: Answer) =>
      messagesOf(answer).some(
        ({ role, content }) => role === "function" && !content.startsWith('{"error":""'),
      );
    const between = (value: number, low: number, high: number) => {
      expect(value).toBeGreaterThan(low);
      expect(value).toBeLessThan(high);
    };
    between(
      share(train, ({ win }) => !win),
      0.17,
      0.26,
    );
    between(
      share(train, (answer) => last(answer).endsWith("No tool does that.")),
      0.12,
      0.18,
    );
    between(share(train, hasError), 0.22, 0.34);
    between(
      share(train, (answer) => answer.win && hasThought(answer, "That was the wrong call.")),
      0.03,
      0.1,
    );
    between(
      share(train, (answer) => answer.win && hasThought(answer, "The tool timed out.")),
      0.02,
      0.1,
    );
  });

  it("asks no test question in training, and none twice", () => {
    const trained = new Set(answers.train.map((answer) => answer.answer_generation.query));
    for (const split of splits.slice(1)) {
      const asked = answers[split].map((answer) => answer.answer_generation.query);
      expect(asked.filter((query) => trained.has(query))).toEqual([]);
      expect(new Set(asked).size).toBe(asked.length);
    }
  });

  it("keeps unseen names and unseen tools for their test splits", () => {
    const namesOf = (split: Split) =>
      new Set(files[split].toString("utf8").match(/[A-Z][a-z]{2}[A-Z][a-z]{2}/g));
    const unseen = new Set(unseenNames);
    expect([...namesOf("train"), ...namesOf("test_seen")].filter((name) => unseen.has(name))).toEqual([]);
    expect([...namesOf("test_unseen_values")].filter((name) => !unseen.has(name))).toEqual([]);

    const mentions = (split: Split) =>
      heldOutToolNames.filter((name: string) => files[split].includes(`"${name}"`)).length;
    expect(splits.map(mentions)).toEqual([0, 0, 0, heldOutToolNames.length]);
  });

  it("leaves about half of all names to generic text", () => {
    const own = new Set([...seenNames, ...unseenNames]);
    expect(genericNames.filter((name: string) => own.has(name))).toEqual([]);
    expect(genericNames.length / (own.size + genericNames.length)).toBeCloseTo(0.5, 1);
    expect(unseenNames.length / own.size).toBeCloseTo(0.15, 1);
  });
});
