import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { type FakeHub, startFakeHub } from "../../../test/vendor/fake-hub.js";
import { hasHubPython, hubPython } from "../../../test/vendor/hub-python.js";
import { createHubStorage } from "../hub/hub-storage.js";
import { containerCommand } from "./container-command.js";

const REQUEST = { repository: "somebody/work", kit: "kit/abc", job: "jobs/one", root: "/r", endpoint: null };
const hasShellcheck = spawnSync("shellcheck", ["--version"]).status === 0;

jest.setTimeout(60_000);

describe("containerCommand", () => {
  it("is the same for every job; what differs is in the environment", () => {
    const one = containerCommand(REQUEST);
    const other = containerCommand({ ...REQUEST, job: "jobs/$(reboot)", endpoint: "https://hub.example" });
    expect(one.command).toEqual(other.command);
    expect(one.env).toEqual({
      MLLM_REPOSITORY: "somebody/work",
      MLLM_KIT: "kit/abc",
      MLLM_JOB: "jobs/one",
      MLLM_ROOT: "/r",
    });
    expect(other.env).toMatchObject({ HF_ENDPOINT: "https://hub.example", HF_HUB_DISABLE_XET: "1" });
  });

  (hasShellcheck ? it : it.skip)("is clean to shellcheck", () => {
    const input = containerCommand(REQUEST).command[2];
    const { stdout, status } = spawnSync("shellcheck", ["--shell=bash", "-"], { input, encoding: "utf8" });
    expect([stdout, status]).toEqual(["", 0]);
  });
});

(hasHubPython() ? describe : describe.skip)("the container's script", () => {
  let hub: FakeHub;
  let root: string;
  beforeEach(async () => {
    hub = await startFakeHub();
    root = join(makeFolder(), "root with blanks");
    const storage = createHubStorage({
      ...hub,
      repository: "somebody/work",
      root,
      fetch,
      sleep: async () => {},
    });
    const runner = "import os, sys\nprint('runs', sys.argv[1], 'HF_TOKEN' in os.environ)\nsys.exit(17)\n";
    await storage.write([
      { path: "kit/abc/trainer/mllm_runner/__init__.py", text: "" },
      { path: "kit/abc/trainer/mllm_runner/__main__.py", text: runner },
      { path: "jobs/one/runner.json", text: "{}" },
    ]);
  });
  afterEach(() => hub.close());

  const run = async (tools: Record<string, string>, env: Record<string, string> = {}) => {
    const request = { ...REQUEST, root, endpoint: hub.endpoint };
    const { command, env: wanted } = containerCommand(request);
    const child = spawn("bash", command.slice(1), {
      env: { PATH: makeTools(tools), HF_TOKEN: hub.token, ...wanted, ...env },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
    const code = await new Promise((resolve) => child.once("close", resolve));
    return { code, output };
  };

  it.each([
    ["uv", { uv: 'for folder; do :; done; case $1 in venv) make_python "$folder";; *) echo "$@";; esac' }],
    ["python3 alone", { python3: 'for folder; do :; done; make_python "$folder"' }],
  ])("becomes the runner in an image with %s, and keeps its exit code", async (_name, tools) => {
    const { code, output } = await run(tools);
    expect(output).toContain(`runs ${root}/jobs/one True`);
    expect(code).toBe(17);
    expect(existsSync(join(root, "tools/complete"))).toBe(true);
    // Started again, it has its tools.
    expect((await run({})).code).toBe(17);
  });

  it("says what the image lacks", async () => {
    expect(await run({})).toEqual({ code: 127, output: expect.stringContaining("neither uv nor python3") });
  });

  it("says what is missing in its environment", async () => {
    const { code, output } = await run({}, { HF_TOKEN: "" });
    expect([code, output]).toEqual([expect.any(Number), expect.stringContaining("HF_TOKEN is not set")]);
    expect(code).not.toBe(0);
  });

  it("tries again, and ends, where the repository does not have the job", async () => {
    const { code, output } = await run(
      { python3: 'for folder; do :; done; make_python "$folder"', sleep: ":" },
      { MLLM_JOB: "jobs/two" },
    );
    expect(code).toBe(1);
    expect(output).toContain("somebody/work has no jobs/two");
    expect(output.match(/again in \d+ seconds/g)).toHaveLength(3);
  });
});

/** A PATH with a few ordinary programs and these; `make_python FOLDER` makes an environment of the test's interpreter. */
function makeTools(tools: Record<string, string>): string {
  const folder = makeFolder();
  const makePython = `make_python() {
  mkdir -p "$1/bin"
  printf '#!/bin/bash\\nif [ "$1 $2" = "-m pip" ]; then exit 0; fi\\nexec "${hubPython}" "$@"\\n' > "$1/bin/python"
  chmod +x "$1/bin/python"
}`;
  mkdirSync(folder, { recursive: true });
  for (const name of ["bash", "mkdir", "chmod", "touch", "timeout", "sleep"].filter(
    (each) => !(each in tools),
  )) {
    const path = spawnSync("which", [name], { encoding: "utf8" }).stdout.trim();
    symlinkSync(path, join(folder, name));
  }
  for (const [name, body] of Object.entries(tools)) {
    writeFileSync(join(folder, name), `#!/bin/bash\n${makePython}\n${body}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}
