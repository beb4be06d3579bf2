// Equal hashes are equal beginnings.

import { expect, test } from "vitest";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { PREFIX_BLOCK_TOKENS, prefixHashes } from "./prefix-hash.ts";

const random = seededRandom(3);
const ids = Array.from({ length: 10 * PREFIX_BLOCK_TOKENS + 5 }, () => randomInt(random, 128_000));

test("one hash for each whole block, whatever the array is", () => {
  const hashes = prefixHashes(ids, "");
  expect(hashes.length).toBe(10);
  expect(prefixHashes(Uint32Array.from(ids), "")).toEqual(hashes);
  expect(prefixHashes(ids.slice(0, 96), "")).toEqual(hashes.slice(0, 3));
  expect(prefixHashes([], "")).toEqual([]);
});

test("a chain differs from the first changed token on, and another salt shares nothing", () => {
  const hashes = prefixHashes(ids, "s");
  const changed = prefixHashes(ids.with(100, 1), "s");
  expect(changed.slice(0, 3)).toEqual(hashes.slice(0, 3));
  for (let i = 3; i < 10; i++) expect(changed[i]).not.toBe(hashes[i]);
  const salted = prefixHashes(ids, "t");
  expect(salted.filter((hash) => hashes.includes(hash))).toEqual([]);
});

test("neighbours do not collide", () => {
  const seen = new Set<bigint>();
  const block = new Uint32Array(PREFIX_BLOCK_TOKENS);
  for (let i = 0; i < 20_000; i++) {
    block[i % PREFIX_BLOCK_TOKENS] = i;
    for (const hash of prefixHashes(block, "")) seen.add(hash);
  }
  expect(seen.size).toBe(20_000);
});
