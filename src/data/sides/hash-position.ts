import { hash } from "node:crypto";

/** 48 bits of a text's hash: small where millions are remembered. */
export function hashKey(text: string): number {
  return hash("sha256", text, "buffer").readUIntBE(0, 6);
}

/** Where a text stands between 0 and 1, the same on every machine. */
export function hashPosition(text: string): number {
  return hashKey(text) / 2 ** 48;
}
