// Random worlds: faults, crashes at any wish, lost journals. Whatever happens, no attempt is in the
// queue twice, none ends without having ended, and every one ends.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomInt } from "#shared/base/prng.ts";
import { SimulatedCluster, specOf } from "./simulated-cluster.fixture.ts";

const ATTEMPTS = 4;

function play(seed: number, steps: number, loseJournals: boolean): SimulatedCluster {
  const cluster = new SimulatedCluster(seed);
  const { random } = cluster;
  let placed = 0;
  for (let step = 0; step < steps; step++) {
    const dice = random.next();
    if (dice < 0.04 && placed < ATTEMPTS) {
      const timeoutMs = random.next() < 0.3 ? 40_000 : null;
      cluster.place(specOf(placed++, { timeoutMs }));
    } else if (dice < 0.06 && placed > 0) {
      cluster.cancel(specOf(randomInt(random, placed)).token);
    } else if (dice < 0.08) cluster.crash(loseJournals && random.next() < 0.3);
    else if (dice < 0.1) cluster.cut();
    else if (dice < 0.2) cluster.link();
    else if (dice < 0.3) cluster.progress();
    else if (dice < 0.4) cluster.advance(randomInt(random, 8_000));
    else if (dice < 0.45) cluster.sleep();
    else cluster.complete();
  }
  cluster.settle();
  return cluster;
}

test("no attempt runs twice, none is lost, every end is true", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), fc.integer({ min: 50, max: 600 }), (seed, steps) => {
      const cluster = play(seed, steps, false);
      expect(cluster.problems).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);

test("the same when the journal is deleted now and then", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0 }), fc.integer({ min: 50, max: 600 }), (seed, steps) => {
      const cluster = play(seed, steps, true);
      expect(cluster.problems).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 60_000);
