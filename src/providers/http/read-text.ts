const LARGEST = 32 * 1024 * 1024;

/** The whole body, or its beginning where `isCut`; otherwise a larger one than any answer is throws. */
export async function readText(
  response: Response,
  { maxBytes = LARGEST, isCut = false }: { maxBytes?: number; isCut?: boolean } = {},
): Promise<string> {
  if (response.body === null) return "";
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    chunks.push(chunk);
    if (bytes <= maxBytes) continue;
    if (isCut) break;
    throw new Error(`is larger than ${maxBytes} bytes`);
  }
  return Buffer.concat(chunks).toString("utf8", 0, Math.min(bytes, maxBytes));
}
