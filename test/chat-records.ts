import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A chat of OpenAI's format: one call, its result, one answer. */
export const chatRecord = (id: string) => ({
  id,
  tools: [
    { type: "function", function: { name: "weather", description: "d", parameters: { type: "object" } } },
  ],
  messages: [
    { role: "user", content: `How warm is it in ${id}?` },
    {
      role: "assistant",
      content: "Ask.",
      tool_calls: [{ id: "1", type: "function", function: { name: "weather", arguments: "{}" } }],
    },
    { role: "tool", tool_call_id: "1", content: "7" },
    { role: "assistant", content: "7 degrees." },
  ],
});

/** `in.jsonl`, with the chats t0, t1 and so on. */
export async function writeChats(folder: string, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, index) => JSON.stringify(chatRecord(`t${index}`)));
  await writeFile(join(folder, "in.jsonl"), lines.join("\n"));
}
