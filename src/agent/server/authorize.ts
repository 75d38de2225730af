import { createHash, timingSafeEqual } from "node:crypto";
import { MllmError } from "../../core/errors.js";
import { ApiError } from "./api-error.js";

/** Tells the key of a request by its number among `keys`; throws 401 where it is none of them. */
export function createAuthorize(keys: readonly string[]): (header: string | undefined) => string {
  const digests = keys.map(digest);
  return (header) => {
    if (digests.length === 0) return "anyone";
    const given = /^Bearer +(\S+) *$/i.exec(header ?? "")?.[1];
    if (given === undefined) {
      throw new ApiError(401, "an API key is needed: send Authorization: Bearer KEY", {
        code: "missing_api_key",
      });
    }
    const wanted = digest(given);
    // All are compared, and of equal length: the time taken tells nothing about any key.
    const matches = digests.map((known) => timingSafeEqual(known, wanted));
    if (!matches.includes(true)) {
      throw new ApiError(401, "the API key is not valid", { code: "invalid_api_key" });
    }
    return `key ${matches.indexOf(true)}`;
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|::1)$/i;

function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** What others can reach must ask for a key. */
export function demandKeys(host: string, keys: readonly string[]): void {
  if (isLoopback(host) || keys.length > 0) return;
  throw new MllmError("usage", `${host} can be reached from elsewhere, and no key is set`, {
    hint: "Set MLLM_SERVE_KEY or give --key-file, or listen on 127.0.0.1.",
  });
}

/**
 * Where no key is asked for, a web page must not reach this server by a name of its own that leads to this machine.
 * `host` is the request's header.
 */
export function demandLoopback(host: string | undefined): void {
  if (isLoopback((host ?? "").replace(/:\d+$/, ""))) return;
  throw new ApiError(403, "this server has no key and answers only to localhost", { code: "wrong_host" });
}
