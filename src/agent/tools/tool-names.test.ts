import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ToolNames } from "./tool-names.js";

const assign = (...tools: [string, string][]) =>
  new ToolNames().assign(tools.map(([source, name]) => ({ source, name })));

describe("ToolNames", () => {
  it("leaves a fit name as it is", () => {
    expect(assign(["mcp:a", "get_weather"], ["mcp:a", "files.read-all"])).toEqual([
      "get_weather",
      "files.read-all",
    ]);
  });

  it("puts the source before the names of namesakes", () => {
    expect(assign(["mcp:home", "read"], ["module:lib/tools.mjs", "read"], ["mcp:home", "write"])).toEqual([
      "home_read",
      "tools_read",
      "write",
    ]);
  });

  it("makes a strange name fit", () => {
    expect(assign(["mcp:a", "dépôt/lire fichier"], ["mcp:a", ""])).toEqual(["d_p_t_lire_fichier", "_"]);
  });

  it("cuts a long name and marks it with a hash that does not change", () => {
    const [first, second] = assign(["mcp:a", `${"x".repeat(90)}1`], ["mcp:a", `${"x".repeat(90)}2`]);
    expect(first).toMatch(/^x{55}_[0-9a-f]{8}$/);
    expect(second).not.toBe(first);
    expect(assign(["mcp:a", `${"x".repeat(90)}1`])).toEqual([first]);
  });

  it("keeps the names it gave when other tools come", () => {
    const names = new ToolNames();
    const before = names.assign([{ source: "mcp:a", name: "read" }]);
    const after = names.assign([
      { source: "mcp:b", name: "read" },
      { source: "mcp:a", name: "read" },
    ]);
    expect(before).toEqual(["read"]);
    expect(after).toEqual(["b_read", "read"]);
  });

  it("gives unique, fit names that do not depend on the order", () => {
    const word = fc.oneof(
      fc.constantFrom("a", "b", "a_b", "b_a", "a b", "a/b", "ä", "a".repeat(70)),
      fc.string(),
    );
    const tool = fc.record({
      source: fc.constantFrom("mcp:a", "mcp:b", "mcp:a_b", "module:a.mjs"),
      name: word,
    });
    const tools = fc.uniqueArray(tool, {
      selector: ({ source, name }) => `${source}\n${name}`,
      maxLength: 8,
    });
    fc.assert(
      fc.property(tools, (all) => {
        const names = new ToolNames().assign(all);
        expect(new Set(names).size).toBe(all.length);
        for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_.-]{1,64}$/);
        expect(new ToolNames().assign([...all].reverse()).reverse()).toEqual(names);
      }),
    );
  });
});
