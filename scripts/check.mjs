// The whole gate: lint and format, types (the build), tests; Python: ruff and pytest.
import { join } from "node:path";
import { bootstrap, pythonPath, root, run, runTests } from "./steps.mjs";

bootstrap({ python: true });
run(process.execPath, [join(root, "node_modules", "@biomejs", "biome", "bin", "biome"), "ci", "."], {
  title: "biome ci .",
});
run(pythonPath(), ["-m", "ruff", "check", "trainer"], { title: "ruff check trainer" });
run(pythonPath(), ["-m", "ruff", "format", "--check", "trainer"], { title: "ruff format --check trainer" });
runTests();
