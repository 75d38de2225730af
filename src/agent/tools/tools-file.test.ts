import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "@jest/globals";
import { openToolsFile } from "../../../test/open-tools-file.js";

const { signal } = new AbortController();
const folder = await mkdtemp(join(tmpdir(), "mllm-tools-file-"));
afterAll(() => rm(folder, { recursive: true }));

/** As it stands in a file. */
const variable = (name: string): string => `$\{${name}}`;

describe("a file of tools", () => {
  it.each([
    ["nowhere.json", null, "not_found", "tools nowhere.json does not exist"],
    ["empty.json", {}, "bad_input", "it names no tools"],
    ["list.json", [], "bad_input", "expected object"],
    ["broken.yaml", "modules: [", "bad_input", "tools broken.yaml cannot be used"],
    ["typo.json", { modules: ["a.mjs"], alow: [] }, "bad_input", 'Unrecognized key: "alow"'],
    [
      "both.json",
      { mcpServers: { a: { command: "x", url: "y" } } },
      "bad_input",
      "mcpServers.a: needs either a command or a url",
    ],
    ["neither.json", { mcpServers: { a: {} } }, "bad_input", "mcpServers.a: needs either a command or a url"],
    [
      "url.json",
      { mcpServers: { a: { url: "file:///etc" } } },
      "bad_input",
      "MCP server a: its url is not an address",
    ],
    ["replay.json", { replay: "x" }, "bad_input", "recordings cannot be read here"],
    [
      "unset.json",
      {
        mcpServers: {
          a: { command: "x", env: { A: variable("B_KEY"), C: variable("A_KEY"), D: variable("D:-fine") } },
        },
      },
      "bad_input",
      "needs variables that are not set: A_KEY, B_KEY",
    ],
  ])("refuses %s", async (name, content, code, message) => {
    if (content !== null)
      await writeFile(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
    await expect(openToolsFile(name, { cwd: folder, env: {}, version: "0", signal })).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });
});
