// The short, fixed version of `npm run chaos -- streams`: each fault once, on the real engine.

import { describe, expect, test } from "vitest";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { FAULTS, streamsUnderFaults } from "./streams.ts";

const SEED = 20_261_122;

describe.skipIf(WHY_NO_ADDON !== null)(`streams under faults (${WHY_NO_ADDON ?? "built"})`, () => {
  test(
    "every fault hits streams, and no client loses, repeats or sees another token",
    async () => {
      const env = { ...process.env, SIGNALBOX_ENGINE: await builtAddon() };
      const names = FAULTS.map(({ name }) => name);
      const result = await streamsUnderFaults({
        ...{ rounds: names.length, seed: SEED, faults: names, env, say: () => {} },
      });
      expect(result.failures).toEqual([]);
      for (const [name, tally] of Object.entries(result.faults)) {
        expect(tally, name).toMatchObject({
          rounds: 1,
          lost: 0,
          repeated: 0,
          changed: 0,
          errors: 0,
        });
        expect(tally.hit, name).toBeGreaterThan(0);
      }
    },
    BUILD_MS_MAX,
  );
});
