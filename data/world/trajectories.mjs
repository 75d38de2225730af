import { backups } from "./define-tool.mjs";
import { heldOutIntents, trainedIntents } from "./intents.mjs";
import { seenNames, unseenNames } from "./names.mjs";
import { phrases } from "./phrases.mjs";
import { createRandom, hash } from "./random.mjs";
import {
  coinedCurrencies,
  currencies,
  heldOutToolNames,
  languages,
  tools,
  trainedToolNames,
} from "./tools.mjs";

/** @typedef {import("./intents.mjs").Intent} Intent */
/** @typedef {import("./random.mjs").Random} Random */
/** @typedef {import("./define-tool.mjs").Values} Values */
/** @typedef {{thought: string, tool: string, args: Values, result: Values}} Call */
/**
 * @typedef {object} Trajectory
 * @property {string} id
 * @property {string} question
 * @property {string[]} tools Their names, in the order they are offered.
 * @property {Call[]} calls
 * @property {string} lastThought
 * @property {string | null} answer null where the trajectory gives up.
 * @property {Omit<Call, "result">} [missing] What it would have called, where it gives up because no tool does that.
 */

export const splits = ["train", "test_seen", "test_unseen_values", "test_unseen_tools"];

const toolsPerTask = 4;
const probabilities = { missingTool: 0.15, backup: 0.7, wrongArgument: 0.02, wrongTool: 0.02 };
/** Of one, two and three calls, in hundredths. */
const callShares = { 1: 36, 2: 40 };

const noToolDoesThat = "No tool does that.";

const toolByName = new Map(tools.map((tool) => [tool.name, tool]));

/** @param {string} name @param {Values} args */
const execute = (name, args) => toolByName.get(name)?.execute(args) ?? { error: "no such tool" };

/**
 * How the world is told. Today's: a tool that is not offered is called all the same, mostly, for what comes back says
 * so to any planner; currencies have names like everything else. The first is what the tokenizer of data/tiny was
 * made from.
 */
export const editions = { first: { absentCalls: 0 }, today: { absentCalls: 0.75 } };
/** @typedef {keyof typeof editions} Edition */

/**
 * Trajectories of a split. Each depends on seed, split and its number alone, and whether a question is a
 * training or a test question on the question alone: so the splits have no question in common, whatever
 * their sizes.
 * @param {string} split
 * @param {number} count
 * @param {number} seed
 * @param {Edition} [edition]
 * @returns {Generator<Trajectory>}
 */
export function* createTrajectories(split, count, seed, edition = "today") {
  const asked = new Set();
  for (let number = 0, found = 0; found < count; number++) {
    const trajectory = createTrajectory(
      { split, number, edition },
      createRandom(`${seed}/${split}/${number}`),
    );
    if (belongsToTest(trajectory.question) === (split === "train")) continue;
    if (split !== "train" && asked.has(trajectory.question)) continue;
    asked.add(trajectory.question);
    found += 1;
    yield callMissing(trajectory, editions[edition].absentCalls);
  }
}

/** @param {string} question One question in eight is kept for the tests. */
const belongsToTest = (question) => hash("question", question) % 8 === 0;

/**
 * The planner learns from the answer that no tool does that, where it did not see it at once.
 * @param {Trajectory} trajectory @param {number} share @returns {Trajectory}
 */
function callMissing(trajectory, share) {
  const { missing, calls } = trajectory;
  if (!missing || hash("missing", missing.thought) % 100 >= 100 * share) return trajectory;
  const result = { error: `there is no tool named ${missing.tool}` };
  return { ...trajectory, calls: [...calls, { ...missing, result }], lastThought: noToolDoesThat };
}

/** @param {{split: string, number: number, edition: Edition}} which @param {Random} random @returns {Trajectory} */
function createTrajectory({ split, number, edition }, random) {
  const isUnseen = split === "test_unseen_values";
  const coined = isUnseen ? coinedCurrencies.unseen : coinedCurrencies.seen;
  const words = edition === "first" ? currencies : coined;
  const slots = fillSlots(isUnseen ? unseenNames : seenNames, words, random);
  const intent = pickIntent(split, random);
  const offered = offerTools(split, intent, random);
  const course = walk(intent, slots, offered, random);
  const id = `${split}-${String(number).padStart(5, "0")}`;
  return { id, question: fill(random.pick(intent.questions), slots), tools: offered, ...course };
}

/** @param {readonly string[]} names @param {readonly string[]} words For currencies. @param {Random} random @returns {Values} */
function fillSlots(names, words, random) {
  const [x, y] = random.sample(names, 2);
  return {
    x: /** @type {string} */ (x),
    y: /** @type {string} */ (y),
    n: random.integer(2, 9),
    m: random.integer(10, 99),
    currency: random.pick(words),
    language: random.pick(languages),
  };
}

/** @param {string} split @param {Random} random */
function pickIntent(split, random) {
  if (split === "test_unseen_tools") return random.pick(heldOutIntents);
  const share = random.integer(0, 99);
  if (share < callShares[1]) return random.pick(trainedIntents[1]);
  return random.pick(trainedIntents[share < callShares[1] + callShares[2] ? 2 : 3]);
}

/** The needed tools, or all but one of them, among others. @param {string} split @param {Intent} intent @param {Random} random */
function offerTools(split, intent, random) {
  const needed = [...new Set(intent.steps.map((step) => step.tool))];
  const missing = random.chance(probabilities.missingTool) ? random.pick(needed) : null;
  const present = needed.filter((name) => name !== missing);
  const spare = present
    .flatMap((name) => backups[name] ?? [])
    .filter(() => random.chance(probabilities.backup));
  const related = new Set([...needed, ...needed.flatMap((name) => backups[name] ?? [])]);
  const known = split === "test_unseen_tools" ? [...trainedToolNames, ...heldOutToolNames] : trainedToolNames;
  const others = known.filter((name) => !related.has(name));
  const useful = [...present, ...spare];
  return random.shuffle([...useful, ...random.sample(others, toolsPerTask - useful.length)]);
}

/**
 * Does what the intent asks for with the tools that are offered.
 * @param {Intent} intent @param {Values} slots @param {string[]} offered @param {Random} random
 */
function walk(intent, slots, offered, random) {
  /** @type {Call[]} */
  const calls = [];
  /** @type {Values} */
  const results = {};
  const told = [];
  for (const step of intent.steps) {
    const args = resolveArguments(step.args, slots, results);
    if (!offered.includes(step.tool)) {
      const missing = { thought: needOf(step.tool, args), tool: step.tool, args };
      return { calls, lastThought: `${missing.thought} ${noToolDoesThat}`, answer: null, missing };
    }
    const result = perform(step.tool, args, offered, calls, random);
    if (typeof result === "string") return { calls, lastThought: result, answer: null };
    Object.assign(results, result);
    told.push(fill(phrases[step.tool].told, { ...args, ...result }));
  }
  const parts = intent.answer === "last" ? told.slice(-1) : told;
  return { calls, lastThought: "I have all results.", answer: `${capitalize(parts.join(", and "))}.` };
}

/**
 * Calls the tool, with a wrong turn now and then and the backup after a timeout.
 * @param {string} tool @param {Values} args @param {string[]} offered @param {Call[]} calls @param {Random} random
 * @returns {Values | string} The result, or the thought with which the planner gives up.
 */
function perform(tool, args, offered, calls, random) {
  const need = needOf(tool, args);
  const mistake = makeMistake(tool, args, offered, random);
  if (mistake) calls.push({ thought: need, ...mistake, result: execute(mistake.tool, mistake.args) });
  let result = execute(tool, args);
  calls.push({ thought: mistake ? `That was the wrong call. ${need}` : need, tool, args, result });
  if (result.error === "timeout") {
    const backup = backups[tool];
    if (!offered.includes(backup)) return "The tool timed out. It has no backup.";
    result = execute(backup, args);
    calls.push({ thought: `The tool timed out. It has a backup. ${need}`, tool: backup, args, result });
  }
  return "error" in result ? "The tool found nothing." : result;
}

/** A first call that goes wrong: an argument under a wrong name, or another tool. @param {string} tool @param {Values} args @param {string[]} offered @param {Random} random */
function makeMistake(tool, args, offered, random) {
  if (random.chance(probabilities.wrongArgument)) {
    const [[, value], ...rest] = Object.entries(args);
    return { tool, args: Object.fromEntries([["name", value], ...rest]) };
  }
  if (random.chance(probabilities.wrongTool)) {
    const other = random.pick(offered.filter((name) => name !== tool && name !== backups[tool]));
    return other ? { tool: other, args } : null;
  }
  return null;
}

/** @param {string} tool @param {Values} args */
const needOf = (tool, args) => `I need ${fill(phrases[tool].need, args)}.`;

/** @param {Record<string, string>} args @param {Values} slots @param {Values} results @returns {Values} */
function resolveArguments(args, slots, results) {
  return Object.fromEntries(
    Object.entries(args).map(([key, value]) => [
      key,
      value.startsWith("#") ? results[value.slice(1)] : slots[value.slice(1, -1)],
    ]),
  );
}

/** @param {string} template @param {Values} values */
const fill = (template, values) => template.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));

/** @param {string} text */
const capitalize = (text) => text.charAt(0).toUpperCase() + text.slice(1);
