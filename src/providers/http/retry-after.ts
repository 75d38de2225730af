/**
 * Seconds that a Retry-After header asks to wait, or undefined. A date is measured against the answer's own Date
 * header, so that neither clock has to be right; without one it says nothing.
 */
export function retryAfterSeconds(headers: Headers): number | undefined {
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(value)) return Math.ceil(Number(value));
  const until = Date.parse(value);
  const sent = Date.parse(headers.get("date") ?? "");
  if (Number.isNaN(until) || Number.isNaN(sent)) return undefined;
  return Math.max(0, Math.ceil((until - sent) / 1000));
}
