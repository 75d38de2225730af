const LARGEST_BLOCK = 128 * 1024;

/** A frame of Zstandard (RFC 8878) with the bytes as they are: Node 20 has no compressor, and a reader cannot tell. */
export function zstdFrame(content: Buffer): Buffer {
  // No content size, no checksum, a window of 2 MiB: as `tar | zstd` writes it.
  const parts: Buffer[] = [Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58])];
  for (let start = 0; start === 0 || start < content.length; start += LARGEST_BLOCK) {
    const block = content.subarray(start, start + LARGEST_BLOCK);
    const isLast = start + LARGEST_BLOCK >= content.length;
    const header = Buffer.alloc(3);
    header.writeUIntLE((block.length << 3) | (isLast ? 1 : 0), 0, 3);
    parts.push(header, block);
  }
  return Buffer.concat(parts);
}
