import { InvalidArgumentError } from "commander";
import type { Role } from "../../core/roles.js";

export type RoleEndpoints = Partial<Record<Role, string>>;

const ENDPOINT = /^(planner|caller|summarizer)=(\S+)$/;

/** `caller=http://gpu:8000/v1#caller`, once for each role. */
export function collectEndpoints(text: string, previous: RoleEndpoints = {}): RoleEndpoints {
  const [, role, address] = ENDPOINT.exec(text) ?? [];
  if (role === undefined || address === undefined) {
    throw new InvalidArgumentError("expected ROLE=URL#MODEL, as caller=http://127.0.0.1:8000/v1#caller");
  }
  return { ...previous, [role]: address };
}
