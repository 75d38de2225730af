// Everything that is tested. Arguments go to Jest, which then runs alone; `--python` runs the trainer's tests alone.
import { bootstrap, runTests, runTrainerTests } from "./steps.mjs";

const args = process.argv.slice(2);
bootstrap({ python: true });
if (args[0] === "--python") runTrainerTests();
else runTests(args);
