// Options of other names: a misspelled one, or one named as in another library, would silently be left at its default.

/** Error: an option of another name than these. */
export function wantOptions(who: string, given: object, ...known: readonly string[]): void {
  for (const name in given) if (!known.includes(name)) throw new Error(`${who}: option ${name}, wanted ${known.join(", ")}`);
}
