import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import { packageRoot } from "./shared-data.js";

const folder = join(packageRoot, "data", "tiny");
const read = (name: string): Buffer => readFileSync(join(folder, name));
const readJson = (name: string) => JSON.parse(read(name).toString("utf8"));
const sha256 = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

describe("the tiny base", () => {
  it("is at most 3 MB", () => {
    const sizes = readdirSync(folder).map((name) => statSync(join(folder, name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(3_000_000);
  });

  it("is what base.json tells about", () => {
    const { files } = readJson("base.json");
    expect(Object.keys(files)).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
    for (const [name, hash] of Object.entries(files)) expect(sha256(read(name))).toBe(hash);
  });

  it("has an embedding for every token", () => {
    const tokens = Object.values<number>(readJson("tokenizer.json").model.vocab);
    expect(Math.max(...tokens)).toBeLessThan(readJson("config.json").vocab_size);
  });
});
