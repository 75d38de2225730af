import { sha256 } from "../../core/ids.js";

const FITTING = /^[A-Za-z0-9_.-]{1,64}$/;
const KEPT = 55;

/** A client's tool name as the agent's roles see it. The same name always becomes the same: no request knows another. */
export function toAgentName(name: string): string {
  if (FITTING.test(name)) return name;
  return `${name.replace(/[^A-Za-z0-9_.-]/g, "_").slice(0, KEPT)}_${sha256(name).slice(0, 8)}`;
}

/** The way back, for the names a request offers; a name that is none of them stays as it is. */
export function createClientNames(names: readonly string[]): (agentName: string) => string {
  const clientNames = new Map(names.map((name) => [toAgentName(name), name]));
  return (agentName) => clientNames.get(agentName) ?? agentName;
}
