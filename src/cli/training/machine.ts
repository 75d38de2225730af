import { readFileSync } from "node:fs";
import { cpus, hostname } from "node:os";

interface Machine {
  /** Tells machines apart whose speed may differ. */
  name: string;
  /** Whether the processor computes in bfloat16, see has_fast_bf16 in trainer/mllm_trainer/arguments.py. */
  hasBf16: boolean;
}

/** The machine this runs on. */
export function describeMachine(): Machine {
  const processors = cpus();
  const name = `${hostname()}, ${processors.length} × ${processors[0]?.model.trim() ?? "unknown"}`;
  return { name, hasBf16: /\bavx512_bf16\b/.test(readProcessors()) };
}

function readProcessors(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
