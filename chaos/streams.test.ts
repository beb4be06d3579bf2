// The short, fixed version of `npm run chaos -- streams`: faults that fit into continuous
// integration, once each, on the real engine.

import { describe, expect, test } from "vitest";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { FAULTS } from "./faults.ts";
import { KINDS } from "./stories.ts";
import { streamsUnderFaults } from "./streams.ts";

const SEED = 20_261_122;
/** The others want fleets of their own: slower to start than to break. */
const FLEETS = new Set(["plain", "two-ranks", "small-disk"]);
/** Ten times as slow for seconds. */
const LONG = new Set(["slow"]);

describe.skipIf(WHY_NO_ADDON !== null)(`streams under faults (${WHY_NO_ADDON ?? "built"})`, () => {
  test(
    "each hits streams, and no client loses, repeats or sees another token",
    async () => {
      const env = { ...process.env, SIGNALBOX_ENGINE: await builtAddon() };
      const short = FAULTS.filter(({ name, fleet }) => FLEETS.has(fleet) && !LONG.has(name));
      const faults = short.filter(({ whyNot }) => whyNot() === null).map(({ name }) => name);
      const said: string[] = [];
      const result = await streamsUnderFaults({
        ...{ rounds: faults.length, seed: SEED, faults, env, journal: null },
        ...{ storiesPerKind: 1, signal: new AbortController().signal },
        say: (line) => void said.push(line),
      });
      expect(result.failures, said.join("\n")).toEqual([]);
      expect(Object.keys(result.faults).toSorted()).toEqual(faults.toSorted());
      for (const [name, tally] of Object.entries(result.faults)) {
        const clean = { rounds: 1, lost: 0, repeated: 0, changed: 0, errors: 0 };
        expect(tally, name).toMatchObject(clean);
        expect(tally.hit, name).toBeGreaterThan(0);
      }
      expect(Object.keys(result.kinds)).toEqual([...KINDS]);
    },
    BUILD_MS_MAX,
  );
});
