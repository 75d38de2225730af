import { describe, expect, it } from "@jest/globals";
import type { ChatQuestion } from "../backends/ask-chat.js";
import { createSimulator } from "./simulate-api.js";

const { signal } = new AbortController();
const simulation = {
  address: { category: "Weather", tool: "sky", api: "forecast" },
  input: { city: "Oslo" },
  tool: { name: "forecast", description: "The weather.", parameters: {}, isRepeatable: true },
  examples: [],
};

function script(texts: string[]) {
  const asked: ChatQuestion[] = [];
  const simulate = createSimulator(
    async (question) => {
      asked.push(question);
      return texts[asked.length - 1] ?? "";
    },
    { seed: 7 },
  );
  return { asked, simulate };
}

describe("createSimulator", () => {
  it("tells the model what is known and takes its answer", async () => {
    const { asked, simulate } = script(['{"error": "", "response": {"sky": "Rain"}}']);
    const examples = [
      { input: { city: "Bern" }, answer: { error: "", response: "Sun" } },
      { input: { city: "long" }, answer: { error: "", response: "x".repeat(3000) } },
    ];
    const answer = await simulate({ ...simulation, examples }, signal);
    expect(answer).toEqual({ error: "", response: { sky: "Rain" } });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({ temperature: 0, seed: 7 });
    const text = asked[0]?.messages[1]?.content ?? "";
    expect(text).toContain("The weather.");
    expect(text).toContain('"response":"Sun"');
    expect(text).not.toContain("xxx");
    expect(text).toMatch(/Request: \{"city":"Oslo"\}$/);
  });

  it.each([
    ['Here it is:\n```json\n{"error": "", "response": "Rain"}\n```', { error: "", response: "Rain" }],
    ["{'error': '', 'response': 'Rain',}", { error: "", response: "Rain" }],
    ['{"response": "Rain"}', { error: "", response: "Rain" }],
    ['{"error": "", "response": "Rain in Os', { error: "", response: "Rain in Os" }],
    ['{"error": "city is missing"}', { error: "city is missing", response: "" }],
  ])("mends %j", async (text, answer) => {
    expect(await script([text]).simulate(simulation, signal)).toEqual(answer);
  });

  it("asks again, with another seed, where no answer came, and then gives up", async () => {
    const late = script(["I cannot", '{"sky": "Rain"}', '{"response": "Rain"}']);
    expect(await late.simulate(simulation, signal)).toEqual({ error: "", response: "Rain" });
    expect(late.asked.map(({ seed }) => seed)).toEqual([7, 8, 9]);
    expect(await script(["", "{", "no"]).simulate(simulation, signal)).toBeNull();
  });
});
