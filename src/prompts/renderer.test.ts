import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { packageRoot } from "../../test/shared-data.js";
import type { Profile } from "../core/profile.js";
import { SUBSETS, type Subset } from "../core/roles.js";
import type { Step, Trajectory } from "../core/trajectory.js";
import { loadProfile } from "./load-profile.js";
import { createRenderer } from "./renderer.js";
import type { Situation } from "./situation.js";

const places = { packageRoot, cwd: packageRoot };
const thread = (await loadProfile("thread", places)).profile;
const step = (await loadProfile("step", places)).profile;

/** Texts made of what a forger would use. */
const text = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "user:",
        "planner:",
        "caller:",
        "observation:",
        "summarizer:",
        "<|end|>",
        "</s>",
        "<s>",
        "[INST]",
      ),
      fc.constantFrom(
        "\n",
        " ",
        "<",
        "|",
        "Next: caller.",
        "Next: give up.",
        "{tools}",
        "{history}",
        "$&",
        "{name}",
      ),
      fc.string({ maxLength: 6 }),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(""));

const tool = fc.record({ name: text, description: text, parameters: fc.constant({ type: "object" }) });
const mark = fc.option(fc.constant({ untrained: "hallucinated_call" }), { nil: {}, freq: 4 });
const steps: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("user" as const), text }),
  fc
    .record({
      kind: fc.constant("call" as const),
      thought: text,
      call: fc.record({ name: text, arguments: text }),
      observation: fc.option(text),
    })
    .chain((value) => mark.map((marked) => ({ ...value, ...marked }))),
  fc
    .record({ kind: fc.constant("answer" as const), thought: text, answer: text })
    .chain((value) => mark.map((marked) => ({ ...value, ...marked }))),
  fc.record({ kind: fc.constant("give_up" as const), thought: text }),
);
const trajectories: fc.Arbitrary<Trajectory> = fc.record({
  id: fc.constant("t"),
  instruction: text,
  tools: fc.array(tool, { maxLength: 3 }),
  steps: fc.array(steps, { maxLength: 6 }),
});

/** Every text that is trained, with what stands before it in its row. */
function trainedTexts(
  profile: Profile,
  trajectory: Trajectory,
  subset: Subset,
): { before: string; text: string }[] {
  return createRenderer(profile)
    .examples(trajectory)
    [subset].examples.flatMap(({ segments }) => {
      let before = "";
      return segments.flatMap((segment) => {
        const here = { before, text: segment.text };
        before += segment.text;
        return segment.train ? [here] : [];
      });
    });
}

/** Every prompt an agent would ask `subset` with while repeating the trajectory. */
function prompts(profile: Profile, { instruction, tools, steps: all }: Trajectory, subset: Subset): string[] {
  const renderer = createRenderer(profile);
  return all.flatMap((each, index) => {
    if (each.kind === "user" || each.untrained !== undefined) return [];
    const situation: Situation = { instruction, tools, steps: all.slice(0, index), thought: null };
    const acting = { ...situation, thought: each.thought };
    const plan = renderer.prompt(subset === "backbone" ? "backbone" : "planner", situation);
    const act =
      each.kind === "call"
        ? [renderer.prompt("caller", acting)]
        : each.kind === "answer"
          ? [renderer.prompt("summarizer", acting)]
          : [];
    if (subset === "backbone") return profile.kind === "thread" ? [plan, ...act] : [plan];
    if (subset === "planner") return [plan];
    return (subset === "caller") === (each.kind === "call") ? act : [];
  });
}

describe.each([
  ["thread", thread],
  ["step", step],
])("the %s profile", (_, profile) => {
  it("asks at inference with exactly what stood before the trained text", () => {
    fc.assert(
      fc.property(trajectories, fc.constantFrom(...SUBSETS), (trajectory, subset) => {
        const trained = trainedTexts(profile, trajectory, subset);
        expect(trained.map(({ before }) => before)).toEqual(prompts(profile, trajectory, subset));
      }),
    );
  });

  it("trains texts that begin with one blank and end with the end of the turn", () => {
    fc.assert(
      fc.property(trajectories, fc.constantFrom(...SUBSETS), (trajectory, subset) => {
        for (const { before, text: trained } of trainedTexts(profile, trajectory, subset)) {
          expect(trained.startsWith(" ") && trained.endsWith(profile.endOfTurn)).toBe(true);
          expect(before).toMatch(/(planner|caller|summarizer):$/);
        }
      }),
    );
  });
});

describe("a thread", () => {
  it("has the same text for every subset", () => {
    fc.assert(
      fc.property(trajectories, (trajectory) => {
        const examples = createRenderer(thread).examples(trajectory);
        const texts = SUBSETS.flatMap((subset) => examples[subset].examples).map(({ segments }) =>
          segments.map((segment) => segment.text).join(""),
        );
        expect(new Set(texts).size).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("has as many turns as the trajectory, whatever the data says", () => {
    fc.assert(
      fc.property(trajectories, (trajectory) => {
        const [example] = createRenderer(thread).examples(trajectory).backbone.examples;
        const row = example?.segments.map((segment) => segment.text).join("") ?? "";
        const turns = trajectory.steps.reduce((sum, each) => {
          if (each.kind === "user" || each.kind === "give_up") return sum + 1;
          return sum + (each.kind === "call" && each.observation !== null ? 3 : 2);
        }, 2);
        if (example !== undefined) expect(row.split(thread.endOfTurn).length - 1).toBe(turns);
      }),
    );
  });

  it("trains each role on its own turns and leaves the others as context", () => {
    const trajectory: Trajectory = {
      id: "a",
      instruction: "How warm is it in Bonn?",
      tools: [
        { name: "weather", description: "Weather of a city", parameters: { type: "object", properties: {} } },
      ],
      steps: [
        {
          kind: "call",
          thought: "Ask.",
          call: { name: "weather", arguments: '{"city":"Bonn"}' },
          observation: "7",
        },
        { kind: "answer", thought: "", answer: "7 degrees." },
      ],
    };
    const examples = createRenderer(thread).examples(trajectory);
    const trained = (subset: Subset) =>
      examples[subset].examples[0]?.segments.filter((each) => each.train).map((each) => each.text);
    expect(trained("planner")).toEqual([" Ask. Next: caller.<|end|>", " Next: summarizer.<|end|>"]);
    expect(trained("caller")).toEqual([' weather\n{"city":"Bonn"}<|end|>']);
    expect(trained("summarizer")).toEqual([" 7 degrees.<|end|>"]);
    expect(examples.backbone.examples[0]?.segments[1]).toEqual({
      text: "user: How warm is it in Bonn?<|end|>planner:",
      train: false,
    });
  });

  it("leaves a trajectory out of the subset that it has no turn for, and says why", () => {
    const trajectory: Trajectory = {
      id: "a",
      instruction: "x",
      tools: [],
      steps: [{ kind: "give_up", thought: "" }],
    };
    const examples = createRenderer(thread).examples(trajectory);
    expect(examples.caller).toEqual({ examples: [], leftOut: ["no_call"] });
    expect(examples.summarizer).toEqual({ examples: [], leftOut: ["no_answer"] });
  });
});
