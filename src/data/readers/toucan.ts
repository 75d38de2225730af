import { messagesOf, readMessages } from "./openai.js";
import { isObject, type RecordReader, rejected } from "./reader.js";

/** Toucan: every column a text; `messages` in OpenAI's older form, the tools in `available_tools`. */
export const toucan: RecordReader = {
  format: "toucan",
  gives: {
    planner: "what to do next; thoughts where a text or reasoning stands beside a call",
    caller: "every call",
    summarizer: "every text before the user's next message",
  },
  lacks: "Nobody gives up in these records.",
  detect: (record) =>
    isObject(record) && "available_tools" in record && messagesOf(record) !== null
      ? "messages and available_tools"
      : null,
  read(record) {
    const messages = isObject(record) ? messagesOf(record) : null;
    if (!isObject(record) || messages === null) {
      return rejected("not_toucan", "expected an object with messages and available_tools");
    }
    // Its system messages declare the tools, in the words of the model that was asked.
    const own = messages.filter((message) => message.role !== "system");
    return readMessages({ ...record, tools: record.available_tools, messages: own });
  },
};
