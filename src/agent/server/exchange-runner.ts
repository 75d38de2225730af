import { randomUUID } from "node:crypto";
import { Admission } from "./admission.js";
import { ApiError, toApiError } from "./api-error.js";
import { type ChatRequest, parseChatRequest } from "./chat-request.js";
import { DONE, orSilence, withPings, writeEvents } from "./event-stream.js";
import { writeRecordEntry } from "./record-entry.js";
import { type Reply, type ReplyPart, runExchange } from "./run-exchange.js";
import type { ServerSettings } from "./server-settings.js";
import { StepMemory } from "./step-memory.js";
import { ChunkWriter, type ReplyHead, writeCompletion } from "./write-reply.js";

/** One answer: a document, or the pieces of an event stream. */
export type Answer = { kind: "document"; value: object } | { kind: "stream"; pieces: AsyncGenerator<string> };

type Parts = AsyncGenerator<ReplyPart, Reply>;

/** Takes requests in, each in its turn, and writes their answers. */
export class ExchangeRunner {
  private readonly memory = new StepMemory();
  private readonly admission: Admission;

  constructor(private readonly settings: ServerSettings) {
    const { maxConcurrent, maxQueued } = settings.limits;
    this.admission = new Admission(maxConcurrent, maxQueued);
  }

  get counts(): { running: number; waiting: number } {
    return this.admission.counts;
  }

  /** Throws what can still be said with a status of its own. `signal` is aborted when the client goes away. */
  async answer(body: unknown, signal: AbortSignal): Promise<Answer> {
    const request = parseChatRequest(body);
    this.checkModel(request);
    const startedAt = this.settings.now();
    const head: ReplyHead = {
      id: `chatcmpl-${randomUUID().replaceAll("-", "")}`,
      model: this.settings.agent.name,
      created: Math.floor(startedAt.getTime() / 1000),
      isLegacy: request.isLegacy,
    };
    const parts = await this.start(request, { head, startedAt, signal });
    if (request.isStream) return await this.stream(request, head, parts);
    const all: ReplyPart[] = [];
    for (;;) {
      const next = await parts.next();
      if (next.done === true) return { kind: "document", value: writeCompletion(head, all, next.value) };
      all.push(next.value);
    }
  }

  private checkModel({ model }: ChatRequest): void {
    const { name } = this.settings.agent;
    if (model === null || model === name) return;
    throw new ApiError(404, `there is no model ${model} here; this server's is ${name}`, {
      param: "model",
      code: "model_not_found",
    });
  }

  private async start(
    request: ChatRequest,
    { head, startedAt, signal }: { head: ReplyHead; startedAt: Date; signal: AbortSignal },
  ): Promise<Parts> {
    const { agent, now } = this.settings;
    const leave = await this.admission.enter(signal);
    // Nobody may be reading any more, and then nothing below would run.
    signal.addEventListener("abort", leave, { once: true });
    const run = async function* (this: ExchangeRunner): Parts {
      try {
        const reply = yield* runExchange(request, { agent, memory: this.memory, signal, now });
        await this.record(() => writeRecordEntry(head, reply, startedAt));
        return reply;
      } finally {
        signal.removeEventListener("abort", leave);
        leave();
      }
    };
    return run.call(this);
  }

  /** Before the first word a failure still has a status of its own, which clients use to decide on trying again. */
  private async stream(request: ChatRequest, head: ReplyHead, parts: Parts): Promise<Answer> {
    const milliseconds = this.settings.limits.pingSeconds * 1000;
    const first = parts.next();
    await orSilence(first, milliseconds);
    const writer = new ChunkWriter(head, request.hasUsageChunk);
    return { kind: "stream", pieces: withPings(this.write(writer, first, parts), milliseconds) };
  }

  private async record(writeEntry: () => object): Promise<void> {
    const { record } = this.settings;
    if (record === null) return;
    try {
      await record.add(writeEntry());
    } catch (error) {
      // The work is done and the client waits for it: a full disk here is the operator's trouble.
      this.settings.onTrouble("an exchange could not be recorded", error);
    }
  }

  private async *write(
    writer: ChunkWriter,
    first: Promise<IteratorResult<ReplyPart, Reply>>,
    parts: Parts,
  ): AsyncGenerator<string> {
    try {
      // What is there at once goes out in one piece.
      let chunks: (object | string)[] = writer.begin();
      for (let next = await first; ; next = await parts.next()) {
        chunks.push(...(next.done === true ? [...writer.end(next.value), DONE] : writer.part(next.value)));
        yield writeEvents(chunks);
        if (next.done === true) return;
        chunks = [];
      }
    } catch (error) {
      const known = toApiError(error);
      if (known.status >= 500) this.settings.onTrouble("a stream failed", error);
      yield writeEvents([known.body]);
    } finally {
      parts.return(undefined as never).catch(() => undefined);
    }
  }
}
