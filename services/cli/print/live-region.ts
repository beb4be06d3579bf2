// The last lines of a terminal, redrawn in place. One write per frame, so that a frame is never
// seen half drawn; lines never wrap, because a wrapped line would be counted wrongly on redraw.

import type { Writable } from "node:stream";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const ERASE_TO_END = "\u001b[J";
const ERASE_LINE = "\u001b[K";

export class LiveRegion {
  readonly #stream: Writable;
  #drawn = 0;
  #last = "";

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  draw(lines: readonly string[]): void {
    const text = lines.map((line) => `${line}${ERASE_LINE}\n`).join("");
    if (text === this.#last) return;
    this.#stream.write(`${HIDE_CURSOR}${this.#backToTop()}${text}${ERASE_TO_END}`);
    this.#drawn = lines.length;
    this.#last = text;
  }

  /** Draws the last picture and leaves it standing; what is printed next comes below it. */
  finish(lines: readonly string[]): void {
    this.draw(lines);
    this.#stream.write(SHOW_CURSOR);
    this.#drawn = 0;
    this.#last = "";
  }

  /** Takes the picture away. */
  clear(): void {
    this.#stream.write(`${this.#backToTop()}${ERASE_TO_END}${SHOW_CURSOR}`);
    this.#drawn = 0;
    this.#last = "";
  }

  #backToTop(): string {
    return this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\r`;
  }
}
