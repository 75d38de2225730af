/**
 * What was already found out, by a hash over everything that decides it: a completion's text, a task's result, a
 * judge's verdict. Values are plain JSON data. Writing is durable at once: work that is interrupted goes on from there.
 */
export interface ResultCache {
  get(key: string): unknown;
  put(key: string, value: unknown): void;
}
