// The blocks of a simulated cache: 32 tokens each, shared by prefixes, the longest unused dropped
// first.
//
//   C1. A block is owned by some sequences, or free; a free one may still hold a prefix.
//   C2. Only full blocks are found again, by the hash of all tokens up to their end.

import type { KvEvent, TokenIds } from "../engine.ts";
import { extendHash, firstHash, keyOf, type PrefixHash } from "./prefix-hash.ts";

export const BLOCK_TOKENS = 32;
/** Events kept for who asks from an earlier one. */
const EVENTS_MAX = 4096;

interface Block {
  readonly id: number;
  owners: number;
  /** Of a prefix that can be found; null: none. */
  key: number | null;
  parent: number | null;
  tokenIds: readonly number[];
}

export class SimulatedCache {
  readonly #blocks: readonly Block[];
  readonly #reuse: boolean;
  /** Free blocks, the first to be taken first. */
  readonly #free = new Set<Block>();
  readonly #byKey = new Map<number, Block>();
  readonly #events: KvEvent[] = [];
  #nextEvent = 1;

  constructor(blocks: number, reuse: boolean) {
    this.#blocks = Array.from({ length: blocks }, (_, id) => ({
      ...{ id, owners: 0, key: null, parent: null, tokenIds: [] },
    }));
    this.#reuse = reuse;
    for (const block of this.#blocks) this.#free.add(block);
  }

  get size(): number {
    return this.#blocks.length;
  }

  get free(): number {
    return this.#free.size;
  }

  get cached(): number {
    let count = 0;
    for (const block of this.#free) if (block.key !== null) count += 1;
    return count;
  }

  get eventNext(): number {
    return this.#nextEvent;
  }

  /** A table with the cached blocks that `tokens` begins with, without the last token's. */
  open(tokens: TokenIds, salt: string): BlockTable {
    const table = new BlockTable(this, salt);
    if (!this.#reuse) return table;
    for (let end = BLOCK_TOKENS; end < tokens.length; end += BLOCK_TOKENS) {
      const hash = hashBlock(table.hash, tokens, end - BLOCK_TOKENS);
      const block = this.#byKey.get(keyOf(hash));
      if (block === undefined) break;
      this.#own(block);
      table.adopt(block.id, hash);
    }
    return table;
  }

  /** A block for a sequence alone, or null when every one is owned. */
  take(): number | null {
    const [block] = this.#free;
    if (block === undefined) return null;
    if (block.key !== null) this.#forget(block);
    this.#own(block);
    return block.id;
  }

  /** The block is full: from now on it can be found, unless another holds the same. */
  keep(id: number, hash: PrefixHash, parent: PrefixHash | null, tokenIds: readonly number[]): void {
    const block = this.#blocks[id];
    const key = keyOf(hash);
    if (!this.#reuse || block === undefined || this.#byKey.has(key)) return;
    Object.assign(block, { key, parent: parent === null ? null : keyOf(parent), tokenIds });
    this.#byKey.set(key, block);
    this.#tell("stored", block);
  }

  /** The deepest first: of a prefix its end goes before its beginning. */
  release(ids: readonly number[]): void {
    for (const id of ids.toReversed()) {
      const block = this.#blocks[id];
      if (block === undefined) continue;
      block.owners -= 1;
      if (block.owners === 0) this.#free.add(block);
    }
  }

  /** Forgets what no sequence uses. */
  clear(): void {
    const unused = [...this.#free].filter((block) => block.key !== null);
    if (unused.length === 0) return;
    for (const block of unused) this.#unlist(block);
    this.#tell("cleared", null);
    for (const block of this.#byKey.values()) this.#tell("stored", block);
  }

  events(from: number): readonly KvEvent[] {
    const first = this.#nextEvent - this.#events.length;
    if (from >= first && from <= this.#nextEvent) return this.#events.slice(from - first);
    const sequence = this.#nextEvent - 1;
    const cleared: KvEvent = {
      ...{ sequence, kind: "cleared", hash: 0n },
      parent: null,
      tokenIds: [],
    };
    return [cleared, ...[...this.#byKey.values()].map((it) => eventOf(sequence, "stored", it))];
  }

  #own(block: Block): void {
    block.owners += 1;
    this.#free.delete(block);
  }

  #forget(block: Block): void {
    this.#tell("removed", block);
    this.#unlist(block);
  }

  #unlist(block: Block): void {
    if (block.key !== null) this.#byKey.delete(block.key);
    Object.assign(block, { key: null, parent: null, tokenIds: [] });
  }

  #tell(kind: KvEvent["kind"], block: Block | null): void {
    this.#events.push(eventOf(this.#nextEvent++, kind, block));
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
  }
}

/** The blocks of one sequence, in order of positions. */
export class BlockTable {
  readonly #cache: SimulatedCache;
  readonly #ids: number[] = [];
  #hash: PrefixHash;
  /** Tokens of the blocks that are full. */
  #kept = 0;

  constructor(cache: SimulatedCache, salt: string) {
    this.#cache = cache;
    this.#hash = firstHash(0, salt);
  }

  /** Of the full blocks. */
  get hash(): PrefixHash {
    return this.#hash;
  }

  get cachedTokens(): number {
    return this.#kept;
  }

  /** A full block that was found. */
  adopt(id: number, hash: PrefixHash): void {
    this.#ids.push(id);
    this.#hash = hash;
    this.#kept += BLOCK_TOKENS;
  }

  /** Room for `tokens` in all; false when no block is free, and then the room is as it was. */
  reserve(tokens: number): boolean {
    const before = this.#ids.length;
    while (this.#ids.length * BLOCK_TOKENS < tokens) {
      const id = this.#cache.take();
      if (id === null) {
        this.#cache.release(this.#ids.splice(before));
        return false;
      }
      this.#ids.push(id);
    }
    return true;
  }

  /** `computed` of `tokens` are in the blocks now. */
  fill(tokens: readonly number[], computed: number): void {
    while (this.#kept + BLOCK_TOKENS <= computed) {
      const parent = this.#kept === 0 ? null : this.#hash;
      const block = tokens.slice(this.#kept, this.#kept + BLOCK_TOKENS);
      this.#hash = hashBlock(this.#hash, tokens, this.#kept);
      this.#cache.keep(this.#ids[this.#kept / BLOCK_TOKENS] ?? -1, this.#hash, parent, block);
      this.#kept += BLOCK_TOKENS;
    }
  }

  close(): void {
    this.#cache.release(this.#ids.splice(0));
  }
}

function hashBlock(before: PrefixHash, tokens: TokenIds, from: number): PrefixHash {
  let hash = before;
  for (let i = from; i < from + BLOCK_TOKENS; i++) hash = extendHash(hash, tokens[i] ?? -1);
  return hash;
}

function eventOf(sequence: number, kind: KvEvent["kind"], block: Block | null): KvEvent {
  return {
    sequence,
    kind,
    hash: BigInt(block?.key ?? 0),
    parent: block?.parent == null ? null : BigInt(block.parent),
    tokenIds: kind === "stored" ? (block?.tokenIds ?? []) : [],
  };
}
