// Compiles src and test into dist, which is cleared first: a deleted test must not live on there.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { root, run } from "./steps.mjs";

rmSync(join(root, "dist"), { recursive: true, force: true });
run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc")], { title: "tsc" });
