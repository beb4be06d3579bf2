// "Did you mean": the nearest known word, if it is near enough to be a slip of the hand.

/** Longer words are not compared: the cost is quadratic and nobody mistypes 64 letters by one. */
const WORD_MAX = 64;
/** Only so many candidates are looked at; a manifest may have 100,000 tasks. */
const CANDIDATES_MAX = 5000;

/** The nearest of `known` within a third of the word's length (at least 1, at most 3 edits). */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > WORD_MAX) return undefined;
  let best: string | undefined;
  let bestEdits = Math.min(3, Math.max(1, Math.floor(word.length / 3))) + 1;
  let seen = 0;
  for (const candidate of known) {
    if ((seen += 1) > CANDIDATES_MAX) break;
    if (Math.abs(candidate.length - word.length) >= bestEdits) continue;
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < bestEdits) {
      best = candidate;
      bestEdits = edits;
    }
  }
  return best;
}

/** `did you mean "needs"?`, or `known: a, b, c` when nothing is near. */
export function suggestion(word: string, known: readonly string[], what = "known here"): string {
  const near = nearest(word, known);
  if (near !== undefined) return `did you mean ${JSON.stringify(near)}?`;
  if (known.length === 0) return `there are none ${what}`;
  const shown = known.slice(0, 12).join(", ");
  return `${what}: ${shown}${known.length > 12 ? `, and ${known.length - 12} more` : ""}`;
}

/** Optimal string alignment: insert, delete, replace, swap neighbours. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min(
        (last[j] as number) + 1,
        (row[j - 1] as number) + 1,
        (last[j - 1] as number) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, (beforeLast[j - 2] as number) + 1);
      }
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}
