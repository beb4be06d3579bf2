// One output's text, token by token.
//
// State: the bytes that are no whole character yet, and what the start of the output still owes.
//
//   D1. All that push() gave, then finish(), is the decode of all the ids, however they were split.
//   D2. What push() gave never changes; what it costs does not grow with the output.
//   D3. Special tokens are left out unless asked for.

import type { TokenPieces } from "./token-pieces.ts";
import { Utf8Stream } from "./utf8-stream.ts";

export class Detokeniser {
  readonly #pieces: TokenPieces;
  readonly #skipSpecial: boolean;
  readonly #utf8 = new Utf8Stream();
  #first = true;
  #stripLeft: number;
  /** A word's end that becomes a space if anything follows. */
  #owedSpace = false;

  constructor(pieces: TokenPieces, skipSpecial = true) {
    this.#pieces = pieces;
    this.#skipSpecial = skipSpecial;
    this.#stripLeft = pieces.rules.strip.count;
  }

  /** The text that is certain now and was not before; often empty. */
  push(id: number): string {
    const piece = this.#pieces.pieceOf(id);
    if (piece.kind === "none" || (piece.kind === "special" && this.#skipSpecial)) return "";
    if (piece.kind === "bytes") {
      this.#first = false;
      return this.#stripped(this.#utf8.push(piece.bytes));
    }
    return this.#stripped(this.#utf8.flush() + this.#placed(piece.text));
  }

  pushAll(ids: readonly number[]): string {
    let text = "";
    for (const id of ids) text += this.push(id);
    return text;
  }

  /** Nothing comes any more. */
  finish(): string {
    return this.#stripped(this.#utf8.flush());
  }

  #placed(text: string): string {
    const { firstLosesSpace, glue, gluedPrefix, wordEnd } = this.#pieces.rules;
    const first = this.#first;
    this.#first = false;
    if (first && firstLosesSpace && text.startsWith(" ")) return text.slice(1);
    if (gluedPrefix !== null && !first && text.startsWith(gluedPrefix)) {
      return text.slice(gluedPrefix.length);
    }
    if (wordEnd !== null) return this.#withWordEnd(text, wordEnd);
    return first ? text : glue + text;
  }

  #withWordEnd(text: string, wordEnd: string): string {
    const before = this.#owedSpace ? " " : "";
    this.#owedSpace = text.endsWith(wordEnd);
    const rest = this.#owedSpace ? text.slice(0, -wordEnd.length) : text;
    return before + rest.replaceAll(wordEnd, " ");
  }

  /** The first character that is not to be stripped ends the stripping. */
  #stripped(text: string): string {
    const { content } = this.#pieces.rules.strip;
    let rest = text;
    while (this.#stripLeft > 0 && rest !== "") {
      if (rest.startsWith(content)) {
        rest = rest.slice(content.length);
        this.#stripLeft -= 1;
      } else {
        this.#stripLeft = 0;
      }
    }
    return rest;
  }
}
