import { Command } from "commander";
import type { Context } from "../context.js";
import { createDataExportCommand } from "./data-export.js";
import { createDataInspectCommand } from "./data-inspect.js";
import { createDataMergeCommand } from "./data-merge.js";
import { createDataShowCommand } from "./data-show.js";
import { createDataStatsCommand } from "./data-stats.js";
import { createDataValidateCommand } from "./data-validate.js";

/** `mllm data`: what can be done with a data set besides training on it. */
export function createDataCommand(context: Context): Command {
  return new Command("data")
    .description("Work with data sets")
    .addCommand(createDataInspectCommand(context))
    .addCommand(createDataStatsCommand(context))
    .addCommand(createDataValidateCommand(context))
    .addCommand(createDataShowCommand(context))
    .addCommand(createDataMergeCommand(context))
    .addCommand(createDataExportCommand(context));
}
