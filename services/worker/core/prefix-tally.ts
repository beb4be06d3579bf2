// Which prefixes of prompts come again and again, in whole blocks of the engine's cache: what a
// worker that is started again does well to have computed before somebody asks.
//
// Pure. Owned by the state directory's thread (../state-thread.ts).
//
//   T1. A block stands below the block before it and below its prompt's salt, by its token ids
//       themselves: nobody's prefix is taken for another's.
//   T2. A block has been used at least as often, and as lately, as any block below it; so taking
//       the least used away, and picking the most used, never parts a block from those before it.
//   T3. There are at most `blocksMax` blocks. Uses are halved every AGE_PROMPTS prompts, and what
//       nobody uses any more is forgotten.

import assert from "node:assert/strict";
import type { WarmRow } from "#shared/base/worker-state.ts";

/** Of the engine's cache (native/kv). */
const BLOCK_TOKENS = 32;
const AGE_PROMPTS = 4_096;
/** Once is no habit. */
const USES_MIN = 2;
/** Taken away at once when it is full: an eighth of all, so that sorting them is rare. */
const TRIM_SHARE = 8;

interface Block {
  readonly above: Block | null;
  readonly salt: string;
  readonly ids: string;
  readonly depth: number;
  readonly below: Map<string, Block>;
  uses: number;
  /** The number of the last prompt that used it. */
  last: number;
}

export interface PrefixTally {
  readonly blocksMax: number;
  readonly roots: Map<string, Map<string, Block>>;
  blocks: number;
  prompts: number;
}

/** One path of whole blocks from its beginning. */
export interface Prefix {
  readonly salt: string;
  readonly tokenIds: readonly number[];
  /** So many of its first blocks are those of prefixes before it in the list. */
  readonly shared: number;
}

export function createPrefixTally(blocksMax: number): PrefixTally {
  return { blocksMax, roots: new Map(), blocks: 0, prompts: 0 };
}

/** Of a prompt longer than the tally is large the beginning counts. */
export function onPrompt(tally: PrefixTally, salt: string, prompt: ArrayLike<number>): void {
  tally.prompts += 1;
  const blocks = Math.min(Math.floor(prompt.length / BLOCK_TOKENS), tally.blocksMax);
  let above: Block | null = null;
  for (let at = 0; at < blocks; at++) {
    const ids = Array.prototype.slice.call(prompt, at * BLOCK_TOKENS, (at + 1) * BLOCK_TOKENS);
    const block = blockAt(tally, salt, above, ids.join(","));
    block.uses += 1;
    block.last = tally.prompts;
    above = block;
  }
  if (tally.prompts % AGE_PROMPTS === 0) age(tally);
  if (tally.blocks > tally.blocksMax) trim(tally);
}

/** The most used blocks as whole prefixes, the most used prefix first; at most `blocksMax` blocks. */
export function hottestPrefixes(tally: PrefixTally, blocksMax: number): Prefix[] {
  const picked = pick(tally, blocksMax);
  const inner = new Set([...picked].map((it) => it.above));
  const listed = new Set<Block>();
  return [...picked].filter((it) => !inner.has(it)).map((leaf) => prefixOf(leaf, listed));
}

/** What restorePrefixes() takes. */
export function encodePrefixes(tally: PrefixTally, blocksMax: number): WarmRow["salts"] {
  const picked = pick(tally, blocksMax);
  const salts = new Map<string, [number, number, string][]>();
  for (const block of blocksOf(tally)) {
    if (!picked.has(block)) continue;
    const { salt, depth, uses, ids } = block;
    const blocks = salts.get(salt) ?? [];
    salts.set(salt, blocks);
    blocks.push([depth, uses, ids]);
  }
  return [...salts].map(([salt, blocks]) => ({ salt, blocks }));
}

export function restorePrefixes(tally: PrefixTally, salts: WarmRow["salts"]): void {
  for (const { salt, blocks } of salts) {
    const path: Block[] = [];
    for (const [depth, uses, ids] of blocks) {
      assert(depth <= path.length, "parents come first");
      path.length = depth;
      const block = blockAt(tally, salt, path.at(-1) ?? null, ids);
      block.uses += uses;
      path.push(block);
    }
  }
  if (tally.blocks > tally.blocksMax) trim(tally);
}

function blockAt(tally: PrefixTally, salt: string, above: Block | null, ids: string): Block {
  let level = above?.below ?? tally.roots.get(salt);
  if (level === undefined) tally.roots.set(salt, (level = new Map<string, Block>()));
  const known = level.get(ids);
  if (known !== undefined) return known;
  const depth = above === null ? 0 : above.depth + 1;
  const block = { above, salt, ids, depth, below: new Map<string, Block>(), uses: 0, last: 0 };
  level.set(ids, block);
  tally.blocks += 1;
  return block;
}

/** Each with all below it behind it, before the next one beside it. */
function* blocksOf(tally: PrefixTally): Generator<Block, void, void> {
  const left = [...tally.roots.values()].flatMap((it) => [...it.values()]);
  for (let block = left.pop(); block !== undefined; block = left.pop()) {
    left.push(...block.below.values());
    yield block;
  }
}

/** The most used first; a block before those below it (T2). */
function byUse(a: Block, b: Block): number {
  return b.uses - a.uses || b.last - a.last || a.depth - b.depth;
}

/** In the order of byUse(). */
function pick(tally: PrefixTally, blocksMax: number): Set<Block> {
  const habits = [...blocksOf(tally)].filter((it) => it.uses >= USES_MIN);
  return new Set(habits.toSorted(byUse).slice(0, blocksMax));
}

function age(tally: PrefixTally): void {
  for (const block of [...blocksOf(tally)]) {
    block.uses = Math.floor(block.uses / 2);
    if (block.uses === 0) forget(tally, block);
  }
}

function trim(tally: PrefixTally): void {
  const all = [...blocksOf(tally)].toSorted(byUse);
  const kept = tally.blocksMax - Math.floor(tally.blocksMax / TRIM_SHARE);
  for (const block of all.slice(kept)) forget(tally, block);
}

function forget(tally: PrefixTally, block: Block): void {
  const level = block.above?.below ?? tally.roots.get(block.salt);
  if (level?.delete(block.ids) === true) tally.blocks -= 1;
  if (block.above === null && level?.size === 0) tally.roots.delete(block.salt);
}

function prefixOf(leaf: Block, listed: Set<Block>): Prefix {
  const path: Block[] = [];
  for (let at: Block | null = leaf; at !== null; at = at.above) path.push(at);
  path.reverse();
  const shared = path.findIndex((it) => !listed.has(it));
  for (const it of path) listed.add(it);
  const tokenIds = path.flatMap((it) => it.ids.split(",").map(Number));
  return { salt: leaf.salt, tokenIds, shared };
}

/** For tests. */
export function checkInvariants(tally: PrefixTally): void {
  let blocks = 0;
  for (const { above, uses, last } of blocksOf(tally)) {
    blocks += 1;
    assert(above === null || (above.uses >= uses && above.last >= last), "T2");
  }
  assert.equal(tally.blocks, blocks);
  assert(blocks <= tally.blocksMax, "T3");
}
