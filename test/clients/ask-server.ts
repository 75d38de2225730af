import { afterEach, expect } from "@jest/globals";
import { serveModel, type TestServer } from "./serve-model.js";
import { getTemperature, QUESTION, weatherTool } from "./weather.js";

/** Serves models for a test; its servers are stopped when it ends. */
export function useServers(drainSeconds = 1): typeof serveModel {
  const servers: TestServer[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.stop({ drainSeconds })));
  });
  return async (...args) => {
    const server = await serveModel(...args);
    servers.push(server);
    return server;
  };
}

export const question = { role: "user", content: QUESTION };
/** The question, with the tool for it. */
export const request = { messages: [question], tools: [weatherTool] };

// biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
export async function ask(server: TestServer, body: object): Promise<any> {
  const response = await server.chat(body);
  return response.json();
}

// biome-ignore lint/suspicious/noExplicitAny: the shape is what is tested
export async function readStream(server: TestServer, body: object): Promise<any[]> {
  const response = await server.chat({ ...body, stream: true });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events = (await response.text()).split("\n\n").filter((event) => event !== "");
  expect(events.every((event) => event.startsWith("data: "))).toBe(true);
  expect(events.pop()).toBe("data: [DONE]");
  return events.map((event) => JSON.parse(event.slice("data: ".length)));
}

export const callOf = (city: string, id = `call_${city}`) => ({
  id,
  type: "function",
  function: { name: "get_temperature", arguments: `{"city":"${city}"}` },
});
export const resultOf = (city: string, id = `call_${city}`) => ({
  role: "tool",
  tool_call_id: id,
  content: getTemperature({ city }),
});
