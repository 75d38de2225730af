import { ProviderError } from "../../core/errors.js";
import type { HttpTools } from "../http/json-request.js";
import { explainError } from "./explain-error.js";
import type { KubernetesClient } from "./kubernetes-client.js";

/** Pauses before a read is sent again. */
const PAUSES_MILLISECONDS = [500, 2000, 5000];
const LONGEST_PAUSE_SECONDS = 60;

/** One cluster, and how to wait for it. */
export interface Cluster {
  client: KubernetesClient;
  namespace: string;
  sleep: HttpTools["sleep"];
}

/** For what may be repeated; sent again after failures that may pass. `what` names the request in an error. */
export async function ask<T>(
  { client, sleep }: Cluster,
  what: string,
  request: (client: KubernetesClient) => Promise<T>,
): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await request(client);
    } catch (cause) {
      const error = explainError(client, { what, isWrite: false }, cause);
      const pause = PAUSES_MILLISECONDS[tries];
      if (!error.isRetryable || pause === undefined) throw error;
      const asked = Math.min(error.retryAfterSeconds ?? 0, LONGEST_PAUSE_SECONDS) * 1000;
      await sleep(Math.max(pause, asked));
    }
  }
}

/** Like `ask`; null where there is no such object. */
export async function askOrNull<T>(
  cluster: Cluster,
  what: string,
  request: (client: KubernetesClient) => Promise<T>,
): Promise<T | null> {
  return ask(cluster, what, request).catch((error: unknown) => {
    if (isStatus(error, 404)) return null;
    throw error;
  });
}

/** Changes something, and is sent once. */
export async function act<T>(
  { client }: Cluster,
  what: string,
  request: (client: KubernetesClient) => Promise<T>,
): Promise<T> {
  try {
    return await request(client);
  } catch (cause) {
    throw explainError(client, { what, isWrite: true }, cause);
  }
}

export function isStatus(error: unknown, statusCode: number): boolean {
  return error instanceof ProviderError && error.statusCode === statusCode;
}
