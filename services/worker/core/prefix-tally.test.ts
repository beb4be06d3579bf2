// The prefixes that are kept are those that came most often, whole, and each under its own salt.

import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkInvariants,
  createPrefixTally,
  encodePrefixes,
  hottestPrefixes,
  onPrompt,
  restorePrefixes,
  type PrefixTally,
} from "./prefix-tally.ts";

/** A block is a letter, 32 times its code. */
const idsOf = (text: string): number[] =>
  Array.from(text).flatMap((letter) => Array.from({ length: 32 }, () => letter.charCodeAt(0)));
const textOf = (ids: readonly number[]): string =>
  ids
    .filter((_, at) => at % 32 === 0)
    .map((id) => String.fromCharCode(id))
    .join("");

function tallied(prompts: readonly (readonly [salt: string, text: string])[], most = 100) {
  const tally = createPrefixTally(most);
  for (const [salt, text] of prompts) onPrompt(tally, salt, idsOf(text));
  return tally;
}

const hot = (tally: PrefixTally, most = 100): string[] =>
  hottestPrefixes(tally, most).map(({ salt, tokenIds, shared }) => {
    return `${salt}:${textOf(tokenIds)}/${shared}`;
  });

test("what came twice is kept, the most used first, and what is shared is said", () => {
  const tally = tallied([
    ...([
      ["", "sysA"],
      ["", "sysA"],
      ["", "sysA"],
      ["", "sysB"],
      ["", "sysB"],
    ] as const),
    ...([
      ["t", "sysA"],
      ["t", "other"],
      ["t", "other"],
    ] as const),
    ["", "once"],
  ]);
  expect(hot(tally)).toEqual([":sysA/0", "t:other/0", ":sysB/3"]);
  expect(hot(tally, 4)).toEqual([":sysA/0"]);
  expect(hot(tally, 2)).toEqual([":sy/0"]);
});

test("a prompt counts by whole blocks, one longer than the tally by its beginning", () => {
  const tally = createPrefixTally(3);
  for (let i = 0; i < 2; i++) {
    onPrompt(tally, "", [...idsOf("ab"), 1, 2, 3]);
    onPrompt(tally, "", Int32Array.from(idsOf("abcdefgh")));
  }
  expect(hot(tally)).toEqual([":abc/0"]);
});

test("what is not used any more is forgotten, whatever came first", () => {
  const tally = createPrefixTally(64);
  for (let i = 0; i < 100; i++) onPrompt(tally, "", idsOf("old"));
  for (let i = 0; i < 9 * 4_096; i++) onPrompt(tally, "", idsOf("new"));
  expect(hot(tally)).toEqual([":new/0"]);
});

test("any prompts: bounded, no block without those before it, and the same after a restart", () => {
  const prompt = fc.tuple(
    fc.constantFrom("", "s", "t"),
    fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 7 }),
  );
  const most = fc.integer({ min: 1, max: 24 });
  fc.assert(
    fc.property(fc.array(prompt, { maxLength: 60 }), most, most, (prompts, held, kept) => {
      const tally = tallied(prompts, held);
      checkInvariants(tally);
      const found = hottestPrefixes(tally, kept);
      const uses = (salt: string, text: string): number =>
        prompts.filter(([s, p]) => s === salt && p.startsWith(text)).length;
      const blocks = new Set<string>();
      for (const { salt, tokenIds, shared } of found) {
        const text = textOf(tokenIds);
        expect(uses(salt, text)).toBeGreaterThan(1);
        let known = 0;
        for (let to = 1; to <= text.length; to++) {
          if (blocks.has(`${salt}:${text.slice(0, to)}`)) known = to;
          blocks.add(`${salt}:${text.slice(0, to)}`);
        }
        expect(shared).toBe(known);
      }
      expect(blocks.size).toBeLessThanOrEqual(kept);
      const again = createPrefixTally(held);
      const row = JSON.parse(JSON.stringify(encodePrefixes(tally, kept)));
      restorePrefixes(again, row);
      checkInvariants(again);
      const setOf = (of: PrefixTally): Set<string> =>
        new Set(
          hottestPrefixes(of, kept).map(({ salt, tokenIds }) => `${salt}:${textOf(tokenIds)}`),
        );
      expect(setOf(again)).toEqual(setOf(tally));
    }),
    { numRuns: 300 },
  );
});
