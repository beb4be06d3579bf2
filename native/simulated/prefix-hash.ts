// A running hash of token ids, in two lanes of 32 bits: what a simulated model remembers of its
// context, and what its prefix cache knows a block by.

export interface PrefixHash {
  readonly a: number;
  readonly b: number;
}

/** Same seed, same hashes, everywhere. `salt` keeps tenants apart. */
export function firstHash(seed: number, salt: string): PrefixHash {
  let hash: PrefixHash = { a: 0x9e3779b9, b: 0x85ebca6b };
  hash = extendHash(hash, seed | 0);
  hash = extendHash(hash, Math.floor(seed / 2 ** 32) | 0);
  for (const unit of Buffer.from(salt)) hash = extendHash(hash, unit);
  return hash;
}

export function extendHash({ a, b }: PrefixHash, value: number): PrefixHash {
  const nextA = Math.imul(a ^ value, 0x01000193) + ((b << 13) | (b >>> 19));
  const nextB = Math.imul(b + value + 0x7f4a7c15, 0x5bd1e995) ^ (a >>> 15);
  return { a: nextA | 0, b: nextB | 0 };
}

/** Uniform in [0, 1), another for every `index`. */
export function uniformOf({ a, b }: PrefixHash, index: number): number {
  const high = scramble(Math.imul(a, 0x2545f491) ^ Math.imul(index + 1, 0x9e3779b1));
  const low = scramble(high ^ b ^ Math.imul(index + 0x632be5ab, 0x85ebca77));
  return (high >>> 5) / 2 ** 27 + (low >>> 6) / 2 ** 53;
}

/** One number below 2^53, as a key. */
export function keyOf({ a, b }: PrefixHash): number {
  return (scramble(a ^ b) >>> 11) * 2 ** 32 + (scramble(b) >>> 0);
}

/** The last steps of MurmurHash3. */
function scramble(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
