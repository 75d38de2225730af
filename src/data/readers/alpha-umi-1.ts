import { buildSteps } from "./chat-steps.js";
import { readRawMessages } from "./raw-messages.js";
import { asId, collectToolNames, isObject, type Reader, rejected } from "./reader.js";
import { readAlphaUmiTools } from "./tools.js";

/** α-UMi's first stage: `{tools, instruction, chains}`, the chain being ToolBench's messages. */
export const alphaUmi1: Reader = {
  format: "alpha-umi-1",
  detect: (record) => isObject(record) && Array.isArray(record.chains),
  read(record) {
    if (!isObject(record) || !Array.isArray(record.chains)) {
      return rejected("not_alpha_umi_1", "expected an object with tools, instruction and chains");
    }
    const { instruction } = record;
    if (typeof instruction !== "string" || instruction.trim() === "") {
      return rejected("no_instruction", "instruction is empty");
    }
    const tools = readAlphaUmiTools(record.tools);
    const toolNames = tools === null ? null : collectToolNames(tools);
    const messages = readRawMessages(record.chains as unknown[], instruction);
    const { steps, lost } = buildSteps(messages, { toolNames, textAlone: "thought" });
    const trajectory = { instruction: instruction.trim(), tools: tools ?? [], steps };
    return {
      kind: "trajectory",
      trajectory,
      sourceId: asId(record.id),
      hasTools: tools !== null,
      lost,
    };
  },
};
