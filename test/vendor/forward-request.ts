import { request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";

export interface Answer {
  status: number;
  headers: IncomingMessage["headers"];
  body: Buffer;
}

function open(target: string, incoming: IncomingMessage) {
  const url = new URL(incoming.url ?? "/", target);
  return httpRequest(url, {
    method: incoming.method ?? "GET",
    headers: { ...incoming.headers, host: url.host },
  });
}

/** Sends it on with this body and waits for the whole answer. */
export function forward(target: string, incoming: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = open(target, incoming);
    request.on("error", reject);
    request.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 502,
          headers: response.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.end(body);
  });
}

/** The same with an answer that may never end. */
export function pipe(target: string, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = open(target, incoming);
    request.on("error", reject);
    request.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 502, response.headers);
      outgoing.flushHeaders();
      response.on("error", () => outgoing.destroy());
      response.pipe(outgoing);
    });
    outgoing.on("close", () => {
      request.destroy();
      resolve();
    });
    request.end();
  });
}
