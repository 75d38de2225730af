import { isObject } from "./readers/reader.js";

/** Data of the field that holds no trajectories: what it is, and what it is good for. */
interface OtherData {
  what: string;
  hint: string;
}

const EVALUATED =
  "Trajectories are recorded with the answers; `mllm eval` and `mllm report` deal with results.";

/** What a record of no format is, where that is known. */
export function recognizeOther(record: unknown): OtherData | null {
  if (!isObject(record)) return null;
  const has = (...keys: string[]): boolean => keys.every((key) => Object.hasOwn(record, key));
  if (has("query", "available_tools")) {
    return { what: "StableToolBench's scores of an evaluation", hint: EVALUATED };
  }
  if (has("query", "api_list") || has("query", "query_id")) {
    return {
      what: "ToolBench's queries, tasks without trajectories",
      hint: "Give its answer files (answer/).",
    };
  }
  if (has("input", "target", "history")) {
    return {
      what: "the reference's training rows, already split",
      hint: "Give the trajectories that they were made of: raw_data_stage_1.json or raw_data_stage_2.json.",
    };
  }
  if (typeof record.messages_display === "string") {
    return {
      what: "dialogues as plain text, in which the calls are lost",
      hint: "Give the recorded messages.",
    };
  }
  const values = Object.values(record);
  const areAll = (test: (value: unknown) => boolean): boolean => values.length > 0 && values.every(test);
  if (
    areAll((value) => isObject(value) && "query" in value && ("answer" in value || "tool_names" in value))
  ) {
    return { what: "StableToolBench's converted answers or their scores, under their ids", hint: EVALUATED };
  }
  const isKeyedById = Object.keys(record).every((key) => /^\d+$/.test(key));
  if (isKeyedById && areAll(isObject))
    return { what: "one object with all records under their ids", hint: "Make a list of its values first." };
  if (isKeyedById && areAll((value) => typeof value === "number")) {
    return { what: "a list of ids", hint: "Ids to leave out go to --exclude-ids." };
  }
  const [only] = values;
  if (values.length === 1 && Array.isArray(only) && only.every(isObject)) {
    const key = JSON.stringify(Object.keys(record)[0]);
    return {
      what: `one object with all records under ${key}`,
      hint: `Take the list under ${key} out first.`,
    };
  }
  return null;
}
