// Ends a text where a stop string first becomes complete. What may still become one is held back.
//
// State: the end of the text that some stop string may begin with.
//
//   S1. What is delivered is the whole text up to the stop string that is complete first, however
//       the text was split; of two complete at once the one that began earlier counts.
//   S2. The stop string itself is delivered only when asked for.
//   S3. Held back are fewer characters than the longest stop string has.

export interface StopStep {
  readonly text: string;
  /** The string that ended the text; null while none has. */
  readonly stopped: string | null;
}

export class StopStrings {
  readonly #stops: readonly string[];
  readonly #longest: number;
  readonly #firsts: ReadonlySet<string>;
  readonly #include: boolean;
  #held = "";

  /** None of `stops` is empty. */
  constructor(stops: readonly string[], include = false) {
    this.#stops = stops;
    this.#longest = stops.reduce((most, stop) => Math.max(most, stop.length), 0);
    this.#firsts = new Set(stops.map((stop) => stop.charAt(0)));
    this.#include = include;
  }

  /** After `stopped` nothing may be pushed. */
  push(text: string): StopStep {
    if (this.#stops.length === 0) return { text, stopped: null };
    const all = this.#held + text;
    const found = this.#firstComplete(all);
    if (found !== null) {
      this.#held = "";
      const end = found.at + (this.#include ? found.stop.length : 0);
      return { text: all.slice(0, end), stopped: found.stop };
    }
    const end = this.#certainLength(all);
    this.#held = all.slice(end);
    return { text: all.slice(0, end), stopped: null };
  }

  /** Nothing comes any more: what was held back is text. */
  finish(): string {
    const text = this.#held;
    this.#held = "";
    return text;
  }

  #firstComplete(all: string): { readonly at: number; readonly stop: string } | null {
    let best: { readonly at: number; readonly stop: string } | null = null;
    for (const stop of this.#stops) {
      const at = all.indexOf(stop);
      if (at < 0) continue;
      const later = best === null ? -1 : at + stop.length - (best.at + best.stop.length);
      if (best === null || later < 0 || (later === 0 && at < best.at)) best = { at, stop };
    }
    return best;
  }

  #certainLength(all: string): number {
    for (let at = Math.max(0, all.length - this.#longest + 1); at < all.length; at++) {
      if (!this.#firsts.has(all.charAt(at))) continue;
      const end = all.slice(at);
      if (this.#stops.some((stop) => stop.startsWith(end))) return at;
    }
    return all.length;
  }
}
