import type { Profile } from "../core/profile.js";

/** What tokenizers commonly read as a special token wherever it stands, without its first character. */
const AFTER_ANGLE = [
  "[|｜][^<>\\n]{0,64}[|｜]>",
  "/?s>",
  "/?(?:pad|unk|bos|eos|mask|cls|sep|eot|start_of_turn|end_of_turn|im_start|im_end|endoftext)>",
  "</?SYS>>",
];
const AFTER_BRACKET = [
  "/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|IMG)\\]",
];

/** Half of a character, as a result cut in the middle of an escape leaves it; no tokenizer takes it. */
const LONE_SURROGATE = /\p{Surrogate}/gu;

const escapePattern = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** Makes a text unable to pass for the end of a turn or the start of another, and fit for UTF-8. Protecting twice changes nothing more. */
export type ProtectText = (text: string) => string;

/**
 * The sentinel and whatever looks like a special token get a blank after their first character;
 * a marker at the start of a line gets one before it.
 */
export function createProtectText(profile: Pick<Profile, "endOfTurn" | "turns">): ProtectText {
  const [first = "", ...rest] = profile.endOfTurn;
  // Lookaheads find overlapping tokens too. The first character stands outside, because a search for it is quick.
  const starts = [
    `${escapePattern(first)}(?=${escapePattern(rest.join(""))})`,
    `<(?=${AFTER_ANGLE.join("|")})`,
    `\\[(?=${AFTER_BRACKET.join("|")})`,
  ];
  const tokenStart = new RegExp(starts.join("|"), "giu");
  const markers = Object.values(profile.turns).map((turn) => escapePattern(turn.marker));
  const lineStart = new RegExp(`^(?=${markers.join("|")})`, "gm");
  const markerTexts = [...new Set(Object.values(profile.turns).map((turn) => turn.marker))];
  const initials = new Set(markerTexts.map((marker) => marker.charCodeAt(0)));
  const beginsTurn = (text: string, at: number) =>
    initials.has(text.charCodeAt(at)) && markerTexts.some((marker) => text.startsWith(marker, at));
  // Nearly no text needs any of this, and to look for a plain text is much cheaper than to try a pattern everywhere.
  const firsts = [...new Set([first.toLowerCase(), first.toUpperCase(), "<", "["])];
  const mayHoldToken = (text: string) => firsts.some((character) => text.includes(character));
  return (text) => {
    let safe = text.trim();
    if (!safe.isWellFormed()) safe = safe.replace(LONE_SURROGATE, "\ufffd");
    if (mayHoldToken(safe)) safe = safe.replace(tokenStart, "$& ");
    return hasLine(safe, beginsTurn) ? safe.replace(lineStart, " ") : safe;
  };
}

/** What `^` takes for the end of a line. */
const LINE_ENDS = ["\n", "\r", "\u2028", "\u2029"];

/** Lines are few: looking for their ends is cheaper than looking for each marker everywhere. */
function hasLine(text: string, test: (text: string, at: number) => boolean): boolean {
  if (test(text, 0)) return true;
  return LINE_ENDS.some((end) => {
    for (let at = text.indexOf(end); at >= 0; at = text.indexOf(end, at + 1)) {
      if (test(text, at + 1)) return true;
    }
    return false;
  });
}
