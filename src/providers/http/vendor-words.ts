/** What the vendor itself says about a refusal: RFC 9457, `{error: {message}}`, `{message}`, `{error}` or plain text; "" where nothing. */
export function vendorWords(answer: string, contentType: string): string {
  const body = parse(answer);
  const words = body === undefined ? plainWords(answer, contentType) : wordsOf(body);
  // Control characters would reach the terminal.
  return words.replace(/[\p{Cc}\s]+/gu, " ").trim();
}

function plainWords(answer: string, contentType: string): string {
  return contentType.includes("html") ? "" : answer;
}

function wordsOf(body: unknown): string {
  if (typeof body === "string") return body;
  if (typeof body !== "object" || body === null) return "";
  const { title, detail, errors, error, message } = body as Record<string, unknown>;
  const first = [detail, message, error, title].map(sentence).find((words) => words !== "") ?? "";
  const others = Array.isArray(errors) ? errors.map(sentence).filter((words) => words !== "") : [];
  return others.length === 0 ? first : `${first === "" ? "" : `${first}: `}${others.join("; ")}`;
}

function sentence(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value !== "object" || value === null) return "";
  if (Array.isArray(value))
    return value
      .map(sentence)
      .filter((words) => words !== "")
      .join("; ");
  const { message, detail, msg, description, code, type } = value as Record<string, unknown>;
  const found = [message, detail, msg, description, code, type];
  return found.find((words): words is string => typeof words === "string") ?? "";
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
