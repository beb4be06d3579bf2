// A vocabulary as a trie of bytes, laid out in the order in which it is walked: what a grammar does
// not allow is stepped over with all that begins so.

import type { GrammarMachine, PlaceSet } from "./grammar-machine.ts";

export class TokenTrie {
  /** How many words a mask has. */
  readonly words: number;
  readonly #bytes: Uint8Array;
  readonly #depths: Uint16Array;
  /** The node after the last that begins with this one's bytes. */
  readonly #ends: Uint32Array;
  /** The tokens of node n are `tokens` from `firsts[n]` to `firsts[n + 1]`. */
  readonly #firsts: Uint32Array;
  readonly #tokens: Uint32Array;

  /** Bytes by token id; a token of none is never allowed. */
  constructor(pieces: readonly Uint8Array[]) {
    this.words = Math.ceil(pieces.length / 32);
    // As text of one character for each byte: that is compared several times faster.
    const order = pieces.flatMap((piece, id) =>
      piece.length === 0 ? [] : [{ piece, id, key: Buffer.from(piece).toString("latin1") }],
    );
    order.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    const bytes: number[] = [];
    const depths: number[] = [];
    const ends: number[] = [];
    const firsts: number[] = [];
    const open: number[] = [];
    let before: Uint8Array = new Uint8Array();
    for (const [at, { piece }] of order.entries()) {
      let shared = 0;
      while (shared < before.length && shared < piece.length && before[shared] === piece[shared]) {
        shared += 1;
      }
      while (open.length > shared) ends[open.pop() ?? 0] = bytes.length;
      for (let depth = shared; depth < piece.length; depth++) {
        open.push(bytes.length);
        bytes.push(piece[depth] ?? 0);
        depths.push(depth);
        ends.push(0);
        firsts.push(at);
      }
      before = piece;
    }
    while (open.length > 0) ends[open.pop() ?? 0] = bytes.length;
    firsts.push(order.length);
    this.#bytes = Uint8Array.from(bytes);
    this.#depths = Uint16Array.from(depths);
    this.#ends = Uint32Array.from(ends);
    this.#firsts = Uint32Array.from(firsts);
    this.#tokens = Uint32Array.from(order, ({ id }) => id);
  }

  /** The tokens that the grammar allows at `set`. */
  maskAt(machine: GrammarMachine, set: PlaceSet): Uint32Array<ArrayBuffer> {
    const mask = new Uint32Array(this.words);
    const path: PlaceSet[] = [set];
    const count = this.#bytes.length;
    for (let node = 0; node < count;) {
      const depth = this.#depths[node] as number;
      const next = machine.step(path[depth] as PlaceSet, this.#bytes[node] as number);
      if (next === null) {
        node = this.#ends[node] as number;
        continue;
      }
      path[depth + 1] = next;
      this.#allow(mask, node);
      node += 1;
    }
    return mask;
  }

  #allow(mask: Uint32Array, node: number): void {
    // Nodes are numbered as tokens are sorted: the first of a node's tokens ends at it, or none.
    const last = this.#firsts[node + 1] as number;
    for (let at = this.#firsts[node] as number; at < last; at++) {
      const id = this.#tokens[at] as number;
      const word = id >>> 5;
      mask[word] = ((mask[word] as number) | (1 << (id & 31))) >>> 0;
    }
  }
}
