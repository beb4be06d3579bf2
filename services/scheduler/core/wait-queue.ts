// Attempts waiting for a slot: highest priority first, then first come first served. Taking, adding
// and withdrawing are O(1) in the number waiting (priorities are few).

import type { WaitingAttempt } from "./state.ts";

export class WaitQueue {
  readonly #byToken = new Map<string, WaitingAttempt>();
  /** Priorities in descending order, each with its tokens in order of arrival. */
  #lanes: { readonly priority: number; readonly tokens: Set<string> }[] = [];

  get size(): number {
    return this.#byToken.size;
  }

  get(token: string): WaitingAttempt | undefined {
    return this.#byToken.get(token);
  }

  has(token: string): boolean {
    return this.#byToken.has(token);
  }

  add(attempt: WaitingAttempt): void {
    this.#byToken.set(attempt.token, attempt);
    this.#laneOf(attempt.priority).add(attempt.token);
  }

  remove(token: string): void {
    const attempt = this.#byToken.get(token);
    if (attempt === undefined) return;
    this.#byToken.delete(token);
    const tokens = this.#laneOf(attempt.priority);
    tokens.delete(token);
    if (tokens.size === 0) {
      this.#lanes = this.#lanes.filter((lane) => lane.priority !== attempt.priority);
    }
  }

  /** Who is next, without taking it out. */
  first(): WaitingAttempt | undefined {
    for (const token of this.#lanes[0]?.tokens ?? []) return this.#byToken.get(token);
    return undefined;
  }

  /** How many go before this one; null when it does not wait. */
  ahead(token: string): number | null {
    if (!this.#byToken.has(token)) return null;
    let count = 0;
    for (const each of this.values()) {
      if (each.token === token) break;
      count += 1;
    }
    return count;
  }

  /** In the order they will be taken. */
  *values(): Generator<WaitingAttempt> {
    for (const lane of this.#lanes) {
      for (const token of lane.tokens) {
        const attempt = this.#byToken.get(token);
        if (attempt !== undefined) yield attempt;
      }
    }
  }

  #laneOf(priority: number): Set<string> {
    let at = 0;
    for (; at < this.#lanes.length; at++) {
      const lane = this.#lanes[at];
      if (lane === undefined || lane.priority < priority) break;
      if (lane.priority === priority) return lane.tokens;
    }
    const tokens = new Set<string>();
    this.#lanes.splice(at, 0, { priority, tokens });
    return tokens;
  }
}
