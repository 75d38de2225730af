import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { makeFolder } from "../../../test/fake-trainer.js";
import { lastWords, runSky } from "./sky-client.js";

function writeClient(script: string): string {
  const path = join(makeFolder(), "sky");
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const env = { PATH: process.env.PATH };

describe("runSky", () => {
  it("gives the client its arguments and secrets, and takes the secrets out of what it says", async () => {
    const command = writeClient('echo "$1 and $HF_TOKEN"; echo "error $HF_TOKEN" >&2; exit 3');
    const call = { args: ["a b"], timeoutSeconds: 10, secrets: { HF_TOKEN: "hf_secret" } };
    expect(await runSky({ command, env }, call)).toEqual({
      exitCode: 3,
      stdout: "a b and <HF_TOKEN>\n",
      stderr: "error <HF_TOKEN>\n",
    });
  });

  it.each([true, false])(
    "ends a client that takes too long, with all it started (create: %s)",
    async (isCreate) => {
      const command = writeClient("sleep 30 & sleep 30");
      const call = { args: ["jobs", "launch", "secret.yaml"], timeoutSeconds: 0.2, isCreate };
      await expect(runSky({ command, env }, call)).rejects.toMatchObject({
        message: "skypilot: `sky jobs launch` did not end within 0.2 seconds",
        isAmbiguous: isCreate,
        isRetryable: true,
      });
    },
  );

  it("tells a client that was killed from one that failed", async () => {
    const command = writeClient("kill -9 $$");
    const call = { args: ["jobs", "launch"], timeoutSeconds: 10, isCreate: true };
    await expect(runSky({ command, env }, call)).rejects.toMatchObject({ isAmbiguous: true });
  });

  it("says what to do where there is no client; nothing was asked for then", async () => {
    const call = { args: ["jobs", "launch"], timeoutSeconds: 10, isCreate: true };
    await expect(runSky({ command: "/none/sky", env }, call)).rejects.toMatchObject({
      code: "environment_missing",
      isAmbiguous: false,
      hint: expect.stringContaining("MLLM_SKY"),
    });
  });
});

describe("lastWords", () => {
  it("are those of stderr without colours, or of stdout", () => {
    const stderr = "\u001b[31mTraceback\u001b[0m\n\nsky.exceptions.X: no\n";
    expect(lastWords({ stdout: "note", stderr })).toBe("Traceback\nsky.exceptions.X: no");
    expect(lastWords({ stdout: "note\n", stderr: "" })).toBe("note");
  });
});
