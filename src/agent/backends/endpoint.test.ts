import { describe, expect, it } from "@jest/globals";
import { formatEndpoint, parseEndpoint } from "./endpoint.js";

describe("parseEndpoint", () => {
  it.each([
    ["http://a:1", { kind: "server", engine: "openai", url: "http://a:1", model: "caller" }],
    ["vllm+https://a/v1/#m%20n", { kind: "server", engine: "vllm", url: "https://a/v1", model: "m n" }],
    ["llama.cpp+http://a:1#2", { kind: "server", engine: "llama.cpp", url: "http://a:1", model: "2" }],
    ["hf:together/org/big", { kind: "hosted", provider: "together", model: "org/big" }],
  ])("reads %s", (text, endpoint) => {
    expect(parseEndpoint(text, "caller")).toEqual(endpoint);
  });

  it.each(["", "caller", "ftp://a", "tgi+http://a", "http://", "hf:together"])("refuses %p", (text) => {
    expect(() => parseEndpoint(text, "caller")).toThrow("is not an endpoint");
  });
});

describe("formatEndpoint", () => {
  it("can be read again", () => {
    for (const text of ["vllm+http://a:1/v1#m", "http://a:1#org%2Fm", "hf:auto/org/big"]) {
      expect(formatEndpoint(parseEndpoint(text, "caller"))).toBe(text);
    }
  });

  it("shows no password", () => {
    expect(formatEndpoint(parseEndpoint("http://me:secret@a:1#m", "x"))).toBe("http://a:1#m");
  });
});
