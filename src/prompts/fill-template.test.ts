import { describe, expect, it } from "@jest/globals";
import { compileTemplate, fillTemplate } from "./fill-template.js";

describe("fillTemplate", () => {
  it("fills what it knows and leaves the rest, also inside a value and twice over", () => {
    const values = { name: "{arguments} $&", arguments: "{}" };
    expect(fillTemplate("{name}: {arguments}{other} {A} {}", values)).toBe(
      "{arguments} $&: {}{other} {A} {}",
    );
    expect(fillTemplate("{toString}", {})).toBe("{toString}");
    const fill = compileTemplate("<{name}>");
    expect([fill({ name: "a" }), fill({ name: "b" })]).toEqual(["<a>", "<b>"]);
  });
});
