// Which worker was sent which blocks of prompts: the router's own guess at who has them cached. A
// worker that says how much it had corrects it.
//
//   H1. At most `blocksMax` blocks are remembered; the least recently sent go first.
//   H2. At most `holdersMax` workers are remembered for one block, the latest first.

import assert from "node:assert/strict";

export interface PrefixHistory<W> {
  readonly blocksMax: number;
  readonly holdersMax: number;
  /** In the order in which they were last sent. */
  readonly holders: Map<bigint, W[]>;
}

export function newPrefixHistory<W>(blocksMax: number, holdersMax: number): PrefixHistory<W> {
  assert(blocksMax > 0 && holdersMax > 0);
  return { blocksMax, holdersMax, holders: new Map() };
}

/** How many leading blocks of `prefix` went to `worker` before. */
export function blocksAt<W>(
  history: PrefixHistory<W>,
  prefix: readonly bigint[],
  worker: W,
): number {
  return deepest(prefix, (block) => history.holders.get(block)?.includes(worker) === true);
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
  const { holders } = history;
  const depth = deepest(prefix, (block) => holders.get(block)?.some(isAlive) === true);
  const block = prefix[depth - 1];
  return (block === undefined ? undefined : holders.get(block)) ?? [];
}

export function onPrefixSent<W>(
  history: PrefixHistory<W>,
  prefix: readonly bigint[],
  worker: W,
): void {
  const { holders } = history;
  // Deepest first, so that the first blocks of a prompt are the last of it to be forgotten.
  for (let index = prefix.length - 1; index >= 0; index--) {
    const block = prefix[index];
    assert(block !== undefined);
    const known = holders.get(block);
    if (known === undefined) {
      holders.set(block, [worker]);
      continue;
    }
    holders.delete(block);
    holders.set(block, known);
    if (known[0] === worker) continue;
    const at = known.indexOf(worker);
    if (at > 0) known.splice(at, 1);
    known.unshift(worker);
    if (known.length > history.holdersMax) known.pop();
  }
  for (const block of holders.keys()) {
    if (holders.size <= history.blocksMax) break;
    holders.delete(block);
  }
}

/** `worker` has fewer of these blocks than was thought, or none at all. */
export function onPrefixMissed<W>(
  history: PrefixHistory<W>,
  blocks: readonly bigint[],
  worker: W,
): void {
  for (const block of blocks) {
    const known = history.holders.get(block);
    const at = known?.indexOf(worker) ?? -1;
    if (known === undefined || at < 0) continue;
    known.splice(at, 1);
    if (known.length === 0) history.holders.delete(block);
  }
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
