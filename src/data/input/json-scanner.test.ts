import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { JsonScanner } from "./json-scanner.js";

function scan(
  text: string,
  mode: "array" | "values",
  cuts: number[],
): { texts: string[]; left: string | null } {
  const bytes = Buffer.from(text);
  const scanner = new JsonScanner(mode);
  const texts: string[] = [];
  const places = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let start = 0;
  for (const end of places) {
    texts.push(...scanner.push(bytes.subarray(start, end)).map((element) => element.toString()));
    start = end;
  }
  return { texts, left: scanner.end()?.fault ?? null };
}

const value = fc.jsonValue({ stringUnit: "grapheme", maxDepth: 3 });
const cuts = fc.array(fc.nat(), { maxLength: 12 });
const blank = fc.constantFrom("", " ", "\n", "\r\n\t");

describe("JsonScanner", () => {
  it("finds the elements of an array, wherever the chunks are cut", () => {
    fc.assert(
      fc.property(fc.array(value), cuts, blank, fc.constantFrom(0, 2), (values, at, space, indent) => {
        const text = `${space}${JSON.stringify(values, null, indent)}${space}`;
        const { texts, left } = scan(text, "array", at);
        expect(texts.map((each) => JSON.parse(each))).toEqual(JSON.parse(JSON.stringify(values)));
        expect(left).toBeNull();
      }),
    );
  });

  it("finds objects that follow one another", () => {
    const objects = fc.array(fc.dictionary(fc.string(), value), { minLength: 1 });
    fc.assert(
      fc.property(objects, cuts, blank, fc.constantFrom(0, 2), (values, at, space, indent) => {
        const text = values.map((each) => JSON.stringify(each, null, indent)).join(space) + space;
        const { texts, left } = scan(text, "values", at);
        expect(texts.map((each) => JSON.parse(each))).toEqual(JSON.parse(JSON.stringify(values)));
        expect(left).toBeNull();
      }),
    );
  });

  it("gives the whole elements before a cut, and says that it is cut", () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.string(), value), { minLength: 1 }),
        fc.nat(),
        cuts,
        (values, nat, at) => {
          const text = JSON.stringify(values);
          const { texts, left } = scan(text.slice(0, nat % text.length), "array", at);
          expect(left).toBe("truncated");
          const whole = JSON.parse(JSON.stringify(values)) as unknown[];
          expect(whole.slice(0, texts.length)).toEqual(texts.map((each) => JSON.parse(each)));
          expect(texts.length).toBeLessThanOrEqual(values.length);
        },
      ),
    );
  });

  it("goes on after an element that is no JSON", () => {
    expect(scan('[{"a": 1,}, nonsense, {"b": "]"}]', "array", [])).toEqual({
      texts: ['{"a": 1,}', " nonsense", ' {"b": "]"}'],
      left: null,
    });
  });

  it("says when text follows the array", () => {
    expect(scan("[1] [2]", "array", [])).toEqual({ texts: ["1"], left: "trailing_data" });
  });
});
