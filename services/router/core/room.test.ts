// The room that is counted is the room that pick() finds.

import fc from "fast-check";
import { expect, test } from "vitest";
import { FLEET_DEFAULTS, newFleet, onDispatched, onWorkerGone, onWorkerUp, pick } from "./fleet.ts";
import type { Wish } from "./fleet.ts";
import { roomOf } from "./room.ts";

const WISH: Wish = {
  ...{ model: "m", promptTokens: 4, outputTokensExpected: 8, prefix: [], session: null },
  ...{ classId: null, exclude: new Set<string>(), priority: "normal" as const },
  needs: { resume: false, masks: false },
};

test("as many as are counted are placed, and then no more", () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(sizes, fc.nat(40), (workers, sent) => {
      const fleet = newFleet(FLEET_DEFAULTS, 1, 0);
      for (const [at, sequencesMax] of workers.entries()) {
        onWorkerUp(
          fleet,
          {
            ...{ key: `w${at}`, model: "m", classId: "c", sequencesMax, blocks: 1_000 },
            ...{ blockTokens: 16, resume: true, masks: true, isCrossable: false },
          },
          0,
        );
      }
      for (let i = 0; i < sent; i++) {
        const room = roomOf(fleet, "m", 1_000, 0);
        const choice = pick(fleet, WISH, 0);
        expect(roomOf(fleet, "m", 1, 0)).toBe(Math.min(1, room ?? 0));
        expect(choice.kind === "worker").toBe((room ?? 0) > 0);
        if (choice.kind === "worker") onDispatched(fleet, choice.key, `r${i}`, WISH, 0);
      }
      for (const at of workers.keys()) onWorkerGone(fleet, `w${at}`, 0);
      expect(roomOf(fleet, "m", 1, 0)).toBeNull();
    }),
    { numRuns: 50 },
  );
});
