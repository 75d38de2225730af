import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { READERS } from "../formats.js";

const place = { file: "in.json", index: 0 };

describe("every reader", () => {
  it("takes any JSON value without an exception", () => {
    const keys = [
      "messages",
      "conversations",
      "chains",
      "answer_generation",
      "train_messages",
      "tools",
      "role",
      "from",
    ];
    const value = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: "small" },
        fc.constantFrom(
          "user",
          "assistant",
          "tool",
          "function",
          "caller",
          "system",
          "Finish",
          "{",
          null,
          1,
          true,
          "",
        ),
        fc.array(tie("tree"), { maxLength: 4 }),
        fc.dictionary(
          fc.constantFrom(
            ...keys,
            "content",
            "value",
            "function_call",
            "tool_calls",
            "name",
            "arguments",
            "query",
          ),
          tie("tree"),
        ),
      ),
    })).tree;
    fc.assert(
      fc.property(value, fc.constantFrom(...READERS), (record, reader) => {
        reader.detect(record);
        const read = reader.read(record, place);
        const kinds = Array.isArray(read) ? read.map(({ result }) => result.kind) : [read.kind];
        for (const kind of kinds) expect(kind).toMatch(/^(?:trajectory|rejected|skipped)$/);
      }),
      { numRuns: 2000 },
    );
  });
});
