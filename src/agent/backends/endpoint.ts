import { MllmError } from "../../core/errors.js";
import { ENGINES, type Engine } from "./engines.js";

/** Where a role lives: a server's model, or a hosted provider's. */
export type Endpoint =
  | { kind: "server"; engine: Engine; url: string; model: string }
  | { kind: "hosted"; provider: string; model: string };

const EXPECTED =
  "Write [ENGINE+]URL[#MODEL], such as vllm+http://127.0.0.1:8000#caller, or hf:PROVIDER/MODEL." +
  ` Engines: ${ENGINES.join(", ")}.`;

/** `vllm+http://gpu:8000#caller`; `hf:together/meta-llama/Llama-3.3-70B-Instruct`. Throws usage. */
export function parseEndpoint(text: string, defaultModel: string): Endpoint {
  const hosted = /^hf:([\w-]+)\/(.+)$/.exec(text);
  if (hosted !== null) return { kind: "hosted", provider: hosted[1] ?? "", model: hosted[2] ?? "" };
  const [, prefix = "openai", address = ""] = /^(?:([\w.-]+)\+)?(https?:\/\/.+)$/.exec(text) ?? [];
  const engine = ENGINES.find((name) => name === prefix);
  if (engine === undefined || !URL.canParse(address)) {
    throw new MllmError("usage", `${text} is not an endpoint`, { hint: EXPECTED });
  }
  const url = new URL(address);
  const model = decodeURIComponent(url.hash.slice(1)) || defaultModel;
  url.hash = "";
  return { kind: "server", engine, url: url.href.replace(/\/+$/, ""), model };
}

/** The inverse of parseEndpoint; without what a URL may hold of credentials. */
export function formatEndpoint(endpoint: Endpoint): string {
  if (endpoint.kind === "hosted") return `hf:${endpoint.provider}/${endpoint.model}`;
  const url = new URL(endpoint.url);
  url.username = "";
  url.password = "";
  const prefix = endpoint.engine === "openai" ? "" : `${endpoint.engine}+`;
  return `${prefix}${url.href.replace(/\/+$/, "")}#${encodeURIComponent(endpoint.model)}`;
}
