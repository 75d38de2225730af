import { createParser } from "eventsource-parser";
import type { HttpTools, JsonRequest } from "./json-request.js";
import { sendRequest } from "./send-request.js";

export interface StreamEvent {
  /** "" where the server gives none. */
  id: string;
  data: string;
}

interface EventStreamLimits {
  /** A live stream does not end: after so long without anything new, it has given what it has. */
  idleMilliseconds: number;
  maxEvents: number;
  /** Called where the stream broke off rather than ended. */
  onBroken?: () => void;
  /** Whether this newest event is one that happened after the stream was opened (milliseconds; NaN where unknown). */
  isCaughtUp?: (newest: StreamEvent, openedAt: number) => boolean;
}

/**
 * What a stream of server-sent events has so far. One that breaks off is no error: what came is returned, and its last
 * id says where to go on. Throws as `requestJson` does where there is no stream.
 */
export async function readEventStream(
  tools: HttpTools,
  request: JsonRequest,
  limits: EventStreamLimits,
): Promise<StreamEvent[]> {
  const headers = { accept: "text/event-stream", ...request.headers };
  const wanted = { timeoutMilliseconds: 120_000, ...request, headers };
  return sendRequest(tools, wanted, (response) => collect(tools, response, limits));
}

async function collect(
  { sleep }: HttpTools,
  response: Response,
  { idleMilliseconds, maxEvents, onBroken, isCaughtUp }: EventStreamLimits,
): Promise<StreamEvent[]> {
  const events: StreamEvent[] = [];
  if (response.body === null) return events;
  const parser = createParser({ onEvent: ({ id, data }) => events.push({ id: id ?? "", data }) });
  const openedAt = Date.parse(response.headers.get("date") ?? "");
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  const isOver = { value: false };
  // Remarks that keep the connection alive are nothing new.
  const watchIdle = async () => {
    for (let known = -1; known < events.length && !isOver.value; ) {
      known = events.length;
      await sleep(idleMilliseconds);
    }
  };
  const idle = watchIdle().then(() => null);
  while (events.length < maxEvents) {
    const read = reader.read().catch(() => {
      onBroken?.();
      return null;
    });
    const next = await Promise.race([read, idle]);
    if (next === null || next.done) break;
    parser.feed(decoder.decode(next.value, { stream: true }));
    const newest = events.at(-1);
    if (newest !== undefined && isCaughtUp?.(newest, openedAt)) break;
  }
  isOver.value = true;
  await reader.cancel().catch(() => {});
  return events.slice(0, maxEvents);
}
