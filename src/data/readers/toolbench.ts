import { basename, dirname } from "node:path";
import { readRawMessages } from "./raw-messages.js";
import { readChat } from "./read-chat.js";
import { asId, isObject, type RecordPlace, type RecordReader, rejected } from "./reader.js";
import { BROKEN_TOOLS, readTools } from "./tools.js";

/** ToolBench's answer files, `answer/G1_answer/10_ChatGPT_DFS_woFilter_w2.json`: one query and the path that was kept. */
export const toolbench: RecordReader = {
  format: "toolbench",
  gives: {
    planner: "what to do next, thoughts where they were recorded, and giving up",
    caller: "every call",
    summarizer: "the answer that a path ends with",
  },
  lacks: null,
  detect: (record) => (isObject(record) && isObject(record.answer_generation) ? "answer_generation" : null),
  read(record, place) {
    if (!isObject(record) || !isObject(record.answer_generation)) {
      return rejected("not_toolbench", "expected an object with answer_generation");
    }
    const { train_messages: paths, query, function: functions } = record.answer_generation;
    // Files of failed attempts (valid_data: false) have no train_messages, some runs an empty list.
    const path = Array.isArray(paths) ? (paths as unknown[]).at(-1) : undefined;
    if (!Array.isArray(path)) return rejected("no_path", "answer_generation.train_messages holds no path");
    if (typeof query !== "string" || query.trim() === "")
      return rejected("no_instruction", "answer_generation.query is empty");
    const tools = readTools(functions);
    if (tools === "broken") return rejected(...BROKEN_TOOLS);
    return readChat({
      instruction: query.trim(),
      tools,
      messages: readRawMessages(path, query),
      textAlone: "thought",
      sourceId: identify(record.id, place),
    });
  },
};

/** ToolBench names its files after the query's id; a record may also bring one of its own. */
function identify(recorded: unknown, { file, index }: RecordPlace): string | null {
  const own = asId(recorded);
  if (own !== null) return own;
  const id = /^(\d+)(?:_|\.json$)/.exec(basename(file))?.[1];
  // A file of many records says nothing about the id of each.
  if (id === undefined || index > 0) return null;
  const group = /^(G\d)_/.exec(basename(dirname(file)))?.[1];
  return group === undefined ? id : `${group}:${id}`;
}
