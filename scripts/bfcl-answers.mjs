// Scripted agents for the Berkeley leaderboard's questions, behind the server of `mllm serve`: one that knows every
// answer, one that gets every question wrong. What they score shows that nothing is lost on the way.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { DEFAULT_SERVER_LIMITS } from "../dist/src/agent/server/server-settings.js";
import { startServer } from "../dist/src/agent/server/start-server.js";
import { Profile } from "../dist/src/core/profile.js";
import { root } from "./steps.mjs";

const CALL = "One tool fits. Next: caller.";
const ANSWER = "No tool fits. Next: summarizer.";

/** Serves an agent that answers rightly, or wrongly. `entries` are of one category. */
export async function serveAnswers({ entries, isRight }) {
  const profile = Profile.parse(parse(readFileSync(join(root, "configs", "prompts", "thread.yaml"), "utf8")));
  const find = createFinder(entries);
  const say = {
    planner: ({ calls }) => (calls.length > 0 || !isRight ? CALL : ANSWER),
    caller: ({ calls, functions }) => {
      const [call = { name: functions[0].name, arguments: {} }] = calls;
      return `${call.name}\n${toText(isRight ? call.arguments : spoil(call.arguments))}`;
    },
    summarizer: () => "I have no tool for that.",
  };
  const toRole = (role) => ({
    backend: createBackend(role, ({ prompt }) => say[role](find(prompt))),
    endOfTurnToken: "</s>",
    contextTokens: 1e6,
    countTokens: (text) => Math.ceil(text.length / 4),
  });
  const roles = { planner: toRole("planner"), caller: toRole("caller"), summarizer: toRole("summarizer") };
  const settings = {
    agent: {
      ...{
        name: "mllm",
        model: { profile, roles },
        toolBox: null,
        strategy: "chain",
        temperature: 0,
        seed: 0,
      },
      limits: { maxTurns: 2, maxCalls: 2, maxTokens: 1e6, maxNewTokens: 1e5, maxSeconds: 60 },
    },
    ...{ keys: [], limits: DEFAULT_SERVER_LIMITS, record: null, now: () => new Date() },
    onTrouble: (message, error) => console.error(message, error),
  };
  return startServer(settings, { host: "127.0.0.1", port: 0 });
}

function createBackend(name, say) {
  const complete = async (request) => ({
    ...{ text: say(request), finishReason: "stop", promptTokens: 1, completionTokens: 1 },
  });
  return {
    name,
    complete,
    async *stream(request) {
      const completion = await complete(request);
      yield completion.text;
      return completion;
    },
  };
}

const letters = (text) => text.replace(/[^\p{L}\p{N}]/gu, "");
const safeName = (name) => name.replaceAll(".", "_");

/** Finds the question that a prompt holds: the longest of those whose tools are in it, too. */
function createFinder(entries) {
  const known = entries
    .map(({ question, function: functions, answer }) => ({
      question: letters(question.flat().at(-1).content),
      functions: functions.map(({ name }) => ({ name: safeName(name) })),
      calls: toCalls(answer, functions),
    }))
    .sort((a, b) => b.question.length - a.question.length);
  return (prompt) => {
    const text = letters(prompt);
    const found = known.find(
      ({ question, functions }) =>
        text.includes(question) && functions.every(({ name }) => text.includes(letters(name))),
    );
    if (found === undefined) throw new Error(`no question is in this prompt: ${prompt.slice(0, 300)}`);
    return found;
  };
}

/** A ground truth lists what each argument may be; an empty text among these: it may be left out. */
function toCalls(answer, functions) {
  return (answer ?? []).map((call) => {
    const [[name, values]] = Object.entries(call);
    const required = functions.find((each) => each.name === name)?.parameters.required ?? [];
    const given = Object.entries(values).flatMap(([key, accepted]) => {
      if (accepted.includes("") && !required.includes(key)) return [];
      return [[key, choose(accepted)]];
    });
    return { name: safeName(name), arguments: Object.fromEntries(given) };
  });
}

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function choose(accepted) {
  const value = accepted.find((each) => each !== "") ?? accepted[0] ?? [];
  if (Array.isArray(value)) return value.map((each) => (isObject(each) ? chooseAll(each) : each));
  return isObject(value) ? chooseAll(value) : value;
}

const chooseAll = (object) =>
  Object.fromEntries(Object.entries(object).map(([key, accepted]) => [key, choose(accepted)]));

/** The checker tells 1.0 from 1, as Python does: floats are kept as texts with a mark. */
export const keepFloats = (json) =>
  json.replace(/"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    /^-?\d+[.eE]/.test(token) ? `"\\u0000${token}"` : token,
  );

const toText = (args) => JSON.stringify(args).replace(/"\\u0000([^"]*)"/g, "$1");

/** The same call with one value that is not accepted. */
function spoil(args) {
  const [key = "nothing", value] = Object.entries(args)[0] ?? [];
  return { ...args, [key]: typeof value === "number" ? value + 1_000_003 : "a wrong value" };
}
