import { MllmError } from "../../core/errors.js";

/** A checkpoint was asked for where there is no state yet. */
export function nothingTrained(id: string): MllmError {
  return new MllmError("not_found", `no checkpoint has the id ${id}: nothing was trained here yet`, {
    hint: "`mllm train` makes the first; MLLM_DIR names another state folder.",
  });
}
