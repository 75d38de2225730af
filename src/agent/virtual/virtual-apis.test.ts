import { describe, expect, it } from "@jest/globals";
import type { Observation, ToolBox } from "../tool-box.js";
import { createMemoryAnswers } from "./answer-cache.js";
import { addressKey } from "./api-address.js";
import { VirtualApis, type VirtualApisSettings } from "./virtual-apis.js";

const address = { category: "Weather", tool: "sky", api: "forecast" };
const call = (city: string) => ({ address, input: { city }, key: "" });
const isOk = (text: string): Observation => ({ text, isError: false });

interface Given extends Partial<VirtualApisSettings> {
  observations?: Observation[];
  isRepeatable?: boolean;
}

/** An API whose tool says one observation after the other, if there are any. */
function createApis({ observations, isRepeatable = true, ...settings }: Given) {
  const ran: string[] = [];
  const toolBox: ToolBox = {
    tools: [],
    call: async ({ arguments: text }) => {
      ran.push(text);
      return observations?.[ran.length - 1] ?? isOk(`${text} ${ran.length}`);
    },
    close: async () => {},
  };
  const tool = { name: "forecast", description: "", parameters: {}, isRepeatable };
  const published = new Map([[addressKey(address), { address, tool, runs: observations !== undefined }]]);
  const troubles: string[] = [];
  const apis = new VirtualApis({
    ...{ published, toolBox, recorded: null, isRecording: false, simulate: null },
    onTrouble: (message) => troubles.push(message),
    ...settings,
  });
  return { apis, ran, troubles };
}

describe("VirtualApis", () => {
  it("answers with the wire's errors what cannot be read or had", async () => {
    const { apis } = createApis({});
    expect(await apis.answer({ ...call("x"), input: null })).toEqual({
      error: "Tool input parse error...\n",
      response: "",
    });
    expect(await apis.answer(call("Oslo"))).toEqual({ error: "API not working error...", response: "" });
    expect(apis.counts).toMatchObject({ failed: 2 });
  });

  it("prefers what was recorded to a tool, and a tool to a simulation", async () => {
    const recorded = createMemoryAnswers();
    await recorded.keep(address, { city: "Oslo" }, { error: "", response: "known" });
    const { apis, ran } = createApis({
      observations: [isOk("from the tool")],
      recorded,
      simulate: async () => ({ error: "", response: "guessed" }),
    });
    expect(await apis.answer(call("Oslo"))).toEqual({ error: "", response: "known" });
    expect(await apis.answer(call("Bern"))).toEqual({ error: "", response: "from the tool" });
    expect(ran).toEqual(['{"city":"Bern"}']);
    expect(await recorded.list(address)).toHaveLength(1);
  });

  it("runs a tool once and then plays it back while recording", async () => {
    const { apis, ran } = createApis({
      observations: [],
      recorded: createMemoryAnswers(),
      isRecording: true,
    });
    const first = await apis.answer(call("Oslo"));
    expect(await apis.answer(call("Oslo"))).toEqual(first);
    expect(ran).toHaveLength(1);
    expect(apis.counts).toEqual({ replayed: 1, ran: 1, simulated: 0, failed: 0 });
  });

  it("runs a tool again while recording where it failed, or where its answers change", async () => {
    const observations = [{ text: "error: busy", isError: true }, isOk("Rain")];
    const healing = createApis({ observations, recorded: createMemoryAnswers(), isRecording: true });
    expect(await healing.apis.answer(call("Oslo"))).toEqual({ error: "busy", response: "" });
    expect(await healing.apis.answer(call("Oslo"))).toEqual({ error: "", response: "Rain" });
    const changing = createApis({
      observations: [isOk("1"), isOk("2")],
      isRepeatable: false,
      recorded: createMemoryAnswers(),
      isRecording: true,
    });
    await changing.apis.answer(call("Oslo"));
    expect(await changing.apis.answer(call("Oslo"))).toEqual({ error: "", response: "2" });
  });

  it("plays recorded errors back where it does not record", async () => {
    const recorded = createMemoryAnswers();
    await recorded.keep(address, { city: "Oslo" }, { error: "busy", response: "" });
    const { apis, ran } = createApis({ observations: [], recorded });
    expect(await apis.answer(call("Oslo"))).toEqual({ error: "busy", response: "" });
    expect(ran).toEqual([]);
  });

  it("asks once what is asked twice at the same time, but not where answers change", async () => {
    const same = createApis({ observations: [] });
    await Promise.all([same.apis.answer(call("Oslo")), same.apis.answer(call("Oslo"))]);
    expect(same.ran).toHaveLength(1);
    const changing = createApis({ observations: [], isRepeatable: false });
    await Promise.all([changing.apis.answer(call("Oslo")), changing.apis.answer(call("Oslo"))]);
    expect(changing.ran).toHaveLength(2);
  });

  it("simulates a call once, with true answers as examples, and keeps it where it records", async () => {
    const recorded = createMemoryAnswers();
    await recorded.keep(address, { city: "Bern" }, { error: "", response: "Sun" });
    await recorded.keep(address, { city: "Rome" }, { error: "busy", response: "" });
    const seen: unknown[] = [];
    const simulate: VirtualApisSettings["simulate"] = async ({ examples, tool }) => {
      seen.push([examples, tool?.name]);
      return { error: "", response: `guess ${seen.length}` };
    };
    const reading = createApis({ recorded, simulate });
    expect(await reading.apis.answer(call("Oslo"))).toEqual({ error: "", response: "guess 1" });
    expect(await reading.apis.answer(call("Oslo"))).toEqual({ error: "", response: "guess 1" });
    expect(seen).toEqual([
      [[{ input: { city: "Bern" }, answer: { error: "", response: "Sun" } }], "forecast"],
    ]);
    expect(await recorded.find(address, { city: "Oslo" })).toBeNull();
    await createApis({ recorded, simulate, isRecording: true }).apis.answer(call("Oslo"));
    expect(await recorded.find(address, { city: "Oslo" })).toEqual({ error: "", response: "guess 2" });
  });

  it("does not keep a simulation that failed, and says why it did", async () => {
    const answers = [null, { error: "", response: "Rain" }];
    const { apis, troubles } = createApis({
      simulate: async () => {
        if (answers.length === 2) {
          answers.shift();
          throw new Error("out of reach");
        }
        return answers[0] ?? null;
      },
    });
    expect(await apis.answer(call("Oslo"))).toEqual({ error: "API not working error...", response: "" });
    expect(troubles).toEqual(["the simulator failed"]);
    expect(await apis.answer(call("Oslo"))).toEqual({ error: "", response: "Rain" });
  });
});
