import { describe, expect, it } from "@jest/globals";
import { withDeadline } from "./with-deadline.js";

describe("withDeadline", () => {
  it("hands out what the work gives, or its failure", async () => {
    expect(await withDeadline(1000, async () => 7)).toBe(7);
    const fail = () => Promise.reject(new Error("no"));
    await expect(withDeadline(1000, fail)).rejects.toThrow("no");
  });

  it("gives up on work that does not listen, and tells it", async () => {
    const seen: AbortSignal[] = [];
    const work = (signal: AbortSignal) => {
      seen.push(signal);
      return new Promise<never>(() => {});
    };
    await expect(withDeadline(5, work)).rejects.toMatchObject({ name: "TimeoutError" });
    expect(seen[0]?.aborted).toBe(true);
  });
});
