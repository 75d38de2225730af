// Everything that is tested: Jest over the build, pytest over the trainer. Arguments go to Jest, which then runs alone.
import { join } from "node:path";
import { bootstrap, pythonPath, root, run } from "./steps.mjs";

const args = process.argv.slice(2);
const onlyPython = args[0] === "--python";
bootstrap({ python: true });
if (!onlyPython) {
  const jest = join(root, "node_modules", "jest", "bin", "jest.js");
  run(process.execPath, ["--experimental-vm-modules", "--no-warnings", jest, ...args], { title: "jest" });
}
if (onlyPython || args.length === 0) {
  run(pythonPath(), ["-m", "pytest", "-q", "trainer"], { title: "pytest trainer" });
}
