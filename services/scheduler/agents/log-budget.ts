// Memory for output that waits for its readers: one budget for all readers of a scheduler.
//
//   B1. What is taken is at most BYTES_MAX and one piece for each reader: a reader for whom nothing
//       waits may always take one, so the slowest of the others holds up nobody.

const BYTES_MAX = 64 * 1024 * 1024;

export class LogBudget {
  #bytes = 0;

  /** False when there is no room, and nothing was taken; never for what `must` be taken. */
  take(bytes: number, must: boolean): boolean {
    if (!must && this.#bytes + bytes > BYTES_MAX) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}
