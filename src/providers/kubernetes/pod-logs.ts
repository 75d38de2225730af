import { type ConfigurationOptions, Observable, type V1Pod } from "@kubernetes/client-node";
import { z } from "zod";
import type { LogChunk } from "../provider.js";
import { ask, type Cluster, isStatus } from "./call.js";
import { CONTAINER } from "./job-manifest.js";
import { LOG_START, takeNewLines } from "./take-new-lines.js";

const PodCursor = z.strictObject({
  /** Pods that were read to their end. */
  done: z.array(z.string()),
  pod: z.string().nullable(),
  since: z.string().nullable(),
  lines: z.int().nonnegative(),
  last: z.string().nullable(),
});
type PodCursor = z.infer<typeof PodCursor>;

/** An annotation in every version, a label in newer ones. */
const INDEX = "batch.kubernetes.io/job-completion-index";

const START: PodCursor = { done: [], pod: null, ...LOG_START };

/** Null for a cursor that is not of this kind. */
export function parsePodCursor(cursor: string): PodCursor | null {
  try {
    return PodCursor.safeParse(JSON.parse(cursor)).data ?? null;
  } catch {
    return null;
  }
}

/** What the pods have said since the cursor, each to its end before the next one. */
export async function readPodLogs(
  cluster: Cluster,
  pods: readonly V1Pod[],
  cursor: PodCursor | null,
): Promise<LogChunk> {
  let at = cursor ?? START;
  for (const { name, isEnded } of inOrder(pods, at)) {
    if (at.pod !== name) at = { ...START, done: at.pod === null ? at.done : [...at.done, at.pod], pod: name };
    const { text, position } = takeNewLines(await fetchLog(cluster, name, at.since), at, isEnded);
    at = { ...at, ...position };
    if (text !== "" || !isEnded) return { text, cursor: JSON.stringify(at) };
  }
  return { text: "", cursor: JSON.stringify(at) };
}

/** Those that are not read yet: the one at hand, then by age. Of several nodes the first one's log is the job's. */
function inOrder(pods: readonly V1Pod[], { done, pod: current }: PodCursor) {
  return pods
    .filter(({ metadata }) => (metadata?.annotations?.[INDEX] ?? metadata?.labels?.[INDEX] ?? "0") === "0")
    .map(({ metadata, status }) => ({
      name: metadata?.name ?? "",
      isEnded: ["Succeeded", "Failed"].includes(status?.phase ?? ""),
      created: metadata?.creationTimestamp?.getTime() ?? 0,
    }))
    .filter(({ name }) => !done.includes(name))
    .sort(
      (a, b) =>
        Number(b.name === current) - Number(a.name === current) ||
        a.created - b.created ||
        Number(b.isEnded) - Number(a.isEnded),
    );
}

/** Empty where the pod has no log yet, or none any more. */
async function fetchLog(cluster: Cluster, pod: string, since: string | null): Promise<string> {
  const { namespace } = cluster;
  const request = { name: pod, namespace, container: CONTAINER, timestamps: true };
  const what = `read the log of pod ${namespace}/${pod}`;
  try {
    return await ask(cluster, what, ({ core }) => core.readNamespacedPodLog(request, sinceTime(since)));
  } catch (error) {
    // 400: the container has not started.
    if (isStatus(error, 400) || isStatus(error, 404)) return "";
    throw error;
  }
}

/** The API takes `sinceTime`, but its OpenAPI document does not tell, so the client does not know it. */
function sinceTime(since: string | null): ConfigurationOptions {
  if (since === null) return {};
  return {
    middleware: [
      {
        pre: (context) => {
          context.setQueryParam("sinceTime", since);
          return new Observable(Promise.resolve(context));
        },
        post: (context) => new Observable(Promise.resolve(context)),
      },
    ],
    middlewareMergeStrategy: "append",
  };
}
