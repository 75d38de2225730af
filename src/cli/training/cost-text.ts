export function dollarsText(dollars: number | null): string {
  return dollars === null ? "unknown" : `$${dollars.toFixed(2)}`;
}

/** What work is expected to cost, and what it can cost at most. */
export function costText(expectedDollars: number | null, atMostDollars: number | null): string {
  if (expectedDollars === null && atMostDollars === null) return "cost unknown";
  return `cost ${dollarsText(expectedDollars)} expected, ${dollarsText(atMostDollars)} at most`;
}
