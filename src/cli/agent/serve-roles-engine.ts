import { MllmError } from "../../core/errors.js";
import type { Context } from "../context.js";
import type { ServingEngine } from "./serve-roles-plan.js";

/** vLLM where there is a GPU and it is installed, else the server of the trainer's own environment. */
export async function chooseEngine(context: Context, wanted: ServingEngine | "auto"): Promise<ServingEngine> {
  if (wanted === "embedded") return "embedded";
  const { capture } = await import("../../providers/local/run-command.js");
  const hasGpu = (await capture(context, "nvidia-smi", ["-L"])) !== null;
  const hasVllm =
    hasGpu || wanted === "vllm" ? (await capture(context, "vllm", ["--version"])) !== null : false;
  if (hasGpu && hasVllm) return "vllm";
  if (wanted === "auto") return "embedded";
  throw new MllmError(
    "environment_missing",
    hasVllm ? "vLLM needs a GPU, and there is none" : "vllm is not in PATH",
    {
      hint: "Install vLLM where this command finds it, or serve with --engine embedded.",
    },
  );
}
