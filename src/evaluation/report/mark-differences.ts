import { diffWordsWithSpace } from "diff";
import { type Html, html } from "../../page/html.js";

/** Beyond this nothing is marked: it would take long, and everything would be marked. */
const MOST_EDITS = 400;

/** Both texts, with the words marked that the other one does not have. */
export function markDifferences(recorded: string, predicted: string): { recorded: Html; predicted: Html } {
  const changes =
    recorded === predicted
      ? undefined
      : diffWordsWithSpace(recorded, predicted, { maxEditLength: MOST_EDITS });
  if (changes === undefined) return { recorded: html`${recorded}`, predicted: html`${predicted}` };
  return {
    recorded: html`${changes.filter(({ added }) => !added).map(({ removed, value }) => (removed ? html`<del>${value}</del>` : value))}`,
    predicted: html`${changes.filter(({ removed }) => !removed).map(({ added, value }) => (added ? html`<ins>${value}</ins>` : value))}`,
  };
}
