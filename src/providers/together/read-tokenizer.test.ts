import { describe, expect, it } from "@jest/globals";
import { readTokenizer } from "./read-tokenizer.js";

/** A Hub that has these files and no other. */
const hubOf = (files: Record<string, unknown>) => {
  const asked: { url: string; authorization: string | null }[] = [];
  const read: typeof fetch = async (input, init) => {
    asked.push({ url: String(input), authorization: new Headers(init?.headers).get("authorization") });
    const name = String(input).split("/").at(-1) as string;
    return name in files ? Response.json(files[name]) : new Response("Entry not found", { status: 404 });
  };
  const http = { fetch: read, sleep: async () => {} };
  return { asked, source: { http, endpoint: "https://hub.test", token: "hf_t", model: "acme/small" } };
};

describe("readTokenizer", () => {
  it("reads all special tokens from a configuration that has them", async () => {
    const { source, asked } = hubOf({
      "tokenizer_config.json": {
        eos_token: { content: "<|im_end|>", lstrip: false },
        bos_token: null,
        pad_token: "<|pad|>",
        additional_special_tokens: ["<|im_start|>"],
        added_tokens_decoder: {
          1: { content: "<|im_end|>", special: true },
          2: { content: "<tool_call>", special: false },
          3: { content: "<|vision|>", special: true },
        },
      },
    });
    expect(await readTokenizer(source)).toEqual({
      endOfTurnToken: "<|im_end|>",
      specialTokens: ["<|im_end|>", "<|pad|>", "<|im_start|>", "<|vision|>"],
    });
    expect(asked).toEqual([
      {
        url: "https://hub.test/acme/small/resolve/main/tokenizer_config.json",
        authorization: "Bearer hf_t",
      },
    ]);
  });

  it("reads them from the tokenizer's own file where the configuration leaves them to it", async () => {
    const config = { eos_token: "</s>", bos_token: "<s>" };
    const added_tokens = [
      { content: "<|x|>", special: true },
      { content: "word", special: false },
    ];
    const { source } = hubOf({ "tokenizer_config.json": config, "tokenizer.json": { added_tokens } });
    expect((await readTokenizer(source)).specialTokens).toEqual(["</s>", "<s>", "<|x|>"]);
    const slow = hubOf({ "tokenizer_config.json": config });
    expect((await readTokenizer(slow.source)).specialTokens).toEqual(["</s>", "<s>"]);
  });

  it("says what is missing, without the token", async () => {
    await expect(readTokenizer(hubOf({}).source)).rejects.toMatchObject({
      code: "not_found",
      message: expect.stringMatching(
        /tokenizer_config\.json of the base model acme\/small .*Entry not found/,
      ),
      hint: expect.stringContaining("HF_TOKEN"),
    });
    await expect(readTokenizer(hubOf({ "tokenizer_config.json": [] }).source)).rejects.toMatchObject({
      code: "bad_recipe",
    });
    await expect(readTokenizer(hubOf({ "tokenizer_config.json": {} }).source)).rejects.toThrow(
      "has no eos_token",
    );
  });
});
