import { rmSync } from "node:fs";
import { describe, expect, it } from "@jest/globals";
import { useEvaluations } from "./static-evaluation.js";

const { evaluateToJson, run } = useEvaluations();

describe("mllm eval list and show", () => {
  it("list evaluations, newest first, and show one by its id or its folder", async () => {
    const { id, folder, ...rest } = await evaluateToJson();
    const listed = await run("eval", "list");
    expect(listed.stdout).toMatch(/^STATIC +WHEN +STEPS +PLAN ACCURACY .* SUBJECT +DATA$/m);
    expect(listed.stdout).toMatch(new RegExp(`^${id} .* 6 +100\\.0 .* desk@1 +cold=north`, "m"));
    const asJson = JSON.parse((await run("eval", "list", "--json")).stdout);
    expect(asJson.evaluations).toMatchObject([{ id, kind: "static", subject: "desk@1", items: 6, folder }]);
    for (const name of [id, id.slice(0, 10), folder]) {
      const shown = await run("eval", "show", name, "--json");
      expect(JSON.parse(shown.stdout)).toEqual({ id, folder, ...rest });
    }
    const { stdout } = await run("eval", "show", id);
    expect(stdout).toContain("whole step exact");
    expect(stdout).toContain(`files: ${folder}`);
  });

  it("say what to do where there is none", async () => {
    expect((await run("eval", "list")).stdout).toContain("mllm eval static --data FILE");
    const shown = await run("eval", "show", "static-1");
    expect(shown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining("`mllm eval static`") });
  });

  it("say when the folder is gone", async () => {
    const { id, folder } = await evaluateToJson();
    rmSync(folder, { recursive: true });
    const shown = await run("eval", "show", id);
    expect(shown).toMatchObject({ exitCode: 1, stderr: expect.stringContaining(folder) });
  });
});
