import { parseEndpoint } from "../../agent/backends/endpoint.js";
import { MllmError } from "../../core/errors.js";
import type { Judge } from "../../evaluation/live/judge/ask-judge.js";
import { createChatJudge } from "../../evaluation/live/judge/chat-judge.js";
import type { ResultCache } from "../../evaluation/result-cache.js";
import type { Context } from "../context.js";
import { createSecrets } from "../credentials.js";
import { writeNote } from "../output.js";

interface JudgeOptions {
  /** `URL#MODEL`. */
  judge: string;
  votes: number;
  judgeTemperature: number;
  seed: number;
}

/** The model that judges, with its key from the environment or the credentials file. */
export function openJudge(context: Context, options: JudgeOptions, cache: ResultCache): Judge {
  const endpoint = /^([\w.-]+\+)?https?:\/\//.test(options.judge) ? parseEndpoint(options.judge, "") : null;
  if (endpoint === null || endpoint.kind === "hosted" || endpoint.model === "") {
    throw new MllmError("usage", `--judge ${options.judge}: expected URL#MODEL`, {
      hint: "For example --judge https://api.openai.com/v1#gpt-4.1, or https://router.huggingface.co/v1#MODEL:PROVIDER.",
    });
  }
  const { url, model } = endpoint;
  const token = createSecrets(context)(isHuggingFace(url) ? "HF_TOKEN" : "MLLM_JUDGE_TOKEN");
  const note = (text: string) => writeNote(context, `note: ${text}`);
  const { votes, judgeTemperature: temperature, seed } = options;
  return {
    model: createChatJudge({ url, model, token, note }),
    ...{ votes, temperature, seed, cache, signal: context.signal },
  };
}

/** Its token goes there and nowhere else. */
function isHuggingFace(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "https:" && /(^|\.)huggingface\.(co|cloud)$/.test(hostname);
}
