// Which worker was sent which blocks of prompts: the router's own guess at who has them cached.
// What is not sent for long is forgotten, by generations: a block moves to the young one when it is
// sent, and when that has half of all there may be, the old one is dropped. No block is ever
// deleted for being sent again, so a hot prefix costs a look and no more.
//
//   H1. At most `blocksMax` blocks are remembered; the half of them that was sent last is.
//   H2. At most `holdersMax` workers are remembered for one block, the latest first.

import assert from "node:assert/strict";

export interface PrefixHistory<W> {
  readonly blocksMax: number;
  readonly holdersMax: number;
  young: Map<bigint, W[]>;
  old: Map<bigint, W[]>;
}

export function newPrefixHistory<W>(blocksMax: number, holdersMax: number): PrefixHistory<W> {
  assert(blocksMax > 1 && holdersMax > 0);
  return { blocksMax, holdersMax, young: new Map(), old: new Map() };
}

/** How many leading blocks of `prefix` went to `worker` before. */
export function blocksAt<W>(
  history: PrefixHistory<W>,
  prefix: readonly bigint[],
  worker: W,
): number {
  return deepest(prefix, (block) => holdersOf(history, block)?.includes(worker) === true);
}

/**
 * The workers of the deepest block that one with `isAlive` was sent, the latest first: also those
 * that are not alive.
 */
export function deepestHolders<W>(
  history: PrefixHistory<W>,
  prefix: readonly bigint[],
  isAlive: (worker: W) => boolean,
): readonly W[] {
  const depth = deepest(prefix, (block) => holdersOf(history, block)?.some(isAlive) === true);
  const block = prefix[depth - 1];
  return (block === undefined ? undefined : holdersOf(history, block)) ?? [];
}

export function onPrefixSent<W>(
  history: PrefixHistory<W>,
  prefix: readonly bigint[],
  worker: W,
): void {
  for (const block of prefix) {
    let holders = history.young.get(block);
    if (holders === undefined) {
      holders = history.old.get(block) ?? [];
      if (history.young.size >= history.blocksMax >> 1) {
        history.old = history.young;
        history.young = new Map();
      }
      history.young.set(block, holders);
    }
    if (holders[0] === worker) continue;
    const at = holders.indexOf(worker);
    if (at > 0) holders.splice(at, 1);
    holders.unshift(worker);
    if (holders.length > history.holdersMax) holders.pop();
  }
}

/** `worker` has fewer of these blocks than was thought, or none at all. */
export function onPrefixMissed<W>(
  history: PrefixHistory<W>,
  blocks: readonly bigint[],
  worker: W,
): void {
  for (const block of blocks) {
    const holders = holdersOf(history, block);
    const at = holders?.indexOf(worker) ?? -1;
    if (at >= 0) holders?.splice(at, 1);
  }
}

/** Blocks remembered in both generations; one that stands in both counts twice. */
export function blocksKept(history: PrefixHistory<unknown>): number {
  return history.young.size + history.old.size;
}

function holdersOf<W>(history: PrefixHistory<W>, block: bigint): W[] | undefined {
  return history.young.get(block) ?? history.old.get(block);
}

/** A chain is known up to some block and not from there on: so it is searched by halves. */
function deepest(prefix: readonly bigint[], isKnown: (block: bigint) => boolean): number {
  let low = 0;
  let high = prefix.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const block = prefix[middle - 1];
    if (block !== undefined && isKnown(block)) low = middle;
    else high = middle - 1;
  }
  return low;
}
