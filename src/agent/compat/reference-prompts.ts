import type { Role } from "../../core/roles.js";
import { fillTemplate } from "../../prompts/fill-template.js";
import { createProtectText, type ProtectText } from "../../prompts/protect-text.js";
import type { RoleModel } from "../role-model.js";
import type { AgentTool } from "../tool-box.js";
import type { CompatProfile } from "./compat-profile.js";
import { describeTools, nameTools } from "./reference-tools.js";

/** The reference's history: an assistant's value holds the planner's text and that of the role after it. */
export interface CompatMessage {
  role: "user" | "assistant" | "observation";
  value: string;
}

interface Asked {
  role: Role;
  messages: readonly CompatMessage[];
  /** The planner's whole text of this step; null for the planner. */
  plan: string | null;
}

/** A role's prompt; it begins without the literal that the reference puts before its training rows. */
export function createReferencePrompts(
  profile: CompatProfile,
  tools: readonly AgentTool[],
): (asked: Asked) => string {
  const doc = describeTools(profile, tools);
  const names = nameTools(profile, tools);
  const protect = createProtect(profile);
  return ({ role, messages, plan }) => {
    const history = messages.map((message) => joinMessage(profile, message, protect)).join("");
    const { labels, endOfTurn, texts } = profile;
    const current = plan === null ? "" : `${labels.planner}${plan}${endOfTurn}`;
    const values = { doc, tool_names: names, history: history + current, thought: plan ?? "" };
    return `${fillTemplate(texts[role], values)} ${labels[role]}`;
  };
}

function joinMessage(profile: CompatProfile, { role, value }: CompatMessage, protect: ProtectText): string {
  const { labels, endOfTurn } = profile;
  // A tool's text is nobody's turn; the reference would let it be one.
  if (role === "observation") return labels.observation + protect(value);
  return `${role === "user" ? labels.user : labels.planner}${value}${endOfTurn}`;
}

function createProtect({ labels, endOfTurn, decisions }: CompatProfile): ProtectText {
  const marker = (label: string) => ({ marker: label.trim() });
  return createProtectText({
    endOfTurn,
    turns: {
      user: marker(labels.user),
      planner: { ...marker(labels.planner), decisions },
      caller: { ...marker(labels.caller), template: "{name} {arguments}" },
      observation: marker(labels.observation),
      summarizer: marker(labels.summarizer),
    },
  });
}

/** The end of a prompt that is too long: the reference's way, which loses the tools first. */
export function cutLeft(profile: CompatProfile, prompt: string, { countTokens }: RoleModel): string {
  const most = profile.contextTokens - profile.maxNewTokens - profile.spareTokens;
  if (countTokens(prompt) <= most) return prompt;
  let low = 0;
  let high = prompt.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (countTokens(prompt.slice(middle)) <= most) high = middle;
    else low = middle + 1;
  }
  return prompt.slice(low);
}
