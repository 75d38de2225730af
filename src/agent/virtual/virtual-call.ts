import { z } from "zod";
import { ApiError } from "../server/api-error.js";
import { isDeeper } from "../server/read-body.js";
import { type ApiAddress, toAddress } from "./api-address.js";

/** The fields of the wire. `strip` is how much of an answer a service should leave out; here nothing is. */
const Body = z.looseObject({
  category: z.string(),
  tool_name: z.string(),
  api_name: z.string(),
  tool_input: z.union([z.string(), z.record(z.string(), z.unknown())]),
  toolbench_key: z.string().default(""),
});

export interface VirtualCall {
  address: ApiAddress;
  /** Null where it is no JSON object: a model wrote it, so this is answered like any other mistake of a model. */
  input: Record<string, unknown> | null;
  key: string;
}

const MAX_DEPTH = 64;

/** Reads the body of `POST /virtual`; throws an ApiError where it is none. */
export function readVirtualCall(body: unknown): VirtualCall {
  const parsed = Body.safeParse(body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const place = issue?.path.join(".") || "the body";
    throw new ApiError(422, `${place}: ${issue?.message ?? "is wrong"}`);
  }
  const { category, tool_name, api_name, tool_input, toolbench_key } = parsed.data;
  const address = toAddress({ category, tool: tool_name, api: api_name });
  return { address, input: readInput(tool_input), key: toolbench_key };
}

function readInput(given: string | Record<string, unknown>): Record<string, unknown> | null {
  const value = typeof given === "string" ? parse(given) : given;
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject && !isDeeper(value, MAX_DEPTH) ? (value as Record<string, unknown>) : null;
}

function parse(text: string): unknown {
  if (text.trim() === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
