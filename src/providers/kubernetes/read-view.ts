import type { V1Job, V1JobCondition, V1Pod } from "@kubernetes/client-node";
import type { ProviderView } from "../remote/judge-status.js";
import { describePod, isDisrupted } from "./describe-pod.js";

/** What the cluster says of a job. */
export interface JobView {
  view: ProviderView;
  raw: string;
  reason: string | null;
}

/** `warnings`: what the cluster has noted of the job, the newest last. */
export function readView(job: V1Job, pods: readonly V1Pod[], warnings: readonly string[] = []): JobView {
  const complete = condition(job, "Complete");
  if (complete !== null) return { view: "succeeded", raw: "Complete", reason: null };
  const failed = condition(job, "Failed");
  if (failed !== null) return readFailure(job, pods, failed);
  if (job.metadata?.deletionTimestamp !== undefined)
    return { view: "running", raw: "Deleting", reason: null };
  if (condition(job, "Suspended") !== null) return { view: "queued", raw: "Suspended", reason: null };
  return readProgress(job, pods, warnings);
}

/** Nothing of it runs any more. */
export function isEnded(job: V1Job): boolean {
  return condition(job, "Complete") !== null || condition(job, "Failed") !== null;
}

function readFailure(job: V1Job, pods: readonly V1Pod[], { reason, message }: V1JobCondition): JobView {
  const ended = pods.filter(({ status }) => status?.phase === "Failed");
  const words = [join([reason, message]), ...ended.map(describePod)].filter((text) => text !== "");
  // Where one of several nodes is taken away, the trainers on the others fail.
  const isTaken =
    reason === "BackoffLimitExceeded" && (job.spec?.parallelism ?? 1) > 1 && ended.some(isDisrupted);
  return {
    view: isTaken ? "preempted" : "failed",
    raw: join(["Failed", reason]),
    reason: words.join("; ") || null,
  };
}

/** A job that has no pod at the moment has not ended: the cluster is about to make one. */
function readProgress({ status }: V1Job, pods: readonly V1Pod[], warnings: readonly string[]): JobView {
  const living = pods.filter((pod) => !["Succeeded", "Failed"].includes(pod.status?.phase ?? ""));
  const words = living.map(describePod).filter((text) => text !== "");
  const active = `active ${status?.active ?? 0}, ready ${status?.ready ?? 0}`;
  const isWaiting = living.every((pod) => pod.status?.phase === "Pending");
  if (!isWaiting) {
    return { view: "running", raw: join([`Running (${active})`, words.join("; ")]), reason: null };
  }
  if (pods.length > 0 && living.length === 0) {
    // They ended a moment ago and the Job does not say so yet.
    return { view: "running", raw: join([active, pods.map(describePod).join("; ")]), reason: null };
  }
  const why = living.length > 0 ? words.join("; ") : (warnings.at(-1) ?? "no pod yet");
  return { view: "queued", raw: join(["Pending", why]), reason: null };
}

function condition({ status }: V1Job, type: string): V1JobCondition | null {
  return status?.conditions?.find((each) => each.type === type && each.status === "True") ?? null;
}

function join(words: (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== "").join(": ");
}
