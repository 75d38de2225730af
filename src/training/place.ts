import { canonicalJson } from "../core/ids.js";
import type { Job } from "../state/rows.js";
import { placementOf, type Session } from "./session.js";

type Placed = Pick<Job, "provider" | "placement">;

/** Whether a job was submitted where this session would submit it. */
export function isSamePlace(job: Placed, session: Pick<Session, "provider" | "placement">): boolean {
  const placement = placementOf(session) as Placed["placement"];
  return placeKey(job) === placeKey({ provider: session.provider.name, placement });
}

/** Tells places apart: a provider with its own settings, whatever those of the others are. This machine is one place. */
export function placeKey({ provider, placement }: Placed): string {
  if (provider === "local") return canonicalJson([provider, {}]);
  return canonicalJson([provider, placement[provider] ?? {}]);
}
