import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { openAnswerCache } from "./answer-cache.js";

const address = { category: "Weather", tool: "sky", api: "forecast" };
const answer = (response: unknown) => ({ error: "", response });
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "mllm-answers-"));
  path = join(folder, "Weather", "sky_for_Weather", "forecast.json");
});
afterEach(() => rm(folder, { recursive: true }));

async function write(text: string): Promise<void> {
  await mkdir(join(folder, "Weather", "sky_for_Weather"), { recursive: true });
  await writeFile(path, text);
}

describe("openAnswerCache", () => {
  it("keeps answers where StableToolBench has them, under canonical JSON", async () => {
    const cache = openAnswerCache(folder);
    await cache.keep(address, { days: 2, city: "Oslo" }, answer("Rain"));
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({ '{"city":"Oslo","days":2}': answer("Rain") });
    expect(await cache.find(address, { city: "Oslo", days: 2 })).toEqual(answer("Rain"));
    expect(await cache.find(address, { city: "Oslo" })).toBeNull();
    expect(await cache.find({ ...address, api: "history" }, {})).toBeNull();
  });

  it("finds what Python wrote, in any order of keys, and passes it on as it is", async () => {
    const known = { error: "", response: { sky: ["Rain"] }, mechanism: "guessed" };
    await write(JSON.stringify({ "{'days': 2.0, 'city': \"L'Aquila\"}": known, "{}": answer("all") }));
    const cache = openAnswerCache(folder);
    expect(await cache.find(address, { city: "L'Aquila", days: 2 })).toEqual(known);
    expect(await cache.find(address, {})).toEqual(answer("all"));
  });

  it("puts a new answer in the place of the old one, whoever wrote that", async () => {
    await write(JSON.stringify({ "{'city': 'Oslo'}": answer("old"), "{'city': nan}": answer("kept") }));
    const cache = openAnswerCache(folder);
    await cache.keep(address, { city: "Oslo" }, answer("new"));
    expect(JSON.parse(await readFile(path, "utf8"))).toEqual({
      '{"city":"Oslo"}': answer("new"),
      "{'city': nan}": answer("kept"),
    });
  });

  it("loses nothing when many are kept at once, and leaves the same bytes in any order", async () => {
    const cities = Array.from({ length: 40 }, (_, number) => `City ${number}`);
    const keepAll = async (order: string[]) => {
      const cache = openAnswerCache(folder);
      await Promise.all(order.map((city) => cache.keep(address, { city }, answer(city))));
      const text = await readFile(path, "utf8");
      await rm(path);
      return text;
    };
    const text = await keepAll(cities);
    expect(Object.keys(JSON.parse(text))).toHaveLength(40);
    expect(await keepAll(cities.toReversed())).toBe(text);
    expect(await readdir(join(path, ".."))).toEqual([]);
  });

  it("lists the calls that it understands", async () => {
    await write(
      JSON.stringify({ "{'b': 1}": answer(1), '{"a":2}': answer(2), "{'c': nan}": answer(3), "{}": "text" }),
    );
    expect(await openAnswerCache(folder).list(address)).toEqual([
      { input: { a: 2 }, answer: answer(2) },
      { input: { b: 1 }, answer: answer(1) },
    ]);
  });

  it.each(["{", "[]", "null"])("refuses a file that holds %s, and leaves it", async (text) => {
    await write(text);
    const cache = openAnswerCache(folder);
    const refusal = { code: "bad_state", message: expect.stringContaining("forecast.json") };
    await expect(cache.find(address, {})).rejects.toMatchObject(refusal);
    await expect(cache.keep(address, {}, answer(1))).rejects.toMatchObject(refusal);
    expect(await readFile(path, "utf8")).toBe(text);
  });
});
