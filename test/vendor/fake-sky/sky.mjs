#!/usr/bin/env node
// The client's half of the fake SkyPilot: like the real one it has no state and hands what it is asked to the server.
import { readFileSync } from "node:fs";

const args = process.argv.slice(2);
const task = args[0] === "jobs" && args[1] === "launch" ? readFileSync(args[2], "utf8") : null;
const secrets = args.flatMap((word, i) => (args[i - 1] === "--secret" ? [word] : []));
const response = await fetch(process.env.FAKE_SKY_URL, {
  method: "POST",
  body: JSON.stringify({
    args,
    task,
    secrets: Object.fromEntries(secrets.map((name) => [name, process.env[name] ?? null])),
  }),
});
const { exitCode, stdout, stderr, isKilled } = await response.json();
process.stdout.write(stdout);
process.stderr.write(stderr);
if (isKilled) process.kill(process.pid, "SIGKILL");
process.exitCode = exitCode;
