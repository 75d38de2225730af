import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, it } from "@jest/globals";
import { readEventStream } from "./read-event-stream.js";

const close: (() => void)[] = [];
afterEach(() => {
  for (const end of close.splice(0)) end();
});

async function read(
  write: (response: ServerResponse) => void,
  { maxEvents = 100, idleMilliseconds = 100 } = {},
) {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    write(response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/logs`;
  const request = { provider: "acme", method: "GET", url, token: null } as const;
  return readEventStream({ fetch: globalThis.fetch, sleep: delay }, request, { idleMilliseconds, maxEvents });
}

it("gives all events of a stream that ends, with their ids", async () => {
  const events = await read((response) => response.end("id: 1\ndata: a\ndata: b\n\n: alive\n\ndata: c\n\n"));
  expect(events).toEqual([
    { id: "1", data: "a\nb" },
    { id: "", data: "c" },
  ]);
});

it("does not wait for more from a live stream", async () => {
  expect(await read((response) => response.write("id: 1\ndata: ä\n\nid: 2\nda"))).toEqual([
    { id: "1", data: "ä" },
  ]);
});

it("gives what came before a stream broke off", async () => {
  const events = await read((response) => response.write("id: 1\ndata: a\n\n", () => response.destroy()));
  expect(events).toEqual([{ id: "1", data: "a" }]);
});

it("takes no more than it was told to", async () => {
  const text = Array.from({ length: 50 }, (_value, index) => `id: ${index}\ndata: x\n\n`).join("");
  expect((await read((response) => response.write(text), { maxEvents: 20 })).at(-1)?.id).toBe("19");
});

it("takes no remark that keeps the connection alive for something new", async () => {
  const timers: NodeJS.Timeout[] = [];
  close.push(() => timers.map(clearInterval));
  const events = await read((response) => {
    response.write("id: 1\ndata: a\n\n");
    timers.push(setInterval(() => response.write(": alive\n"), 5));
  });
  expect(events).toEqual([{ id: "1", data: "a" }]);
});
