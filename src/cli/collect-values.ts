/** For commander: the values of an option that may be given again, in order. */
export function collectValues(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}
