import type { Example } from "../core/example.js";
import type { ThreadProfile } from "../core/profile.js";
import type { Tool } from "../core/trajectory.js";
import type { Turn } from "./turns.js";

interface ParsedTurn {
  speaker: Turn["speaker"];
  text: string;
  isTrained: boolean;
}

/** Takes a thread row apart again: nothing in the data can pass for a turn's boundary, so this is exact. */
export function parseThread(
  profile: ThreadProfile,
  { segments }: Example,
): { tools: Tool[]; turns: ParsedTurn[] } {
  const trainedAt = new Set<number>();
  let text = "";
  for (const segment of segments) {
    if (segment.train) trainedAt.add(text.length);
    text += segment.text;
  }
  const markers = Object.entries(profile.turns).map(([speaker, { marker }]) => ({ speaker, marker }));
  markers.sort((a, b) => b.marker.length - a.marker.length);
  const [header = "", ...pieces] = text.split(profile.endOfTurn);
  let at = header.length + profile.endOfTurn.length;
  const turns = pieces.flatMap((piece) => {
    const start = at;
    at += piece.length + profile.endOfTurn.length;
    const found = markers.find(({ marker }) => piece.startsWith(marker));
    if (found === undefined) return [];
    const isTrained = trainedAt.has(start + found.marker.length);
    const speaker = found.speaker as ParsedTurn["speaker"];
    return [{ speaker, text: piece.slice(found.marker.length).trim(), isTrained }];
  });
  return { tools: parseTools(profile, header), turns };
}

function parseTools(profile: ThreadProfile, header: string): Tool[] {
  const [before = "", after = ""] = profile.header.split("{tools}");
  const lines = header.slice(before.length, header.length - after.length).split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as Tool);
}
