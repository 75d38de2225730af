import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { leastBusy, startThreads, type Thread } from "./thread.js";

const ANSWER = new URL("answer-requests.js", import.meta.url).href;

/** Adds what it was started with; ends at a negative number. */
const MODULE = `
import { answerRequests } from ${JSON.stringify(ANSWER)};
answerRequests((plus) => (number) => {
  if (number < 0) throw new RangeError("below zero");
  return Uint8Array.of(number + plus);
}, (answer) => [answer.buffer]);
`;

describe("startThreads", () => {
  let folder: string;
  let threads: Thread<number, Uint8Array>[];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "mllm-thread-"));
    await writeFile(join(folder, "add.mjs"), MODULE);
    threads = startThreads(2, pathToFileURL(join(folder, "add.mjs")), 10);
  });

  afterEach(async () => {
    await Promise.all(threads.map((thread) => thread.close()));
    await rm(folder, { recursive: true });
  });

  it("answers in the order of the requests, and knows how many wait", async () => {
    const [thread, other] = threads as [Thread<number, Uint8Array>, Thread<number, Uint8Array>];
    const asked = [1, 2, 3].map((number) => thread.ask(number));
    expect([thread.waiting, other.waiting]).toEqual([3, 0]);
    expect(leastBusy(threads)).toBe(other);
    expect((await Promise.all(asked)).map(([number]) => number)).toEqual([11, 12, 13]);
    expect(thread.waiting).toBe(0);
    expect(leastBusy(threads)).toBe(thread);
  });

  it("fails at the request that ended the thread and at all that follow; another goes on", async () => {
    const [thread, other] = threads as [Thread<number, Uint8Array>, Thread<number, Uint8Array>];
    const asked = [1, -1, 2].map((number) => thread.ask(number));
    const settled = await Promise.allSettled(asked);
    expect(settled.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    await expect(thread.ask(3)).rejects.toThrow("below zero");
    expect(await other.ask(4)).toEqual(Uint8Array.of(14));
  });

  it("fails at what waits when it is closed", async () => {
    const [thread] = threads as [Thread<number, Uint8Array>];
    const asked = thread.ask(1);
    const failed = expect(asked).rejects.toThrow("the thread has ended");
    await thread.close();
    await failed;
  });
});
