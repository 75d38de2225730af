import type { Job } from "../state/rows.js";
import { handleOf, type Session } from "./session.js";

/**
 * Ends what the provider still runs under a job's label, but for the one to keep: machines of a job that is over, or
 * a second one that a lost answer led to. Returns how many were ended.
 */
export async function endLeftovers(
  { state, provider }: Pick<Session, "state" | "provider">,
  job: Job,
  keep: string | null = null,
): Promise<number> {
  const handle = handleOf(state, job);
  const alive = (await provider.list()).filter(
    ({ label, providerJobId }) => label === handle.label && providerJobId !== keep,
  );
  for (const { providerJobId } of alive) await provider.cancel({ ...handle, providerJobId });
  return alive.length;
}
