import { afterEach, beforeEach, expect, it } from "@jest/globals";
import { describeWithSharedSpecs, sharedSpecs } from "../shared-data.js";
import { type OpenApiServer, type SpecAnswer, startOpenApiServer } from "./openapi-server.js";

describeWithSharedSpecs("startOpenApiServer", () => {
  let server: OpenApiServer;
  let pods: SpecAnswer;

  beforeEach(async () => {
    pods = { body: { pods: [] } };
    server = await startOpenApiServer({
      specFile: sharedSpecs("runpod-v2.openapi.json"),
      authorize: ({ headers }) =>
        headers.authorization === "Bearer key"
          ? null
          : { status: 401, body: { title: "Unauthorized", status: 401, detail: "no" } },
      handlers: {
        listPods: () => pods,
        "DELETE /v2/pods/{id}": ({ params }) =>
          params.id === "a b"
            ? { status: 204 }
            : { status: 404, body: { title: "No", status: 404, detail: "" } },
        createPod: () => ({ status: 201, body: {} }),
        "PUT /bucket": ({ bytes }) => ({
          text: `${bytes.length} bytes`,
          headers: { "content-type": "text/plain" },
        }),
        getPodLogs: () => ({ text: lines(), headers: { "content-type": "text/event-stream" } }),
      },
    });
  });
  afterEach(() => server.close());

  async function* lines() {
    yield "data: 1\n\n";
    yield "data: 2\n\n";
  }
  const ask = (method: string, path: string, body?: unknown) =>
    fetch(`${server.url}${path}`, {
      method,
      headers: { authorization: "Bearer key", ...(body ? { "content-type": "application/json" } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });

  it("passes what keeps the specification", async () => {
    expect(await (await ask("GET", "/v2/pods?includeClusterPods=true")).json()).toEqual({ pods: [] });
    expect((await ask("DELETE", "/v2/pods/a%20b")).status).toBe(204);
    expect(await (await ask("GET", "/v2/pods/x/logs?tail=5")).text()).toBe("data: 1\n\ndata: 2\n\n");
    expect(await (await ask("PUT", "/bucket", { a: 1 })).text()).toBe("7 bytes");
    expect(server.violations).toEqual([]);
    expect(server.requests[1]).toBe("DELETE /v2/pods/a%20b");
  });

  it("refuses and records requests that break it", async () => {
    const body = { name: "x", image: "y", bogus: 1 };
    const answer = await ask("POST", "/v2/pods", body);
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain("bogus");
    await ask("POST", "/v2/pods", { name: 1, image: "y" });
    await ask("GET", "/v2/pods?label=x");
    await ask("GET", "/v2/pods/x/logs?tail=many");
    await ask("GET", "/v2/nowhere");
    await ask("GET", "/v2/clusters");
    expect(server.violations.map((violation) => violation.replace(/\(.*/, "").trim())).toEqual([
      "POST /v2/pods: request: body: / must NOT have unevaluated properties",
      "POST /v2/pods: request: body: /name must be string",
      "GET /v2/pods: request: query label: is not in the specification",
      "GET /v2/pods/{id}/logs: request: query tail: / must be integer",
      "GET /v2/nowhere: request: is not in the specification",
      "GET /v2/clusters: request: has no handler",
    ]);
  });

  it("records answers that break it, unless the vendor is known to give them", async () => {
    pods = { body: { pods: [{ id: 1 }] } };
    await ask("GET", "/v2/pods");
    expect(server.violations.join()).toContain("GET /v2/pods: answer 200: /pods/0");
    const before = server.violations.length;
    pods = { ...pods, isUndocumented: true };
    await ask("GET", "/v2/pods");
    expect(server.violations.length).toBe(before);
  });

  it("asks who it is first", async () => {
    const answer = await fetch(`${server.url}/v2/pods?bogus=1`);
    expect(answer.status).toBe(401);
    expect(server.violations).toEqual([]);
  });
});

describeWithSharedSpecs("the vendors' specifications", () => {
  it("may be YAML, with a base path and forms", async () => {
    const together = await startOpenApiServer({
      specFile: sharedSpecs("together.openapi.yaml"),
      handlers: { "POST /files/upload": ({ body }) => ({ isUndocumented: true, body }) },
    });
    const form = new FormData();
    form.set("purpose", "fine-tune");
    form.set("file_name", "a.jsonl");
    form.set("file", new Blob(["{}"]), "a.jsonl");
    const url = `${together.url}${together.basePath}/files/upload`;
    const answer = await fetch(url, { method: "POST", body: form });
    expect(await answer.json()).toEqual({ purpose: "fine-tune", file_name: "a.jsonl", file: "{}" });
    expect(together.violations).toEqual([]);
    await together.close();
  });
});
