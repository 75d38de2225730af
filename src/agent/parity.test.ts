import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Tokenizer } from "@huggingface/tokenizers";
import { expect, it } from "@jest/globals";
import { createScriptedModel, type ScriptedModel } from "../../test/scripted-roles.js";
import { createTool } from "../../test/scripted-tools.js";
import { describeWithSharedData, packageRoot, sharedData } from "../../test/shared-data.js";
import type { Segment } from "../core/example.js";
import type { Profile } from "../core/profile.js";
import { ROLES, type Role } from "../core/roles.js";
import type { Trajectory } from "../core/trajectory.js";
import { findInput } from "../data/input/find-inputs.js";
import { TrajectorySource } from "../data/trajectory-source.js";
import { loadProfile } from "../prompts/load-profile.js";
import { createRenderer } from "../prompts/renderer.js";
import { takeStep } from "./solve-task.js";

const END = "</s>";
const SOURCES = [
  ["toolbench", "toolbench-raw/answer"],
  ["toolbench", "stabletoolbench/answer"],
  ["toolllama", "toolllama/generated_from_data_example_G1.json"],
  ["alpha-umi-1", "golden/alpha-umi-shipped/raw_data_stage_1.json"],
  ["alpha-umi-2", "golden/alpha-umi-shipped/raw_data_stage_2.json"],
  ["openai", "openai-messages/tau-bench-gpt-4o-airline.first20.json"],
] as const;

async function readTrajectories(path: string, format: (typeof SOURCES)[number][0]): Promise<Trajectory[]> {
  const source = new TrajectorySource(await findInput(sharedData(path), { cwd: "/" }), format);
  const read: Trajectory[] = [];
  for await (const { result } of source.read())
    if (result.kind === "trajectory") read.push(withTools({ ...result.trajectory, id: String(read.length) }));
  return read;
}

/** An agent without tools calls none: records that list none get those that they call. */
function withTools(trajectory: Trajectory): Trajectory {
  const called = trajectory.steps.flatMap((step) => (step.kind === "call" ? [step.call.name] : []));
  const tools = [...new Set(called)].map((name) => ({ name, description: "", parameters: {} }));
  return trajectory.tools.length > 0 ? trajectory : { ...trajectory, tools };
}

/** A text that is trained, and the segments before it in its row. */
interface Trained {
  before: Segment[];
  text: string;
}

function findTrained(profile: Profile, trajectory: Trajectory, role: Role): Trained[] {
  const { examples } = createRenderer(profile).examples(trajectory)[role];
  return examples.flatMap(({ segments }) =>
    segments.flatMap((segment, at) =>
      segment.train ? [{ before: segments.slice(0, at), text: segment.text }] : [],
    ),
  );
}

const toModel = (profile: Profile, text: string): string => text.split(profile.endOfTurn).join(END);
const joinBefore = (profile: Profile, { before }: Trained): string =>
  toModel(profile, before.map(({ text }) => text).join(""));

/** Lets scripted roles write what was recorded, each step after the recorded ones, and says how each was asked. */
async function askAsRecorded(profile: Profile, trajectory: Trajectory): Promise<Record<Role, string[]>> {
  const asked: Record<Role, string[]> = { planner: [], caller: [], summarizer: [] };
  const left = Object.fromEntries(
    ROLES.map((role) => [role, findTrained(profile, trajectory, role).map(({ text }) => text)]),
  ) as Record<Role, string[]>;
  for (const [index, step] of trajectory.steps.entries()) {
    if (step.kind === "user" || step.untrained !== undefined) continue;
    const speaks = { planner: true, caller: step.kind === "call", summarizer: step.kind === "answer" };
    const model: ScriptedModel = createScriptedModel(
      profile,
      {
        planner: [left.planner.shift() ?? "", "Next: give up."],
        caller: speaks.caller ? [left.caller.shift() ?? ""] : [],
        summarizer: speaks.summarizer ? [left.summarizer.shift() ?? ""] : [],
      },
      { contextTokens: 1e9 },
    );
    const events = takeStep(
      { instruction: trajectory.instruction, steps: trajectory.steps.slice(0, index) },
      {
        model,
        toolBox: { tools: trajectory.tools.map((tool) => createTool(tool.name, tool)) },
        limits: { maxTurns: 1, maxTokens: 1e9, maxSeconds: 60, maxCalls: 1, maxNewTokens: 256 },
        temperature: 0,
        seed: 0,
        signal: new AbortController().signal,
        now: () => new Date(0),
      },
    );
    for await (const _ of events);
    for (const role of ROLES) if (speaks[role]) asked[role].push(model.asked[role][0]?.prompt ?? "not asked");
  }
  return asked;
}

const places = { packageRoot, cwd: packageRoot };
const profiles = [(await loadProfile("thread", places)).profile, (await loadProfile("step", places)).profile];

describeWithSharedData("the agent's prompts", () => {
  it.each(SOURCES)("are what stood before the trained text: %s, %s", async (format, path) => {
    const trajectories = await readTrajectories(path, format);
    let compared = 0;
    for (const profile of profiles) {
      for (const trajectory of trajectories) {
        const asked = await askAsRecorded(profile, trajectory);
        for (const role of ROLES) {
          const trained = findTrained(profile, trajectory, role);
          compared += trained.length;
          expect(asked[role]).toEqual(trained.map((each) => joinBefore(profile, each)));
        }
      }
    }
    expect(compared).toBeGreaterThan(10);
  });

  it.each(SOURCES)("have the tokens that stood before the trained ones: %s, %s", async (format, path) => {
    const read = (name: string) => JSON.parse(readFileSync(join(packageRoot, "data/tiny", name), "utf8"));
    const tokenizer = new Tokenizer(read("tokenizer.json"), read("tokenizer_config.json"));
    const encode = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids;
    const [trajectory] = (await readTrajectories(path, format)).sort(
      (a, b) => JSON.stringify(a).length - JSON.stringify(b).length,
    );
    if (trajectory === undefined) throw new Error(`${path} has no trajectory`);
    for (const profile of profiles) {
      const asked = await askAsRecorded(profile, trajectory);
      for (const role of ROLES) {
        for (const [index, { before, text }] of findTrained(profile, trajectory, role).entries()) {
          // The trainer tokenises segment by segment; a server, the prompt as one.
          const row = before.flatMap((segment) => encode(toModel(profile, segment.text)));
          const prompt = asked[role][index] ?? "";
          expect(encode(prompt)).toEqual(row);
          expect(encode(prompt + toModel(profile, text))).toEqual([
            ...row,
            ...encode(toModel(profile, text)),
          ]);
        }
      }
    }
  });
});
