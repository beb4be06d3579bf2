// Consistent hashing: each worker stands at many places of a ring, a key belongs to the first
// worker after its own place. One worker more or less moves only its own share of the keys.

import { fnv1a } from "#shared/base/hash.ts";

export interface HashRing<W> {
  /** Ascending; `owners[i]` stands at `places[i]`. */
  readonly places: Uint32Array;
  readonly owners: readonly W[];
}

export function newHashRing<W extends { readonly key: string }>(
  workers: readonly W[],
  virtualNodes: number,
): HashRing<W> {
  const nodes = workers.flatMap((worker) =>
    Array.from({ length: virtualNodes }, (_, i) => ({
      place: placeOf(`${worker.key}#${i}`),
      worker,
    })),
  );
  // By key where two places are one: every router builds the same ring.
  nodes.sort((a, b) => a.place - b.place || (a.worker.key < b.worker.key ? -1 : 1));
  return {
    places: Uint32Array.from(nodes, (node) => node.place),
    owners: nodes.map((node) => node.worker),
  };
}

/** The first worker from `key` on that `accepts`; null when none does. */
export function ownerOf<W>(
  ring: HashRing<W>,
  key: string,
  accepts: (worker: W) => boolean,
): W | null {
  const { places, owners } = ring;
  const place = placeOf(key);
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) < place) low = middle + 1;
    else high = middle;
  }
  let refused: W | null = null;
  for (let step = 0; step < owners.length; step++) {
    const owner = owners[(low + step) % owners.length];
    if (owner === undefined || owner === refused) continue;
    if (accepts(owner)) return owner;
    refused = owner;
  }
  return null;
}

/** FNV-1a leaves neighbours near each other; the finish of MurmurHash3 spreads them. */
function placeOf(text: string): number {
  let hash = fnv1a(text);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
