import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { runCli } from "../../../test/run-cli.js";
import { packageRoot } from "../../../test/shared-data.js";
import { DatasetManifest } from "../../core/dataset-manifest.js";
import { DEDUPE } from "../../data/policies/duplicates.js";
import {
  DEFAULT_POLICIES,
  KEEP_OR_CONTEXT,
  PARALLEL_CALLS,
  UNDECLARED_CALLS,
} from "../../data/policies/policies.js";
import { POLICY_CHOICES } from "./policy-options.js";

describe("POLICY_CHOICES", () => {
  it("are those that the policies know, the default first", () => {
    expect(POLICY_CHOICES).toEqual({
      parallelCalls: PARALLEL_CALLS,
      missingThoughts: KEEP_OR_CONTEXT,
      midDialogueText: KEEP_OR_CONTEXT,
      undeclaredCalls: UNDECLARED_CALLS,
      dedupe: DEDUPE,
    });
    const first = Object.fromEntries(
      Object.entries(POLICY_CHOICES).map(([name, [choice]]) => [name, choice]),
    );
    expect(DEFAULT_POLICIES).toMatchObject(first);
  });
});

describe("mllm split-data with policies", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "policy-options-"));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const write = (name: string, text: string) => writeFile(join(folder, name), text);
  const chat = (question: string) =>
    JSON.stringify({
      tools: [{ name: "look" }],
      messages: [
        { role: "user", content: question },
        { role: "assistant", content: "There." },
      ],
    });
  const split = async (...options: string[]) =>
    await runCli(["split-data", "in.jsonl", "--out", "out", "--validation", "0", ...options], {
      cwd: folder,
    });

  it("tells on the screen and in the manifest what each of them did", async () => {
    const texts = ["Where?", "Where?", "When is it?", "Call 555 12 34", "Wo?", `Why ${"so ".repeat(2000)}?`];
    await write("in.jsonl", texts.map(chat).join("\n"));
    await write("test.txt", "when is it\n");
    await write("tools.json", '["hidden"]');
    await write(
      "filter.mjs",
      `export default (t) =>
        t.instruction.startsWith("Wo?") ? "not_english" : { ...t, instruction: t.instruction.replace(/\\d/g, "#") };`,
    );
    const { exitCode, stdout, stderr } = await split(
      ...["--exclude", "test.txt", "--exclude-tools", "tools.json", "--filter", "filter.mjs"],
      ...["--max-tokens", "600", "--tokenizer", join(packageRoot, "data/tiny")],
    );
    expect(exitCode).toBe(0);
    expect(stdout).toContain("left out by design: duplicate 1, excluded_instruction 1, not_english 1");
    expect(stdout).toContain("mended or changed: changed_by_filter 1");
    expect(stderr).toContain("rejected 1 of 6 records (too_long 1)");
    expect(stderr).toContain("note: none of the tools to leave out is offered or called");
    const { options } = DatasetManifest.parse(
      JSON.parse(await readFile(join(folder, "out/manifest.json"), "utf8")),
    );
    expect(options).toMatchObject({
      ...{ dedupe: "exact", excludedTools: 1, excludedInstructions: 1 },
      filters: [{ name: "filter.mjs", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      maxLength: { most: 600, tokenizer: { name: "tokenizer.json" } },
    });
    expect(await readFile(join(folder, "out/backbone.jsonl"), "utf8")).toContain("Call ### ## ##");
  });

  it.each<[string[], string]>([
    [["--max-tokens", "9"], "--max-tokens needs --recipe or --tokenizer"],
    [["--max-tokens", "9", "--max-characters", "9"], "cannot go together"],
    [["--max-tokens", "9", "--tokenizer", "."], "holds no tokenizer.json"],
    [["--filter", "none.mjs"], "none.mjs does not exist"],
    [["--exclude", "none.jsonl"], "none.jsonl does not exist"],
    [["--dedupe", "roughly"], "Allowed choices are exact, near, off"],
    [["--max-characters", "0"], "expected a whole number, 1 or more"],
  ])("refuses %j", async (options, message) => {
    await write("in.jsonl", chat("Where?"));
    const { exitCode, stderr } = await split(...options);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain(message);
  });
});
