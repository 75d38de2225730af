import type { Observation } from "../tool-box.js";

/** What the wire answers with: `{error, response}`; recordings of others may hold more, which is passed on. */
export type VirtualAnswer = Record<string, unknown>;

/** The wire's own words for a `tool_input` that is no JSON object. */
export const PARSE_ERROR: VirtualAnswer = { error: "Tool input parse error...\n", response: "" };
/** And for an API that gives no answer. */
export const NOT_WORKING: VirtualAnswer = { error: "API not working error...", response: "" };

export const isFailure = ({ error }: VirtualAnswer): boolean =>
  error !== undefined && error !== null && error !== "";

/** A client that words errors as tools do makes the same observation of it again. */
export function toAnswer({ text, isError }: Observation): VirtualAnswer {
  if (!isError) return { error: "", response: text };
  return { error: text.replace(/^error: /, "") || "it failed without a reason", response: "" };
}
