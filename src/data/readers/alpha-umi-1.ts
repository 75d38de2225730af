import { readRawMessages } from "./raw-messages.js";
import { readChat } from "./read-chat.js";
import { asId, isObject, type RecordReader, rejected } from "./reader.js";
import { readAlphaUmiTools } from "./tools.js";

/** α-UMi's first stage: `{tools, instruction, chains}`, the chain being ToolBench's messages. */
export const alphaUmi1: RecordReader = {
  format: "alpha-umi-1",
  gives: {
    planner: "what to do next, thoughts where they were recorded, and giving up",
    caller: "every call",
    summarizer: "the answer that a chain ends with",
  },
  lacks: null,
  detect: (record) => (isObject(record) && Array.isArray(record.chains) ? "chains" : null),
  read(record) {
    if (!isObject(record) || !Array.isArray(record.chains)) {
      return rejected("not_alpha_umi_1", "expected an object with tools, instruction and chains");
    }
    const { instruction } = record;
    if (typeof instruction !== "string" || instruction.trim() === "") {
      return rejected("no_instruction", "instruction is empty");
    }
    const tools = readAlphaUmiTools(record.tools);
    return readChat({
      instruction: instruction.trim(),
      tools,
      messages: readRawMessages(record.chains as unknown[], instruction),
      textAlone: "thought",
      sourceId: asId(record.id),
    });
  },
};
