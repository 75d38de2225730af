import { describe, expect, it } from "@jest/globals";
import { sourceOf, toolOf } from "../../../test/tools/source-of.js";
import { createToolBox } from "./create-tool-box.js";

const never = new AbortController().signal;
const call = (name: string, text = "{}"): [{ name: string; arguments: string }, { signal: AbortSignal }] => [
  { name, arguments: text },
  { signal: never },
];
const hang = (): Promise<never> => new Promise(() => {});

describe("createToolBox", () => {
  it("offers the tools of all sources and runs them by name", async () => {
    const box = createToolBox([sourceOf([{ name: "a" }]), sourceOf([{ name: "b" }], { name: "mcp:b" })]);
    expect(box.tools.map(({ name, source }) => [name, source])).toEqual([
      ["a", "module:test.mjs"],
      ["b", "mcp:b"],
    ]);
    expect(await box.call(...call("b", '{"x":1}'))).toEqual({ text: '{"x":1}', isError: false });
  });

  it("maps namesakes back to their own sources", async () => {
    const tell = (text: string) => ({ name: "read", run: async () => ({ text, isError: false }) });
    const box = createToolBox([
      sourceOf([tell("one")], { name: "mcp:one" }),
      sourceOf([tell("two")], { name: "mcp:two" }),
    ]);
    expect((await box.call(...call("one_read"))).text).toBe("one");
    expect((await box.call(...call("two_read"))).text).toBe("two");
    expect(await box.call(...call("read"))).toEqual({
      text: "error: there is no tool named read",
      isError: true,
    });
  });

  it("offers what is allowed and not denied", async () => {
    const source = sourceOf([{ name: "read_file" }, { name: "read_all" }, { name: "write_file" }]);
    const box = createToolBox([source], { allow: ["read_*"], deny: ["*_all"] });
    expect(box.tools.map((tool) => tool.name)).toEqual(["read_file"]);
    expect((await box.call(...call("write_file"))).isError).toBe(true);
  });

  it("follows a source whose tools change, and keeps the names of those that stay", () => {
    const source = { ...sourceOf([{ name: "a" }]) };
    const box = createToolBox([source]);
    const before = box.tools;
    expect(box.tools).toBe(before);
    Object.assign(source, { tools: [toolOf({ name: "b" }), toolOf({ name: "a" }), toolOf({ name: "a" })] });
    expect(box.tools.map((tool) => tool.name)).toEqual(["b", "a"]);
  });

  it.each([
    ["", "{}", false],
    ["[1]", "error: the arguments must be a JSON object, not a list", true],
    ["null", "error: the arguments must be a JSON object, not null", true],
    ['{"city":', "error: the arguments are not valid JSON", true],
    ['{"days":1}', "error: the arguments do not fit: city is missing", true],
  ])("answers the arguments %j with %j", async (text, expected, isError) => {
    const parameters = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
    const tools = [{ name: "a" }, { name: "strict", parameters }];
    const box = createToolBox([sourceOf(tools)]);
    const observation = await box.call(...call(text.startsWith('{"days') ? "strict" : "a", text));
    expect(observation).toEqual({ text: expect.stringContaining(expected), isError });
  });

  it("hands arguments on unchecked where the source decides itself", async () => {
    const tool = { name: "a", isChecked: false, parameters: { type: "object", required: ["city"] } };
    expect((await createToolBox([sourceOf([tool])]).call(...call("a"))).isError).toBe(false);
  });

  it("asks before it destroys", async () => {
    const source = sourceOf([
      { name: "drop", isDestructive: true, parameters: { type: "object", required: ["x"] } },
    ]);
    const asked: unknown[] = [];
    const isAllowed = async (each: { arguments: string }): Promise<boolean> => {
      asked.push(each);
      return each.arguments.includes("1");
    };
    const box = createToolBox([source], { isAllowed });
    const refusal = { text: "error: drop needs the user's consent, which was not given", isError: true };
    expect(await box.call(...call("drop", '{"x":2}'))).toEqual(refusal);
    expect((await box.call(...call("drop", '{"x":1}'))).isError).toBe(false);
    await box.call(...call("drop", "{}"));
    expect(asked).toEqual([
      { name: "drop", arguments: '{"x":2}' },
      { name: "drop", arguments: '{"x":1}' },
    ]);
    expect(await createToolBox([source]).call(...call("drop", '{"x":2}'))).toEqual(refusal);
    expect(
      (await createToolBox([source], { consent: ["dr*"] }).call(...call("drop", '{"x":2}'))).isError,
    ).toBe(false);
  });

  it("takes the user's word that a tool changes nothing", () => {
    const [tool] = createToolBox([sourceOf([{ name: "drop", isDestructive: true }])], {
      readOnly: ["*"],
    }).tools;
    expect(tool).toMatchObject({ isDestructive: false, isRepeatable: true });
  });

  it.each([
    [() => Promise.reject(new Error("no network")), "error: no network"],
    [
      () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })),
      "error: connect ECONNREFUSED",
    ],
    [() => Promise.reject("a text"), "error: a text"],
    [() => Promise.reject(undefined), "error: undefined"],
    [
      () => {
        throw new Error("at once");
      },
      "error: at once",
    ],
  ])("tells the model what a tool threw", async (run, text) => {
    const box = createToolBox([sourceOf([{ name: "a", run }])]);
    expect(await box.call(...call("a"))).toEqual({ text, isError: true });
  });

  it("stops waiting when the time is over, and tells the tool", async () => {
    let reason: unknown;
    const run = (_: unknown, signal: AbortSignal): Promise<never> => {
      signal.addEventListener("abort", () => {
        reason = signal.reason;
      });
      return hang();
    };
    const limits = { timeoutSeconds: 0.01, maxCharacters: null };
    const box = createToolBox([sourceOf([{ name: "a", run }], { limits })]);
    expect(await box.call(...call("a"))).toEqual({ text: "error: no answer within 0.01 s", isError: true });
    expect(reason).toMatchObject({ by: "time" });
  });

  it("throws where the caller interrupts, and tells the tool", async () => {
    const controller = new AbortController();
    let stopped: AbortSignal | undefined;
    const run = (_: unknown, signal: AbortSignal): Promise<never> => {
      stopped = signal;
      controller.abort();
      return hang();
    };
    const box = createToolBox([sourceOf([{ name: "a", run }])]);
    const running = box.call({ name: "a", arguments: "" }, { signal: controller.signal });
    await expect(running).rejects.toMatchObject({ code: "interrupted" });
    expect(stopped?.aborted).toBe(true);
    await expect(box.call({ name: "a", arguments: "" }, { signal: controller.signal })).rejects.toMatchObject(
      {
        code: "interrupted",
      },
    );
  });

  it("closes while a tool hangs, even one whose source hangs too", async () => {
    let started = (): void => {};
    const hasStarted = new Promise<void>((resolve) => {
      started = resolve;
    });
    const run = (): Promise<never> => {
      started();
      return hang();
    };
    const failing = sourceOf([], { close: () => Promise.reject(new Error("already gone")) });
    const box = createToolBox([sourceOf([{ name: "a", run }]), failing]);
    const running = box.call(...call("a"));
    await hasStarted;
    await box.close();
    expect(await running).toEqual({ text: "error: the tools were closed", isError: true });
    expect((await box.call(...call("a"))).text).toBe("error: the tools were closed");
  });

  it("cuts what is too long and takes out what must not be seen", async () => {
    const run = async () => ({ text: `key-123456 \u001b[1m${"x".repeat(9000)}`, isError: false });
    const source = sourceOf([{ name: "a", run }]);
    const { text } = await createToolBox([source], { secrets: ["key-123456"] }).call(...call("a"));
    expect(text).toHaveLength(4096);
    expect(text).toMatch(/^\[hidden\] x+\n\(cut: 9009 characters in all\)$/);
    const limits = { timeoutSeconds: null, maxCharacters: 100 };
    const short = createToolBox([sourceOf([{ name: "a", run }], { limits })]);
    expect((await short.call(...call("a"))).text).toHaveLength(100);
  });

  it("shows what can be seen of a tool's description, and not without end", () => {
    const hidden = "Reads\u{e0041}\u200b a file.";
    const properties = { description: { type: "string", description: hidden, enum: ["a\u200bb"] } };
    const parameters = { type: "object", properties };
    const tools = [
      { name: "a", description: hidden, parameters },
      { name: "b", description: "x".repeat(9000) },
    ];
    const [first, second] = createToolBox([sourceOf(tools)]).tools;
    expect(first?.description).toBe("Reads a file.");
    expect(first?.parameters).toEqual({
      type: "object",
      properties: { description: { type: "string", description: "Reads a file.", enum: ["a\u200bb"] } },
    });
    expect(second?.description).toHaveLength(4096);
  });
});
