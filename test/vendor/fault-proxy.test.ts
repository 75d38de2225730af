import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { type Fault, type FaultProxy, impatientFetch, startFaultProxy } from "./fault-proxy.js";

describe("startFaultProxy", () => {
  let delivered: string[];
  let proxy: FaultProxy;
  let target: string;
  let closeTarget: () => void;

  beforeEach(async () => {
    delivered = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      delivered.push(body);
      response.writeHead(201, { "content-type": "application/json" });
      response.end('{"id":"a","status":"RUNNING"}');
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    target = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    closeTarget = () => {
      server.close();
      server.closeAllConnections();
    };
    proxy = await startFaultProxy({ target });
  });
  afterEach(async () => {
    await proxy.close();
    closeTarget();
  });

  const post = async (body: string) => {
    try {
      const response = await impatientFetch(500)(`${proxy.url}/things?x=1`, { method: "POST", body });
      return `${response.status} ${await response.text()}`;
    } catch {
      return "broken";
    }
  };

  it.each<[Fault, string, number]>([
    ["none", '201 {"id":"a","status":"RUNNING"}', 1],
    ["drop-before", "broken", 0],
    ["drop-after", "broken", 1],
    ["delay-before", "broken", 1],
    ["delay-after", "broken", 1],
    ["rate-limit", "429 the proxy says so", 0],
    ["error-500-before", "500 the proxy says so", 0],
    ["error-500-after", "500 the proxy says so", 1],
    ["error-502-before", "502 the proxy says so", 0],
    ["error-502-after", "502 the proxy says so", 1],
    ["half-body", "broken", 1],
    ["duplicate", '201 {"id":"a","status":"RUNNING"}', 2],
    ["unknown-status", '201 {"id":"a","status":"HIBERNATING"}', 1],
  ])("does as told: %s", async (fault, answer, times) => {
    proxy.next(fault);
    expect(await post("hello")).toBe(answer);
    await proxy.settled();
    expect(delivered).toEqual(Array(times).fill("hello"));
    expect(proxy.log).toEqual([{ method: "POST", path: "/things?x=1", fault, body: "hello" }]);
  });

  it("draws the same faults from the same seed", async () => {
    const run = async (seed: number) => {
      const other = await startFaultProxy({
        target,
        seed,
        share: 0.5,
        faults: ["rate-limit", "drop-before"],
      });
      for (let count = 0; count < 20; count++) {
        await fetch(other.url).then(
          (response) => response.text(),
          () => null,
        );
      }
      await other.close();
      return other.log.map(({ fault }) => fault);
    };
    const first = await run(3);
    expect(await run(3)).toEqual(first);
    expect(new Set(first)).toEqual(new Set(["none", "rate-limit", "drop-before"]));
    expect(await run(4)).not.toEqual(first);
  });
});
