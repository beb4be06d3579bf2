// Figures in memory that the main thread writes and the progress thread reads, without either ever
// waiting for the other.
//
//   P1. One thread writes. A reader sees all figures of one write, or tries again: the version is
//       odd while a write is under way (a sequence lock).
//   P2. Times are of process.hrtime, which all threads of a process share.

import { FIGURE_NAMES, type Figures } from "./core/figures.ts";
import type { ThreadTimes } from "./core/loop-stall.ts";

export interface BoardReading {
  readonly figures: Figures;
  /** Highest dispatch by router, in the order of the configuration. */
  readonly seen: readonly number[];
  readonly beatMs: number;
  /** Of the thread that wrote it, then; null: the kernel does not say. */
  readonly thread: ThreadTimes | null;
}

/** A writer that the system took off its processor in the middle comes back within these. */
const READS_MAX = 1_000;
const HEAD_INTS = 2;
/** Beat, ran, waited. */
const HEAD_FLOATS = 3;

export class ProgressBoard {
  readonly memory: SharedArrayBuffer;
  readonly #ints: Int32Array;
  readonly #floats: Float64Array;
  readonly #linksUp: Int32Array;
  readonly #routers: number;
  #last: BoardReading | null = null;

  constructor(routers: number, memory?: SharedArrayBuffer) {
    const floats = HEAD_FLOATS + FIGURE_NAMES.length + routers;
    const headBytes = 4 * HEAD_INTS;
    const floatBytes = 8 * floats;
    this.memory = memory ?? new SharedArrayBuffer(headBytes + floatBytes + 4 * routers);
    this.#ints = new Int32Array(this.memory, 0, HEAD_INTS);
    this.#floats = new Float64Array(this.memory, headBytes, floats);
    this.#linksUp = new Int32Array(this.memory, headBytes + floatBytes, routers);
    this.#routers = routers;
  }

  write({ figures, seen, beatMs, thread }: BoardReading): void {
    Atomics.add(this.#ints, 0, 1);
    this.#floats.set([beatMs, thread?.ranMs ?? NaN, thread?.waitedMs ?? NaN]);
    const at = HEAD_FLOATS;
    FIGURE_NAMES.forEach((name, index) => (this.#floats[at + index] = figures[name]));
    seen.forEach((it, index) => (this.#floats[at + FIGURE_NAMES.length + index] = it));
    Atomics.add(this.#ints, 0, 1);
  }

  /** Null until the first write. */
  read(): BoardReading | null {
    for (let tries = 0; tries < READS_MAX; tries++) {
      const before = Atomics.load(this.#ints, 0);
      if (before === 0) return null;
      if (before % 2 !== 0) continue;
      const [beatMs = 0, ranMs = NaN, waitedMs = NaN, ...rest] = this.#floats;
      if (Atomics.load(this.#ints, 0) !== before) continue;
      const named = FIGURE_NAMES.map((name, index) => [name, rest[index] ?? 0]);
      const seen = rest.slice(FIGURE_NAMES.length);
      const thread = Number.isNaN(ranMs) ? null : { ranMs, waitedMs };
      this.#last = { figures: Object.fromEntries(named) as Figures, seen, beatMs, thread };
      break;
    }
    return this.#last;
  }

  /** Whether a router's progress link stands; written by the progress thread alone. */
  setLinkUp(router: number, up: boolean): void {
    Atomics.store(this.#linksUp, router, up ? 1 : 0);
  }

  get linksUp(): number {
    let up = 0;
    for (let router = 0; router < this.#routers; router++) {
      up += Atomics.load(this.#linksUp, router);
    }
    return up;
  }
}

/** Milliseconds of a clock that only goes forward and that all threads share (P2). */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
