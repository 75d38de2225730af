import { z } from "zod";
import { invalidRequest } from "./api-error.js";

const ROLES = ["system", "developer", "user", "assistant", "tool", "function"] as const;

const Part = z.union([z.string(), z.looseObject({ type: z.string() })]);
const Content = z.union([z.string(), z.null(), z.array(Part)]).optional();

const FunctionCall = z.object({
  name: z.string(),
  /** A string by the book; some clients send what they parsed. */
  arguments: z.union([z.string(), z.record(z.string(), z.unknown()), z.null()]).optional(),
});

const ToolCall = z.object({ id: z.string().nullish(), function: FunctionCall });

export const ChatMessage = z.object({
  role: z.enum(ROLES),
  content: Content,
  refusal: z.string().nullish(),
  name: z.string().nullish(),
  tool_call_id: z.string().nullish(),
  tool_calls: z.array(ToolCall).nullish(),
  function_call: FunctionCall.nullish(),
});
export type ChatMessage = z.infer<typeof ChatMessage>;

const FunctionTool = z.object({
  name: z.string().min(1).max(128),
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
});
export type FunctionTool = z.infer<typeof FunctionTool>;

const NamedChoice = z.object({
  type: z.literal("function").optional(),
  function: z.object({ name: z.string() }),
});
const AllowedTools = z.object({
  type: z.literal("allowed_tools"),
  allowed_tools: z.object({ mode: z.enum(["auto", "required"]), tools: z.array(NamedChoice) }),
});
const ToolChoice = z.union([z.enum(["none", "auto", "required"]), AllowedTools, NamedChoice]);
export type ToolChoice = z.infer<typeof ToolChoice>;

const Count = z.int().min(1);

/** What is read of a request; all else is accepted and has no effect, but for what `refuseUnsupported` names. */
const Body = z.object({
  model: z.string().nullish(),
  messages: z.array(ChatMessage).min(1),
  tools: z.array(z.object({ type: z.string().optional(), function: FunctionTool })).nullish(),
  tool_choice: ToolChoice.nullish(),
  functions: z.array(FunctionTool).nullish(),
  function_call: z.union([z.enum(["none", "auto"]), z.object({ name: z.string() })]).nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  seed: z.int().nullish(),
  max_tokens: Count.nullish(),
  max_completion_tokens: Count.nullish(),
  mllm: z.object({ trace: z.boolean().nullish() }).nullish(),
});
type Body = z.infer<typeof Body>;

/** A request in the one form that the rest of the server knows. */
export interface ChatRequest {
  model: string | null;
  messages: ChatMessage[];
  tools: FunctionTool[];
  toolChoice: ToolChoice;
  /** Asked with `functions`: wants `function_call` back. */
  isLegacy: boolean;
  isStream: boolean;
  hasUsageChunk: boolean;
  temperature: number | null;
  seed: number | null;
  maxNewTokens: number | null;
  wantsTrace: boolean;
}

export function parseChatRequest(value: unknown): ChatRequest {
  refuseUnsupported(value);
  const parsed = Body.safeParse(value);
  if (!parsed.success) throw explainIssue(parsed.error);
  const body = parsed.data;
  const isLegacy = (body.tools ?? []).length === 0 && (body.functions ?? []).length > 0;
  const tools = isLegacy ? (body.functions ?? []) : (body.tools ?? []).map((tool) => tool.function);
  return {
    model: body.model ?? null,
    messages: body.messages,
    tools,
    toolChoice: chooseTools(body, isLegacy),
    isLegacy,
    isStream: body.stream === true,
    hasUsageChunk: body.stream_options?.include_usage === true,
    temperature: body.temperature ?? null,
    seed: body.seed ?? null,
    maxNewTokens: body.max_completion_tokens ?? body.max_tokens ?? null,
    wantsTrace: body.mllm?.trace === true,
  };
}

function chooseTools(body: Body, isLegacy: boolean): ToolChoice {
  if (!isLegacy) return body.tool_choice ?? "auto";
  const choice = body.function_call ?? "auto";
  return typeof choice === "string" ? choice : { function: { name: choice.name } };
}

/** What a client relies on when it asks for it, and would not get. */
function refuseUnsupported(value: unknown): void {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw invalidRequest("the body must be a JSON object");
  }
  const body = value as Record<string, unknown>;
  const refuse = (param: string, what: string) => {
    throw invalidRequest(`${what} is not supported by this server`, param);
  };
  if (typeof body.n === "number" && body.n !== 1) refuse("n", "more than one choice");
  if (body.logprobs === true) refuse("logprobs", "logprobs");
  if (body.audio !== undefined && body.audio !== null) refuse("audio", "audio");
  if (Array.isArray(body.modalities) && body.modalities.some((kind) => kind !== "text"))
    refuse("modalities", "a modality other than text");
  if (isFilled(body.stop)) refuse("stop", "a stop sequence");
  const format = (body.response_format as { type?: unknown } | null | undefined)?.type ?? "text";
  if (format !== "text") refuse("response_format", `response_format ${String(format)}`);
  const tools = Array.isArray(body.tools) ? (body.tools as ({ type?: unknown } | null)[]) : [];
  const other = tools.findIndex((tool) => (tool?.type ?? "function") !== "function");
  if (other >= 0) refuse(`tools[${other}].type`, `a tool of type ${String(tools[other]?.type)}`);
}

function isFilled(value: unknown): boolean {
  return (typeof value === "string" && value !== "") || (Array.isArray(value) && value.length > 0);
}

function explainIssue(error: z.ZodError): Error {
  const [issue] = error.issues;
  const path = issue?.path ?? [];
  const param = path.map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`)).join("");
  const name = param.replace(/^\./, "");
  return invalidRequest(`${name === "" ? "the body" : name}: ${issue?.message ?? "invalid"}`, name);
}
