import { capitalize, link, name, sentence, smallNumber, turn, value, word, words } from "./words.mjs";

/** @typedef {import("./words.mjs").Random} Random */
/** @typedef {{name: string, topic: string[], properties: Record<string, "string" | "integer">, results: string[], isSpare?: boolean}} Tool */
/** @typedef {ReturnType<typeof createTask>} Task */

/** Each style has markers and wordings of its own; a dialogue keeps to one. */
const styles = [
  {
    markers: { ask: "q:", think: "step:", act: "do:", result: "out:", say: "say:" },
    think: (/** @type {string} */ topic, /** @type {string} */ of) => `${topic} ${of} is open.`,
    next: { act: "So do.", say: "All done, say.", stop: "Stop." },
    failed: "It fails.",
    absent: "Nothing here can.",
    act: (/** @type {string} */ tool, /** @type {string} */ json) => `${tool} ${json}`,
    say: (/** @type {string} */ topic, /** @type {string} */ of, /** @type {string} */ got) =>
      `${topic} ${of} gives ${got}`,
  },
  {
    markers: { ask: "ask:", think: "idea:", act: "run:", result: "back:", say: "end:" },
    think: (/** @type {string} */ topic, /** @type {string} */ of) => `Look up ${topic} for ${of};`,
    next: { act: "run it", say: "enough", stop: "leave it" },
    failed: "no luck;",
    absent: "not on the list;",
    act: (/** @type {string} */ tool, /** @type {string} */ json) => `${json} to ${tool}`,
    say: (/** @type {string} */ topic, /** @type {string} */ of, /** @type {string} */ got) =>
      `for ${of} the ${topic} is ${got}`,
  },
  {
    markers: { ask: "item:", think: "mind:", act: "act:", result: "got:", say: "reply:" },
    think: (/** @type {string} */ topic, /** @type {string} */ of) => `Must get the ${topic} ${of}.`,
    next: { act: "Go: act", say: "Go: reply", stop: "Go: halt" },
    failed: "That broke.",
    absent: "None fits.",
    act: (/** @type {string} */ tool, /** @type {string} */ json) => `run ${tool}: ${json}`,
    say: (/** @type {string} */ topic, /** @type {string} */ of, /** @type {string} */ got) =>
      `the ${topic} ${of} is ${got}`,
  },
];

export const dialogueMarkers = styles.flatMap(({ markers }) => Object.values(markers));

/**
 * Random tools, a request, and thoughts, calls and results until the answer, or until nothing more can be done.
 * @param {Random} random
 */
export function createDialogue(random) {
  const style = random.pick(styles);
  const tools = createTools(random);
  const tasks = createTasks(random, tools);
  const absent = random.chance(0.15) ? random.pick(tasks).tool : null;
  const listed = random.shuffle(tools.filter((tool) => tool !== absent));
  const turns = [{ text: `${listed.map(describe).join("\n")}\n<|end|>`, train: false }];
  turns.push(...turn(style.markers.ask, request(random, tasks), false));
  const said = [];
  for (const task of tasks) {
    const outcome = perform(random, style, task, listed);
    turns.push(...outcome.turns);
    if (!outcome.isDone) return turns;
    const got = Object.values(task.result).join(" and ");
    said.push(style.say(task.tool.topic.join(" "), Object.values(task.args).join(" "), got));
  }
  turns.push(...turn(style.markers.think, style.next.say, true));
  turns.push(...turn(style.markers.say, `${capitalize(said.join(", and "))}.`, true));
  return turns;
}

/** @param {Random} random @returns {Tool[]} */
function createTools(random) {
  const topics = words(random, 10);
  const tools = Array.from({ length: random.integer(3, 5) }, () => {
    const topic = topics.splice(0, random.integer(1, 2));
    const keys = words(random, random.pick([1, 1, 2]));
    /** @type {Tool["properties"]} */
    const properties = Object.fromEntries(
      keys.map((key) => [key, random.chance(0.8) ? "string" : "integer"]),
    );
    const first = random.chance(0.8) ? random.pick(topic) : word(random);
    const parts = random.shuffle([first, word(random)]);
    return { name: parts.join("_"), topic, properties, results: words(random, random.pick([1, 1, 2])) };
  });
  if (random.chance(0.3)) tools[1] = spareOf(tools[0]);
  return tools;
}

/** @param {Tool} tool @returns {Tool} */
const spareOf = (tool) => ({ ...tool, name: `spare_${tool.name}`, isSpare: true });

/** @param {Tool} tool */
function describe({ name: toolName, topic, properties, isSpare }) {
  const types = Object.entries(properties).map(([key, type]) => [key, { type }]);
  return JSON.stringify({
    name: toolName,
    description: `${capitalize(topic.join(" "))} by ${Object.keys(properties).join(" and ")}${isSpare ? ", spare" : ""}`,
    parameters: {
      type: "object",
      properties: Object.fromEntries(types),
      required: Object.keys(properties),
    },
  });
}

/** Half of the later tasks take a result of the one before. @param {Random} random @param {Tool[]} tools */
function createTasks(random, tools) {
  const used = random.sample(
    tools.filter((tool) => !tool.isSpare),
    random.pick([1, 1, 2, 2, 3]),
  );
  /** @type {Task[]} */
  const tasks = [];
  for (const tool of used) tasks.push(createTask(random, tool, tasks.at(-1)));
  return tasks;
}

/** @param {Random} random @param {Tool} tool @param {{result: Record<string, string | number>} | undefined} previous */
function createTask(random, tool, previous) {
  const args = Object.fromEntries(
    Object.entries(tool.properties).map(([key, type]) => [
      key,
      type === "integer"
        ? smallNumber(random)
        : random.chance(0.85)
          ? name(random)
          : capitalize(word(random)),
    ]),
  );
  const result = Object.fromEntries(tool.results.map((key) => [key, value(random)]));
  const reusable = Object.entries(previous?.result ?? {}).find(([, got]) => matches(got, tool));
  const isChained = reusable !== undefined && random.chance(0.7);
  if (isChained) args[keyFor(reusable[1], tool)] = reusable[1];
  return { tool, args, result, chainedKey: isChained ? keyFor(reusable[1], tool) : null };
}

/** @param {string | number} got @param {Tool} tool */
const keyFor = (got, tool) =>
  Object.keys(tool.properties).find(
    (key) => (tool.properties[key] === "integer") === (typeof got === "number"),
  ) ?? "";

/** @param {string | number} got @param {Tool} tool */
const matches = (got, tool) => keyFor(got, tool) !== "";

/** @param {Random} random @param {Task[]} tasks */
function request(random, tasks) {
  const parts = tasks.map(({ tool, args, chainedKey }) => {
    const own = Object.entries(args)
      .filter(([key]) => key !== chainedKey)
      .map(([, given]) => `${link(random)} ${given}`);
    const topic = random.chance(0.8) ? tool.topic : [random.pick(tool.topic)];
    return sentencePart(random, topic, chainedKey === null ? own : ["of that", ...own]);
  });
  return sentence(
    random,
    parts.flatMap((part, index) => (index === 0 ? part : ["and", ...part])),
  );
}

/** @param {Random} random @param {string[]} topic @param {string[]} own */
const sentencePart = (random, topic, own) =>
  random.chance(0.75) ? [...topic, ...own] : [...own, random.pick([":", "-", "gets"]), ...topic];

/** The turns of one task. @param {Random} random @param {(typeof styles)[number]} style @param {Task} task @param {Tool[]} listed */
function perform(random, style, task, listed) {
  const { tool, args, result } = task;
  const { markers, next } = style;
  const thought = style.think(tool.topic.join(" "), Object.values(args).join(" "));
  const think = (/** @type {string[]} */ ...parts) => turn(markers.think, parts.join(" "), true);
  const act = (/** @type {Tool} */ { name: toolName }) =>
    turn(markers.act, style.act(toolName, JSON.stringify(args)), true);
  const answer = (/** @type {object} */ got) => turn(markers.result, JSON.stringify(got), false);

  if (!listed.includes(tool)) return { turns: think(thought, style.absent, next.stop), isDone: false };
  const first = [...think(thought, next.act), ...act(tool)];
  const spare = listed.find((other) => other.name === `spare_${tool.name}`);
  if (!random.chance(spare ? 0.5 : 0.06)) return { turns: [...first, ...answer(result)], isDone: true };
  const failed = [...first, ...answer({ problem: random.pick(["busy", "closed", "empty"]) })];
  if (!spare) return { turns: [...failed, ...think(style.failed, next.stop)], isDone: false };
  const again = [...think(style.failed, thought, next.act), ...act(spare), ...answer(result)];
  return { turns: [...failed, ...again], isDone: true };
}
