// Writes the README's table of providers from what the code says of them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatProviderTable } from "../dist/src/cli/training/providers-view.js";
import { PROVIDERS } from "../dist/src/providers/index.js";
import { root } from "./steps.mjs";

const START = "<!-- node scripts/write-provider-table.mjs -->\n";
const END = "<!-- end -->";

const path = join(root, "README.md");
const text = readFileSync(path, "utf8");
const from = text.indexOf(START) + START.length;
const to = text.indexOf(END, from);
writeFileSync(path, `${text.slice(0, from)}${formatProviderTable(PROVIDERS)}\n${text.slice(to)}`);
