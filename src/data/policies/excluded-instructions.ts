import { digestText } from "./digest.js";
import { SIGNATURE_BYTES, type SignText } from "./sign-text.js";
import { SignatureIndex } from "./signature-index.js";
import { wordsOf } from "./words.js";

/** Instructions of a test set, as plain data: their digests, and their signatures one behind the other. */
export interface ExcludedInstructions {
  /** Records in which no instruction was found: nothing is kept apart for them. */
  withoutInstruction: number;
  digests: number[];
  signatures: Uint8Array;
}

/** So many words make one of the sequences that near instructions share: they are short. */
const WIDTH = 3;
/** Shorter instructions have to be equal: "book a table" is like many. */
const FEWEST_NEAR = 8;

export function listInstructions(
  instructions: Iterable<string>,
  signText: SignText,
): Pick<ExcludedInstructions, "digests" | "signatures"> {
  const digests = new Set<number>();
  const signatures: Uint8Array[] = [];
  for (const instruction of instructions) {
    const words = wordsOf(instruction);
    const digest = digestText(words.join(" "));
    if (words.length === 0 || digests.has(digest)) continue;
    digests.add(digest);
    const signature = words.length < FEWEST_NEAR ? null : signText(instruction, WIDTH);
    if (signature !== null) signatures.push(signature);
  }
  return { digests: [...digests], signatures: Buffer.concat(signatures) };
}

/** Tells whether an instruction is one of these, or nearly; case, punctuation and blanks do not count. */
export function createInstructionCheck(
  { digests, signatures }: Pick<ExcludedInstructions, "digests" | "signatures">,
  signText: SignText,
): (instruction: string) => boolean {
  const known = new Set(digests);
  const index = new SignatureIndex();
  for (let start = 0; start < signatures.length; start += SIGNATURE_BYTES) {
    index.add(signatures.subarray(start, start + SIGNATURE_BYTES));
  }
  return (instruction) => {
    const words = wordsOf(instruction);
    if (known.has(digestText(words.join(" ")))) return true;
    const signature = words.length < FEWEST_NEAR ? null : signText(instruction, WIDTH);
    return signature !== null && index.hasNear(signature);
  };
}
