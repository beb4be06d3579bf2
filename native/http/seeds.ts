// Seeds for servers whose generator begins anew with every call.

/**
 * `seed` for what is drawn from output `index` on: another one at every index, for a generator that
 * begins anew with the same seed would draw the same numbers again. 32 bits, never all ones, which
 * llama.cpp takes for "any".
 */
export function seedAt(seed: number, index: number): number {
  let hash = 0x9e3779b9;
  for (const word of [seed >>> 0, Math.floor(seed / 2 ** 32), index]) {
    hash = Math.imul(hash ^ word, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return Math.min(hash >>> 0, 0xffff_fffe);
}
