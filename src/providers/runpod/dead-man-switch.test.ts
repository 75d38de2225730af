import { execFile, execFileSync, spawn } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "@jest/globals";
import { until } from "../../../test/fake-trainer.js";
import { deadManSwitch, quoteWords } from "./dead-man-switch.js";

describe("quoteWords", () => {
  it("gives what a splitter of shell words takes apart again", () => {
    const words = [
      "bash",
      "-c",
      'it\'s "$HOME" `id` \\ \n\t;&|<>',
      "",
      "a b",
      "--x=1",
      "ä{}*?[]~#!",
      "''",
      "-",
    ];
    const script = "import json, shlex, sys; print(json.dumps(shlex.split(sys.stdin.read())))";
    const python = process.env.MLLM_BASE_PYTHON ?? "python3";
    const taken = execFileSync(python, ["-c", script], { input: quoteWords(words), encoding: "utf8" });
    expect(JSON.parse(taken)).toEqual(words);
    const said = execFileSync("bash", ["-c", `printf '%s\\0' ${quoteWords(words)}`], { encoding: "utf8" });
    expect(said.split("\0").slice(0, -1)).toEqual(words);
  });

  it("survives the job's own script", () => {
    const words = deadManSwitch(["bash", "-c", "echo 'x' \"$1\"", "a'b"], 10);
    const said = execFileSync("bash", ["-c", `printf '%s\\0' ${quoteWords(words)}`], { encoding: "utf8" });
    expect(said.split("\0").slice(0, -1)).toEqual(words);
  });
});

describe("deadManSwitch", () => {
  it("gives the pod back with its own key when the command has ended, and stays", async () => {
    const requests: string[] = [];
    const server = createServer((request, response) => {
      requests.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.writeHead(204).end();
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v2`;
    const [shell = "", ...args] = deadManSwitch(["sh", "-c", 'echo "did $1"; exit 3', "sh", "it's it"], 10);
    const env = { ...process.env, RUNPOD_POD_ID: "pod1", RUNPOD_API_KEY: "own", RUNPOD_API_BASE: base };
    const child = spawn(shell, args, { env, detached: true });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (bytes) => {
        output += bytes;
      });
    }
    await until(() => requests.length > 0);
    expect(requests).toEqual(["DELETE /v2/pods/pod1 Bearer own"]);
    expect(output).toContain("did it's it");
    expect(output).toContain("exit code 3");
    expect(child.exitCode).toBeNull();
    process.kill(-(child.pid ?? 0), "SIGKILL");
    server.close();
  });

  it("ends the command an hour after the job's own deadline", () => {
    expect(deadManSwitch(["true"], 7200.5).slice(3)).toEqual(["mllm", "10801", "true"]);
    expect(deadManSwitch(["true"], 1)[2]).toContain('timeout -k 60 "$limit" "$@"');
  });

  it("is a script that bash accepts", async () => {
    const script = deadManSwitch(["true"], 1)[2] ?? "";
    const problem = await new Promise((resolve) => {
      execFile("bash", ["-n", "-c", script], (_error, _stdout, stderr) => resolve(stderr));
    });
    expect(problem).toBe("");
  });
});
