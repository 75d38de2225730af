import type { ApiObject } from "./fake-kubernetes-pod.js";

export interface Answer {
  status?: number;
  json?: unknown;
  text?: string;
}

export function ok(json: unknown): Answer {
  return { json };
}

export function missing(resource: string, name: string): Answer {
  return refuse(404, "NotFound", `${resource} "${name}" not found`);
}

export function refuse(status: number, reason: string, message: string): Answer {
  return {
    status,
    json: {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      code: status,
    },
  };
}

/** Pages as `limit` and `continue` ask. */
export function list<T>(kind: string, all: Iterable<T>, url: URL, toJson: (item: T) => ApiObject): Answer {
  const selector = (url.searchParams.get("labelSelector") ?? "").split(",").filter((part) => part !== "");
  const items = [...all].map(toJson).filter(({ metadata }) =>
    selector.every((part) => {
      const [key = "", value] = part.split("=");
      return metadata.labels[key] === value;
    }),
  );
  const start = Number(url.searchParams.get("continue") ?? 0);
  const end = start + (Number(url.searchParams.get("limit")) || items.length);
  return ok({
    kind,
    metadata: end < items.length ? { continue: String(end) } : {},
    items: items.slice(start, end),
  });
}
