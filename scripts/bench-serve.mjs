// Many streams at once against the server, with roles that only pretend to think: what does the server add to a step?
// node --expose-gc scripts/bench-serve.mjs [--streams 64] [--seconds 60] [--bare]; the clients are a process of their
// own. --bare asks the same roles through the least that node:http can do: what the machine itself adds.
import { fork } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent, createServer, request } from "node:http";
import { cpus } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";
import { root } from "./steps.mjs";

const { values } = parseArgs({
  options: {
    streams: { type: "string", default: "64" },
    seconds: { type: "string", default: "60" },
    bare: { type: "boolean", default: false },
    client: { type: "string" },
  },
});
const streams = Number(values.streams);
const seconds = Number(values.seconds);
/**
 * As a small model on one GPU may take, give or take a half, so that streams do not march in step: planner and caller
 * in one piece, the summarizer in many.
 */
const MILLISECONDS = { planner: 350, caller: 250, piece: 20 };
const PIECES = 30;

/** Thought, call, observation, thought, call, observation, thought, answer; all of it holds the task's own word. */
async function ask(url) {
  const end = performance.now() + seconds * 1000;
  const results = await Promise.all(
    Array.from({ length: streams }, async (_, stream) => {
      const steps = [];
      await delay(Math.random() * 1000);
      for (let task = 0; performance.now() < end; task += 1)
        steps.push(...(await solve(url, `w${stream}x${task}`)));
      return steps;
    }),
  );
  process.send({ steps: results.flat() }, () => process.exit(0));
}

const tool = {
  type: "function",
  function: { name: "look_up", parameters: { type: "object", properties: {} } },
};

async function solve(url, word) {
  const messages = [{ role: "user", content: `Tell me of ${word}.` }];
  const steps = [];
  for (let step = 0; step < 3; step += 1) {
    const startedAt = performance.now();
    const said = { content: "", id: "", arguments: "" };
    let error = null;
    try {
      await read(url, messages, said);
    } catch (failure) {
      error = String(failure);
    }
    const milliseconds = performance.now() - startedAt;
    const wanted = step < 2 ? `I look ${word} up (${step}).` : Array(PIECES).fill(word).join(" ");
    const isRight =
      said.content === wanted && (step === 2 || said.arguments === JSON.stringify({ of: word, step }));
    steps.push({ key: `${word}/${step}`, milliseconds, error, isRight });
    if (error !== null) break;
    const call = { name: "look_up", arguments: said.arguments };
    messages.push(
      {
        role: "assistant",
        content: said.content,
        tool_calls: [{ id: said.id, type: "function", function: call }],
      },
      { role: "tool", tool_call_id: said.id, content: `{"seen": ${step}}` },
    );
  }
  return steps;
}

const agent = new Agent({ keepAlive: true });

async function read(url, messages, said) {
  const response = await post(`${url}/v1/chat/completions`, {
    model: "bench",
    messages,
    tools: [tool],
    stream: true,
  });
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`${response.statusCode} ${body}`);
  const events = body.split("\n\n").filter((event) => event.startsWith("data: "));
  if (events.pop() !== "data: [DONE]") throw new Error(`no end: ${body.slice(-200)}`);
  for (const event of events) {
    const { choices } = JSON.parse(event.slice("data: ".length));
    const { content, tool_calls: calls } = choices[0]?.delta ?? {};
    said.content += content ?? "";
    said.id += calls?.[0]?.id ?? "";
    said.arguments += calls?.[0]?.function.arguments ?? "";
  }
}

function post(url, body) {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "application/json" };
    request(url, { method: "POST", agent, headers }, resolve).on("error", reject).end(JSON.stringify(body));
  });
}

/** How long the roles themselves took, by task and step. */
const thinking = new Map();

function createRole(name) {
  const timed = async (request, milliseconds) => {
    const startedAt = performance.now();
    await delay(milliseconds, undefined, { signal: request.signal });
    const { key } = where(request);
    thinking.set(key, (thinking.get(key) ?? 0) + performance.now() - startedAt);
  };
  const complete = async (request) => {
    await timed(request, MILLISECONDS[name] * (0.5 + Math.random()));
    const { word, step } = where(request);
    const text =
      name === "caller"
        ? `look_up\n${JSON.stringify({ of: word, step })}`
        : step < 2
          ? `I look ${word} up (${step}). Next: caller.`
          : "That is all. Next: summarizer.";
    return { text, finishReason: "stop", promptTokens: 100, completionTokens: 20 };
  };
  const stream = async function* (request) {
    const { word } = where(request);
    for (let piece = 0; piece < PIECES; piece += 1) {
      await timed(request, MILLISECONDS.piece);
      yield piece === 0 ? word : ` ${word}`;
    }
    const text = Array(PIECES).fill(word).join(" ");
    return { text, finishReason: "stop", promptTokens: 100, completionTokens: PIECES };
  };
  return {
    backend: { name, complete, stream },
    endOfTurnToken: "</s>",
    contextTokens: 8192,
    countTokens: (text) => Math.ceil(text.length / 4),
  };
}

function where({ prompt }) {
  const word = /Tell me of (\w+)\./.exec(prompt)?.[1];
  const step = prompt.split("observation:").length - 1;
  return { word, step, key: `${word}/${step}` };
}

async function serve() {
  const roles = {
    planner: createRole("planner"),
    caller: createRole("caller"),
    summarizer: createRole("summarizer"),
  };
  const server = values.bare ? await startBare(roles) : await startAgent(roles);
  const memory = watchMemory();
  const args = ["--client", server.url, "--streams", String(streams), "--seconds", String(seconds)];
  const child = fork(fileURLToPath(import.meta.url), args);
  const { steps } = await new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
  });
  report(steps, memory.stop());
  await server.stop();
}

async function startAgent(roles) {
  const load = (path) => import(pathToFileURL(join(root, "dist", "src", path)).href);
  const { startServer } = await load("agent/server/start-server.js");
  const { DEFAULT_SERVER_LIMITS } = await load("agent/server/server-settings.js");
  const profile = parse(readFileSync(join(root, "configs", "prompts", "thread.yaml"), "utf8"));
  const limits = { maxTurns: 8, maxTokens: 4096, maxSeconds: 60, maxCalls: 8, maxNewTokens: 256 };
  const model = { profile, roles };
  const server = await startServer(
    {
      agent: { name: "bench", model, toolBox: null, limits, strategy: "chain", temperature: 0, seed: 1 },
      keys: [],
      limits: { ...DEFAULT_SERVER_LIMITS, maxConcurrent: streams },
      record: null,
      now: () => new Date(),
      onTrouble: (message, error) => console.error(message, error),
    },
    { host: "127.0.0.1", port: 0 },
  );
  return { url: server.url, stop: () => server.stop({ drainSeconds: 1 }) };
}

async function startBare(roles) {
  const server = createServer(async (incoming, outgoing) => {
    const { messages } = JSON.parse(await text(incoming));
    const prompt = messages
      .map(({ role, content }) => (role === "tool" ? `observation: ${content}` : content))
      .join("\n");
    const asked = { prompt, signal: new AbortController().signal };
    const write = (delta) =>
      outgoing.write(`data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`);
    const { text: planned } = await roles.planner.backend.complete(asked);
    if (where(asked).step === 2)
      for await (const content of roles.summarizer.backend.stream(asked)) write({ content });
    else {
      const [name, args] = (await roles.caller.backend.complete(asked)).text.split("\n");
      write({ content: planned.replace(" Next: caller.", "") });
      write({
        tool_calls: [{ index: 0, id: "call_1", type: "function", function: { name, arguments: args } }],
      });
    }
    outgoing.end("data: [DONE]\n\n");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${server.address().port}`;
  return { url, stop: async () => server.closeAllConnections() ?? server.close() };
}

let cpuMilliseconds = 0;

function watchMemory() {
  const samples = [];
  const { user, system } = process.cpuUsage();
  cpuMilliseconds = (user + system) / 1000;
  const sample = () => {
    globalThis.gc?.();
    const { heapUsed, rss } = process.memoryUsage();
    samples.push({ heap: heapUsed / 2 ** 20, rss: rss / 2 ** 20 });
  };
  const timer = setInterval(sample, 5_000);
  return {
    stop: () => {
      const { user, system } = process.cpuUsage();
      cpuMilliseconds = (user + system) / 1000 - cpuMilliseconds;
      clearInterval(timer);
      return samples;
    },
  };
}

function report(steps, memory) {
  const failed = steps.filter(({ error }) => error !== null);
  const mixedUp = steps.filter(({ error, isRight }) => error === null && !isRight);
  const added = steps
    .map(({ key, milliseconds }) => milliseconds - (thinking.get(key) ?? 0))
    .sort((a, b) => a - b);
  const quantile = (share) => added[Math.min(added.length - 1, Math.floor(share * added.length))].toFixed(2);
  console.log(
    `${streams} streams, ${seconds} s, ${cpus().length} cores (${cpus()[0]?.model}), Node ${process.version}`,
  );
  console.log(
    `steps ${steps.length} (${(steps.length / seconds).toFixed(0)}/s), errors ${failed.length}, mix-ups ${mixedUp.length}`,
  );
  console.log(`added per step, ms: median ${quantile(0.5)}, 95 % ${quantile(0.95)}, 99 % ${quantile(0.99)}`);
  console.log(`CPU of the server, stub and all, ms per step: ${(cpuMilliseconds / steps.length).toFixed(2)}`);
  const shown = ({ heap, rss }) => `${heap.toFixed(1)}/${rss.toFixed(0)}`;
  console.log(`memory every 5 s, heap/rss MiB: ${memory.map(shown).join(" ")}`);
  for (const { key, error } of failed.slice(0, 3)) console.log(`${key}: ${error}`);
  for (const { key } of mixedUp.slice(0, 3)) console.log(`mixed up: ${key}`);
  if (failed.length + mixedUp.length > 0) process.exitCode = 1;
}

if (values.client === undefined) await serve();
else await ask(values.client);
