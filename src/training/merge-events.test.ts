import { describe, expect, it } from "@jest/globals";
import { mergeEvents } from "./merge-events.js";

async function collect(events: AsyncGenerator<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const event of events) all.push(event);
  return all;
}

/** Says its name when it starts and when it ends. */
function createSource(name: string, done: Set<string>) {
  const source = async function* () {
    yield `${name}+`;
    done.add(name);
    yield `${name}-`;
  };
  return Object.assign(source, { title: name });
}

describe("mergeEvents", () => {
  it("runs no more at once than it may, in the order given", async () => {
    const done = new Set<string>();
    const sources = ["a", "b", "c"].map((name) => createSource(name, done));
    expect(await collect(mergeEvents(sources, 1))).toEqual(["a+", "a-", "b+", "b-", "c+", "c-"]);
  });

  it("passes over what is not ready yet, and leaves out what never is", async () => {
    const done = new Set<string>();
    const sources = ["after c", "never", "b", "c"].map((name) => createSource(name, done));
    const isReady = ({ title }: { title: string }) =>
      title !== "never" && (title !== "after c" || done.has("c"));
    const events = await collect(mergeEvents(sources, 2, isReady));
    expect([...events].sort()).toEqual(["after c+", "after c-", "b+", "b-", "c+", "c-"]);
    expect(events.indexOf("after c+")).toBeGreaterThan(events.indexOf("c+"));
  });
});
