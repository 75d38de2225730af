import { writeJson } from "../exact-json.js";
import { readCallText } from "./call-text.js";
import { readDialogue } from "./dialogue.js";
import { asId, isObject, type RecordReader, rejected } from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/** xLAM's 60k and APIGen: a `query`, the `tools`, and the calls that answer it. */
export const xlam: RecordReader = {
  format: "xlam",
  gives: { planner: "that a tool is called, without thoughts", caller: "every call", summarizer: null },
  lacks: "A record is a query and its calls: no thoughts, no results, no final answer, no end.",
  detect: (record) =>
    isObject(record) && typeof record.query === "string" && "answers" in record && "tools" in record
      ? "query, tools and answers"
      : null,
  read(record) {
    if (!isObject(record) || typeof record.query !== "string") {
      return rejected("not_xlam", "expected an object with query, tools and answers");
    }
    const tools = readTools(record.tools);
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    const { answers } = record;
    const text = typeof answers === "string" ? answers : writeJson(answers ?? null);
    if (/^(?:null|\[\s*\]|)$/.test(text.trim())) return rejected("no_call", "answers holds no call");
    const calls = readCallText(text);
    if (calls === null) return rejected("broken_call", "answers is no list of calls");
    const turns = [
      { role: "user" as const, text: record.query },
      { role: "assistant" as const, text: "", calls },
    ];
    return readDialogue({ turns, tools, sourceId: asId(record.id) });
  },
};
