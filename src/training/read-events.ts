import { TrainerEvent } from "../core/trainer-event.js";
import type { JobHandle, Provider } from "../providers/provider.js";

/** The job's trainer events since the cursor, and where to go on. Lines that are no known event are passed over. */
export async function readEvents(
  provider: Provider,
  job: JobHandle,
  cursor: string | null,
): Promise<{ events: TrainerEvent[]; cursor: string | null }> {
  const events: TrainerEvent[] = [];
  let position = cursor;
  for (;;) {
    const chunk = await provider.events(job, position);
    position = chunk.cursor;
    if (chunk.text === "") return { events, cursor: position };
    for (const line of chunk.text.split("\n")) {
      const event = parseLine(line);
      if (event !== null) events.push(event);
    }
  }
}

function parseLine(line: string): TrainerEvent | null {
  try {
    return TrainerEvent.safeParse(JSON.parse(line)).data ?? null;
  } catch {
    return null;
  }
}
