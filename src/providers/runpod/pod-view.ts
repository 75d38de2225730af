import type { Evidence } from "../remote/judge-status.js";
import { isAlive, type Pod } from "./pod.js";

/**
 * RunPod has no exit code and knows no more of a pod that was taken away: whether the job ended says the runner, and
 * whether we took the pod away our own mark. What is left is lost.
 */
export function viewOfPod(
  pod: Pod | null,
  { runner, isStoppedByUs }: { runner: Evidence["runner"]; isStoppedByUs: boolean },
): Pick<Evidence, "view" | "raw" | "reason"> {
  const raw = pod?.status ?? "not found";
  if (pod === null || !isAlive(pod)) {
    if (isStoppedByUs) return { view: "cancelled", raw, reason: null };
    if (runner?.state === "ended") return { view: "gone", raw, reason: null };
    const reason = `the pod is ${pod === null ? "gone" : raw}, and the job left no last word`;
    // A stopped pod is still there and bills its disk: `failed`, so that it is ended. One that is gone may be lost to us only.
    return { view: raw === "EXITED" ? "ended" : "gone", raw, reason };
  }
  if (runner?.state === "ended") {
    return { view: "ended", raw: `${raw} (the job has ended; the pod is still there)`, reason: null };
  }
  switch (pod.status) {
    case "PROVISIONING":
    case "STARTING":
      return { view: "queued", raw, reason: null };
    case "RUNNING":
      return { view: "running", raw, reason: null };
    case "ERROR":
      return { view: "failed", raw, reason: "RunPod says ERROR: the container cannot go on" };
    default:
      return { view: "unknown", raw, reason: null };
  }
}
