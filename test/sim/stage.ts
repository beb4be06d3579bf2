// What every part of a simulated world shares: the clock, the seed's random numbers, the mix of
// faults with the count of those that struck, the checker, and the trace of what happened.

import type { Random } from "#shared/base/prng.ts";
import { randomInt } from "#shared/base/prng.ts";
import { CALM, noFaults } from "./faults.ts";
import type { FaultKind, FaultMix } from "./faults.ts";
import type { Checker } from "./invariants.ts";
import type { Mutant } from "./mutants.ts";
import type { SimClock } from "./sim-clock.ts";

/** Events a report of a violation shows. */
const TRACE_KEPT = 50;

interface TraceLine {
  readonly atMs: number;
  readonly part: string;
  readonly what: string;
  readonly facts: unknown;
}

export class Stage {
  readonly clock: SimClock;
  readonly random: Random;
  readonly checker: Checker;
  readonly mutant: Mutant | null;
  readonly hits = noFaults();
  mix: FaultMix;
  readonly #keepAll: boolean;
  readonly #lines: TraceLine[] = [];

  constructor(
    parts: Pick<Stage, "clock" | "random" | "checker" | "mutant" | "mix">,
    keepAll: boolean,
  ) {
    this.clock = parts.clock;
    this.random = parts.random;
    this.checker = parts.checker;
    this.mutant = parts.mutant;
    this.mix = parts.mix;
    this.#keepAll = keepAll;
  }

  get keepsAll(): boolean {
    return this.#keepAll;
  }

  /** From here on nothing more goes wrong. */
  calm(): void {
    this.mix = CALM;
  }

  hit(kind: FaultKind): void {
    this.hits[kind] += 1;
    this.trace("fault", kind);
  }

  /** An integer from `min` to `max`, both possible. */
  between(min: number, max: number): number {
    return min + randomInt(this.random, max - min + 1);
  }

  chance(probability: number): boolean {
    return probability > 0 && this.random.next() < probability;
  }

  /** `facts` are written out only when somebody reads the trace. */
  trace(part: string, what: string, facts?: unknown): void {
    this.#lines.push({ atMs: this.clock.monotonicMs(), part, what, facts });
    if (!this.#keepAll && this.#lines.length > 4 * TRACE_KEPT)
      this.#lines.splice(0, 3 * TRACE_KEPT);
  }

  traceLines(): string[] {
    const lines = this.#keepAll ? this.#lines : this.#lines.slice(-TRACE_KEPT);
    return lines.map(({ atMs, part, what, facts }) => {
      const more =
        facts === undefined ? "" : ` ${typeof facts === "string" ? facts : JSON.stringify(facts)}`;
      return `${String(atMs).padStart(9)} ms  ${part.padEnd(10)} ${what}${more}`;
    });
  }
}
