import { tools } from "./tools.mjs";

const toolByName = new Map(tools.map((tool) => [tool.name, tool]));

const finish = {
  name: "Finish",
  description: "Call this when the task is done, or to give it up.",
  parameters: {
    type: "object",
    properties: {
      return_type: { type: "string", enum: ["give_answer", "give_up_and_restart"] },
      final_answer: { type: "string" },
    },
    required: ["return_type"],
  },
};

/**
 * A trajectory in the shape of ToolBench's raw answer files (without the search tree).
 * @param {import("./trajectories.mjs").Trajectory} trajectory
 */
export function toToolBenchRecord({ id, question, tools: offered, calls, lastThought, answer }) {
  const verdict =
    answer === null
      ? { return_type: "give_up_and_restart" }
      : { return_type: "give_answer", final_answer: answer };
  const messages = [
    { role: "system", content: "Solve the task with the functions. End with Finish." },
    { role: "user", content: question },
    ...calls.flatMap(toMessages),
    { role: "assistant", content: lastThought, function_call: toFunctionCall("Finish", verdict) },
  ];
  return {
    id,
    win: answer !== null,
    answer_generation: {
      valid_data: true,
      query: question,
      function: [...offered.map(describe), finish],
      train_messages: [messages],
      finish_type: answer === null ? "give_up" : "give_answer",
      final_answer: answer === null ? "" : JSON.stringify(verdict),
    },
  };
}

/** @param {import("./trajectories.mjs").Call} call */
function toMessages({ thought, tool, args, result }) {
  const observation =
    "error" in result
      ? { error: result.error, response: "" }
      : { error: "", response: JSON.stringify(result) };
  return [
    { role: "assistant", content: thought, function_call: toFunctionCall(tool, args) },
    { role: "function", name: tool, content: JSON.stringify(observation) },
  ];
}

/** @param {string} name @param {object} args */
const toFunctionCall = (name, args) => ({ name, arguments: JSON.stringify(args) });

/** @param {string} name */
function describe(name) {
  const tool = toolByName.get(name);
  if (!tool) throw new Error(`The world has no tool "${name}".`);
  return { name, description: tool.description, parameters: tool.parameters };
}
