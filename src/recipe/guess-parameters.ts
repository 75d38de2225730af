/** From a model's name, such as `Qwen3-1.7B`; null where it holds no number. */
export function guessParameters(model: string): number | null {
  if (model === "tiny" || model === "tiny-scratch") return 0.59e6;
  const match = /(\d+(?:\.\d+)?)\s*([bm])(?![a-z])/i.exec(model.split("/").at(-1) ?? model);
  if (match === null) return null;
  return Number(match[1]) * (match[2]?.toLowerCase() === "b" ? 1e9 : 1e6);
}
