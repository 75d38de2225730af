/** Whether a tool's result says that the call failed: as `mllm run` words failures, or as ToolBench's service does. */
export function hasFailed(observation: string): boolean {
  if (/^error: /i.test(observation)) return true;
  if (!observation.startsWith("{") || !observation.includes('"error"')) return false;
  try {
    const { error } = JSON.parse(observation) as { error?: unknown };
    return typeof error === "string" ? error !== "" : Boolean(error);
  } catch {
    return false;
  }
}
