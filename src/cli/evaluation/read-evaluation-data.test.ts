import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { readEvaluationData } from "./read-evaluation-data.js";

const TOOL = { type: "function", function: { name: "weather", description: "", parameters: {} } };
const record = (id: string, answer: string) => ({
  id,
  tools: [TOOL],
  messages: [
    { role: "user", content: "Rain?" },
    { role: "assistant", content: answer },
  ],
});

function write(folder: string, name: string, lines: readonly unknown[]): string {
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  writeFileSync(join(folder, name), `${text.join("\n")}\n`);
  return name;
}

describe("readEvaluationData", () => {
  it("reads groups of files, and tells equal ids of theirs apart", async () => {
    const cwd = makeFolder();
    write(cwd, "a.jsonl", [record("1", "Yes."), record("2", "No.")]);
    write(cwd, "b.jsonl", [record("1", "Maybe.")]);
    const { data, trajectories } = await readEvaluationData(["seen=a.jsonl", "new names=b.jsonl"], cwd);
    expect(data.name).toBe("seen=a.jsonl, new names=b.jsonl");
    expect(trajectories.map(({ group, trajectory }) => [group, trajectory.id])).toEqual([
      ["seen", "1"],
      ["seen", "2"],
      ["new names", "b.jsonl:0~2"],
    ]);
  });

  it("gives the same data the same hash, wherever they lie and however they are written", async () => {
    const [here, there] = [makeFolder(), makeFolder()];
    write(here, "a.jsonl", [record("1", "Yes.")]);
    writeFileSync(join(there, "a.json"), JSON.stringify([record("1", "Yes.")], null, 2));
    write(there, "other.jsonl", [record("1", "No.")]);
    const hashOf = async (text: string, cwd: string) => (await readEvaluationData([text], cwd)).data.sha256;
    expect(await hashOf("a.json", there)).toBe(await hashOf("a.jsonl", here));
    expect(await hashOf("other.jsonl", there)).not.toBe(await hashOf("a.jsonl", here));
    expect(await hashOf("group=a.json", there)).not.toBe(await hashOf("a.json", there));
  });

  it("takes a name with a = for a file where there is one", async () => {
    const cwd = makeFolder();
    write(cwd, "lr=0.1.jsonl", [record("1", "Yes.")]);
    expect((await readEvaluationData(["lr=0.1.jsonl"], cwd)).trajectories).toMatchObject([{ group: null }]);
  });

  it("says which records it passed over, and refuses a file without any it can use", async () => {
    const cwd = makeFolder();
    write(cwd, "a.jsonl", [record("1", "Yes."), "{half", { id: "2", tools: [], messages: [] }]);
    const { warnings } = await readEvaluationData(["a.jsonl"], cwd);
    expect(warnings).toEqual([expect.stringMatching(/^a\.jsonl: 2 records are passed over \(/)]);
    write(cwd, "b.jsonl", [{ ...record("1", ""), messages: [{ role: "assistant", content: "Hi" }] }]);
    await expect(readEvaluationData(["a.jsonl", "b.jsonl"], cwd)).rejects.toMatchObject({
      code: "bad_input",
      message: expect.stringMatching(/^b\.jsonl holds no recorded trajectory: 1 record is passed over/),
    });
  });
});
