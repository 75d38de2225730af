import { MllmError } from "../../core/errors.js";
import { messageOf } from "./describe-result.js";
import { fetchAnswer, type HttpAnswer } from "./http-answer.js";
import { parseVirtualTools } from "./read-virtual-tools.js";
import type { VirtualSettings } from "./virtual-source.js";
import type { VirtualTool } from "./virtual-tools.js";

const PATIENCE_MILLISECONDS = 30_000;
/** All of ToolBench's is some 20 MiB. */
const MAX_BYTES = 64 * 2 ** 20;

/** The list that a virtual API server has of its own; ToolBench's and StableToolBench's have none. */
export async function fetchVirtualTools(
  { url, toolbenchKey }: Pick<VirtualSettings, "url" | "toolbenchKey">,
  signal: AbortSignal,
): Promise<VirtualTool[]> {
  const headers: Record<string, string> =
    toolbenchKey === "" ? {} : { authorization: `Bearer ${toolbenchKey}` };
  let answer: HttpAnswer;
  try {
    const within = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MILLISECONDS)]);
    answer = await fetchAnswer({ url, init: { headers }, signal: within, maxBytes: MAX_BYTES });
  } catch (error) {
    throw new MllmError("unreachable", `virtual: ${url.href} cannot be reached: ${messageOf(error)}`, {
      hint: "Start it with `mllm serve-tools`, or check the address.",
      cause: error,
    });
  }
  if (answer.status === 200) return parseVirtualTools(answer.text ?? "", `the list of ${url.href}`);
  throw new MllmError("bad_input", `virtual: ${url.href} lists no tools (HTTP ${answer.status})`, {
    hint: "Say in `tools` which APIs it has: ToolBench's folder, a file of queries, or the APIs themselves.",
  });
}
