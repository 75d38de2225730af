import { ByteList, toBytes } from "./byte-list.js";
import type { Quoted } from "./compat-record.js";

const SPEAKERS = ["user", "assistant", "caller", "observation", "conclusion"] as const;
export type Speaker = (typeof SPEAKERS)[number];

const LABELS = Object.fromEntries(SPEAKERS.map((each) => [each, toBytes(`${each}: `)])) as Record<
  Speaker,
  Buffer
>;
const END = "</s>";
const END_BYTES = toBytes(END);

/** The turns so far as a prompt shows them, quoted, behind what the prompt has before them. */
export class History {
  private readonly bytes = new ByteList();
  private readonly texts: string[] = [];
  private openingBytes = 0;
  hasPlaceholder = false;

  /** Without `findsThought`, no placeholder is looked for. */
  constructor(private readonly findsThought: boolean) {}

  /** Starts again; what was given before is overwritten from here on. */
  begin(opening: readonly Uint8Array[]): void {
    this.texts.length = 0;
    this.hasPlaceholder = false;
    this.bytes.length = 0;
    for (const piece of opening) this.bytes.add(piece);
    this.openingBytes = this.bytes.length;
  }

  add(speaker: Speaker, { text, quoted }: Quoted): void {
    const hasEnd = speaker !== "observation";
    this.bytes.add(LABELS[speaker]);
    this.bytes.add(quoted);
    if (hasEnd) this.bytes.add(END_BYTES);
    this.texts.push(speaker, ": ", text, hasEnd ? END : "");
    if (this.findsThought) this.hasPlaceholder ||= text.includes("{thought}");
  }

  get text(): string {
    return this.texts.join("");
  }

  get quoted(): Buffer {
    return this.bytes.slice(this.openingBytes, this.bytes.length);
  }

  /** The opening and the turns. */
  get opened(): Buffer {
    return this.bytes.slice(0, this.bytes.length);
  }
}
