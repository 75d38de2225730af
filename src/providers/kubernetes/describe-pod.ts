import type { V1ContainerStatus, V1Pod } from "@kubernetes/client-node";

const KILLED = 137;

/** What keeps a pod from running, or how it ended, in the cluster's own words; empty where there is nothing to say. */
export function describePod({ metadata, status }: V1Pod): string {
  const disruption = status?.conditions?.find(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
  const unscheduled = status?.conditions?.find(
    ({ type, status }) => type === "PodScheduled" && status === "False",
  );
  const words = [
    join([status?.reason, status?.message]),
    disruption === undefined ? "" : join(["DisruptionTarget", disruption.reason, disruption.message]),
    unscheduled === undefined ? "" : join([unscheduled.reason, unscheduled.message]),
    ...(status?.containerStatuses ?? []).map(describeContainer),
    metadata?.deletionTimestamp === undefined ? "" : "Terminating",
  ].filter((text) => text !== "");
  return words.length === 0 ? "" : `pod ${metadata?.name}: ${words.join("; ")}`;
}

/** Its node was taken away, or its place given to another. */
export function isDisrupted({ status }: V1Pod): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status }) => type === "DisruptionTarget" && status === "True",
  );
}

function describeContainer({ state }: V1ContainerStatus): string {
  if (state?.waiting !== undefined) return join([state.waiting.reason, state.waiting.message]);
  const end = state?.terminated;
  if (end === undefined || end.exitCode === 0) return "";
  const killed = end.exitCode === KILLED ? ", killed" : "";
  return join([`${end.reason ?? "Error"} (exit code ${end.exitCode}${killed})`, end.message]);
}

function join(words: (string | undefined)[]): string {
  return words.filter((word) => word !== undefined && word !== "").join(": ");
}
