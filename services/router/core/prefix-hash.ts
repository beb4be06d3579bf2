// Names for the beginnings of prompts: one 64-bit hash for each whole block of tokens, chained, so
// that equal hashes mean equal prompts up to there. For affinity only: a worker finds its cached
// blocks by its own hashes and compares tokens, so a collision here costs a bad guess and no more.

/** Of the hashes, whatever a worker's own blocks hold. */
export const PREFIX_BLOCK_TOKENS = 32;

/** Hashes of the whole blocks of `ids`, first to last. Requests with another salt share none. */
export function prefixHashes(ids: ArrayLike<number>, salt: string): bigint[] {
  const blocks = Math.floor(ids.length / PREFIX_BLOCK_TOKENS);
  const hashes: bigint[] = [];
  const lanes = new Uint32Array(2);
  const whole = new BigUint64Array(lanes.buffer);
  let low = 0x9e3779b9;
  let high = 0x243f6a88;
  for (let i = 0; i < salt.length; i++) {
    low = mixed(low ^ salt.charCodeAt(i));
    high = mixed(high ^ low);
  }
  for (let block = 0; block < blocks; block++) {
    const from = block * PREFIX_BLOCK_TOKENS;
    // Two lanes of MurmurHash3's body over the same ids with different constants.
    for (let i = from; i < from + PREFIX_BLOCK_TOKENS; i++) {
      const id = ids[i] ?? 0;
      const a = Math.imul(id, 0xcc9e2d51);
      low ^= Math.imul((a << 15) | (a >>> 17), 0x1b873593);
      low = (Math.imul((low << 13) | (low >>> 19), 5) + 0xe6546b64) | 0;
      const b = Math.imul(id, 0x239b961b);
      high ^= Math.imul((b << 16) | (b >>> 16), 0x38b34ae5);
      high = (Math.imul((high << 15) | (high >>> 17), 5) + 0x561ccd1b) | 0;
    }
    low = mixed(low ^ high);
    high = mixed(high ^ low);
    lanes[0] = low;
    lanes[1] = high;
    hashes.push(whole[0] ?? 0n);
  }
  return hashes;
}

/** The finish of MurmurHash3: every bit reaches every bit. */
function mixed(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
