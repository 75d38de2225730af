import { describe, expect, it } from "@jest/globals";
import { createMemoryCache } from "../../test/memory-cache.js";
import { createScriptedModel } from "../../test/scripted-roles.js";
import { packageRoot } from "../../test/shared-data.js";
import type { CompletionRequest } from "../agent/role-model.js";
import { loadProfile } from "../prompts/load-profile.js";
import { rememberCompletions } from "./remember-completions.js";

const { profile } = await loadProfile("thread", { packageRoot, cwd: packageRoot });

const REQUEST: CompletionRequest = {
  ...{ prompt: "planner:", stop: ["</s>"], maxTokens: 10, temperature: 0, seed: 0, grammar: null },
  signal: new AbortController().signal,
};
const WEIGHTS = { planner: "p", caller: "c", summarizer: "s" };

function open() {
  const echo = ({ prompt }: CompletionRequest, index: number) => `${index} ${prompt}`;
  const scripted = createScriptedModel(profile, { planner: echo, caller: echo });
  const cache = createMemoryCache();
  let misses = 0;
  const model = (weights = WEIGHTS) =>
    rememberCompletions(scripted, { cache, weights, onAsked: () => void misses++ });
  return { scripted, model, missesSoFar: () => misses };
}

describe("rememberCompletions", () => {
  it("asks the same of the same weights once, whoever waits for it", async () => {
    const { scripted, model, missesSoFar } = open();
    const first = await model().roles.planner.backend.complete(REQUEST);
    const again = { ...REQUEST, signal: new AbortController().signal };
    expect(await model().roles.planner.backend.complete(again)).toEqual(first);
    expect([scripted.asked.planner.length, missesSoFar()]).toEqual([1, 1]);
  });

  it("asks anew where the weights or anything of the request differ", async () => {
    const { scripted, model } = open();
    await model().roles.planner.backend.complete(REQUEST);
    const others: Partial<CompletionRequest>[] = [
      ...[{ prompt: "other" }, { stop: ["<end>"] }, { maxTokens: 11 }, { temperature: 1 }, { seed: 1 }],
      { grammar: { before: " ", between: "\n", after: "", tools: [] } },
    ];
    for (const other of others) await model().roles.planner.backend.complete({ ...REQUEST, ...other });
    await model({ ...WEIGHTS, planner: "p2" }).roles.planner.backend.complete(REQUEST);
    expect(scripted.asked.planner).toHaveLength(others.length + 2);
    await model().roles.caller.backend.complete(REQUEST);
    expect(scripted.asked.caller).toHaveLength(1);
  });

  it("gives a remembered completion in one piece where pieces are asked for", async () => {
    const { model } = open();
    const { text } = await model().roles.planner.backend.complete(REQUEST);
    const pieces: string[] = [];
    for await (const piece of model().roles.planner.backend.stream(REQUEST)) pieces.push(piece);
    expect(pieces).toEqual([text]);
  });

  it("keeps what else a role has", () => {
    const { scripted, model } = open();
    const { endOfTurnToken, contextTokens, countTokens } = model().roles.planner;
    const { planner } = scripted.roles;
    expect([endOfTurnToken, contextTokens]).toEqual([planner.endOfTurnToken, planner.contextTokens]);
    expect(countTokens("twelve chars")).toBe(3);
  });
});
