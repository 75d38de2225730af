import { describe, expect, it } from "@jest/globals";
import type { Script } from "../../test/scripted-roles.js";
import { ANSWER, CALL, collect, createOptions } from "../../test/scripted-task.js";
import type { Role } from "../core/roles.js";
import type { AgentEvent } from "./agent-event.js";
import { speakOnce } from "./solve-task.js";

describe("speakOnce", () => {
  const speak = (scripts: Partial<Record<Role, Script>>) =>
    collect(speakOnce({ instruction: "How is the weather?" }, createOptions(scripts)));
  const notesOf = (events: AgentEvent[]) =>
    events.flatMap((event) => (event.type === "warned" && event.note !== undefined ? [event.note] : []));

  it("takes the first plan and the first call, and runs nothing", async () => {
    const { result } = await speak({ planner: [CALL], caller: ['weather\n{"city":"Bern"}'] });
    const call = { name: "weather", arguments: '{"city":"Bern"}' };
    expect(result).toEqual({ kind: "call", thought: "I need it.", call, observation: null });
  });

  it.each<[string, Script, object]>([
    [
      "a tool that there is not",
      ["rain {}"],
      { call: { name: "rain", arguments: "{}" }, untrained: "hallucinated_call" },
    ],
    [
      "arguments that are no JSON",
      ["weather {city"],
      { call: { name: "weather", arguments: "{city" }, untrained: "broken_arguments" },
    ],
    [
      "no call at all",
      ["I am sorry!"],
      { call: { name: "I am sorry!", arguments: "" }, untrained: "unreadable_call" },
    ],
  ])("gives %s back as it was written", async (_, caller, expected) => {
    const { result } = await speak({ planner: [CALL], caller });
    expect(result).toEqual({ kind: "call", thought: "I need it.", observation: null, ...expected });
  });

  it("asks nobody twice, and says what it had to make of a text", async () => {
    const undecided = await speak({ planner: ["I need it."], caller: ["weather {}"] });
    expect(undecided.result).toMatchObject({ kind: "call", thought: "I need it." });
    expect(notesOf(undecided.events)).toEqual(["no_decision"]);
    expect((await speak({ planner: [""] })).result).toMatchObject({ untrained: "empty_plan" });
    const silent = await speak({ planner: [ANSWER], summarizer: [""] });
    expect(silent.result).toMatchObject({ kind: "give_up", untrained: "empty_answer" });
    const cut = await speak({ planner: [ANSWER], summarizer: [{ text: "It", finishReason: "length" }] });
    expect(notesOf(cut.events)).toEqual(["answer_cut"]);
  });
});
