#!/usr/bin/env node
// The client's half of the fake SkyPilot: like the real one it has no state and hands what it is asked to the server.
import { readFileSync } from "node:fs";
import { request } from "node:http";

const args = process.argv.slice(2);
const task = args[0] === "jobs" && args[1] === "launch" ? readFileSync(args[2], "utf8") : null;
const secrets = args.flatMap((word, i) => (args[i - 1] === "--secret" ? [word] : []));
const call = {
  args,
  task,
  secrets: Object.fromEntries(secrets.map((name) => [name, process.env[name] ?? null])),
};

request(process.env.FAKE_SKY_URL, { method: "POST" }, async (response) => {
  const chunks = [];
  for await (const chunk of response) chunks.push(chunk);
  const { exitCode, stdout, stderr, isKilled } = JSON.parse(Buffer.concat(chunks).toString());
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (isKilled) process.kill(process.pid, "SIGKILL");
  process.exitCode = exitCode;
}).end(JSON.stringify(call));
