import type { ResultCache } from "../src/evaluation/result-cache.js";

/** Remembers for as long as the process lives. */
export function createMemoryCache(): ResultCache {
  const results = new Map<string, string>();
  return {
    get: (key) => {
      const text = results.get(key);
      return text === undefined ? undefined : JSON.parse(text);
    },
    put: (key, value) => {
      results.set(key, JSON.stringify(value));
    },
  };
}
