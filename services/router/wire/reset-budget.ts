// How many streams a peer may open only to reset them (CVE-2023-44487): a bucket.
//
// State: what is left of it, and since when.

const BURST = 1_000;
const PER_SECOND = 100;

export class ResetBudget {
  #left = BURST;
  #atMs: number;

  constructor(nowMs: number) {
    this.#atMs = nowMs;
  }

  /** False when there is none left. */
  take(nowMs: number): boolean {
    this.#left = Math.min(BURST, this.#left + ((nowMs - this.#atMs) * PER_SECOND) / 1_000) - 1;
    this.#atMs = nowMs;
    return this.#left >= 0;
  }
}
