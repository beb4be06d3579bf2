// What becomes due while the event loop reads is done once, when it has read everything that was
// there: tokens that came together leave together, in one write a connection.
//
// State: who waits for the end of this turn, and who after them.

export class TurnQueue {
  #due: (() => void)[] = [];
  #last: (() => void)[] = [];
  #scheduled = false;

  /** Runs `due` after everything that can be read now has been; the order of calls is kept. */
  push(due: () => void): void {
    this.#due.push(due);
    this.#schedule();
  }

  /** The same, behind all that push() was told of: for who collects what the others write. */
  pushLast(due: () => void): void {
    this.#last.push(due);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    const due = this.#due;
    this.#due = [];
    for (const each of due) each();
    const last = this.#last;
    this.#last = [];
    for (const each of last) each();
    // What they have made due waits for the next turn: nobody keeps the loop from reading.
    this.#scheduled = false;
    if (this.#due.length > 0 || this.#last.length > 0) this.#schedule();
  }
}
