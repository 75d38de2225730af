import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { fakeLocalSettings, makeFolder } from "../../../test/fake-trainer.js";
import { checkPython } from "./check-python.js";

/** Settings whose Python says that it has these packages; the trainer was tested with torch 2.13.0. */
function makeSettings(packages: Record<string, string | null>, version = [3, 12, 1]) {
  const folder = makeFolder();
  mkdirSync(join(folder, "trainer"));
  writeFileSync(join(folder, "trainer/requirements.txt"), "torch==2.13.0\n");
  const python = join(folder, "python");
  writeFileSync(python, `#!/bin/sh\necho '${JSON.stringify({ version, packages })}'\n`);
  chmodSync(python, 0o755);
  return { ...fakeLocalSettings(folder), packageRoot: folder, python };
}

describe("checkPython", () => {
  it("is content with the versions the trainer was tested with", async () => {
    const settings = { ...makeSettings({ torch: "2.13.0+cpu" }), isOwnPython: true };
    const { problems, facts } = await checkPython(settings, { hasGpu: false });
    expect(problems).toEqual([]);
    expect(facts).toMatchObject({ torch: "2.13.0+cpu", python: expect.stringContaining("3.12.1") });
  });

  it.each([
    ["another version", { torch: "2.12.0" }, false, "torch 2.12.0 (tested with 2.13.0)"],
    ["torch for the CPU beside a GPU", { torch: "2.13.0+cpu" }, true, "cannot use this machine's GPU"],
  ])("complains of %s in our own environment only", async (_what, packages, hasGpu, message) => {
    const settings = makeSettings(packages);
    expect((await checkPython(settings, { hasGpu })).problems).toEqual([]);
    const { problems } = await checkPython({ ...settings, isOwnPython: true }, { hasGpu });
    expect(problems).toMatchObject([
      { code: "environment_missing", hint: expect.stringContaining("mllm setup") },
    ]);
    expect(problems[0]?.message).toContain(message);
  });

  it("complains of a missing package and of a Python that is too old", async () => {
    const { problems } = await checkPython(makeSettings({ torch: null }, [3, 9, 0]), { hasGpu: false });
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining("is Python 3.9.0; the trainer needs 3.10 or newer"),
      expect.stringContaining("lacks torch"),
    ]);
  });
});
