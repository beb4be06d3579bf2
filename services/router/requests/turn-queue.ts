// What becomes due while the event loop reads is done once, when it has read everything that was
// there: tokens that came together leave together.
//
// State: who waits for the end of this turn, each once.

export class TurnQueue {
  #waiting: (() => void)[] = [];
  #scheduled = false;

  /** Runs `due` after everything that can be read now has been; the order of calls is kept. */
  push(due: () => void): void {
    this.#waiting.push(due);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#scheduled = false;
    for (const due of waiting) due();
  }
}
