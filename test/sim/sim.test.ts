// Some hundred worlds with every test run, other ones with every commit; and each protection, taken
// out, is missed. `npm run sim -- --seeds 2000` plays more (README.md).

import { expect, test } from "vitest";
import { seedOfCommit } from "./commit-seed.ts";
import { FULL_COVERAGE_SEEDS, missedFaults, playSeeds } from "./play-seeds.ts";
import { MUTANTS } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";
import { runWorld } from "./world.ts";

const SEEDS = 300;
/** From its seed in README.md on each mutant shows within this many worlds. */
const MUTANT_SEEDS = 800;
/** The seeds of README.md. */
const FIRST_SEEDS: Record<Mutant, number> = {
  "no-adopt": 1,
  "no-claim": 89,
  "no-epoch-check": 101,
  "ack-before-commit": 3,
  "ack-before-flush": 2,
  "silence-ends": 1,
};

test(`${SEEDS} worlds of this commit hold every invariant, and every kind of fault strikes`, async () => {
  const firstSeed = seedOfCommit();
  process.stdout.write(`simulation: seeds ${firstSeed} to ${firstSeed + SEEDS - 1}\n`);
  const { failure, faultsHit, seeds } = await playSeeds({ firstSeed, seeds: SEEDS, mutant: null });
  const said = failure === null ? "" : `seed ${failure.seed}\n${failure.trace.join("\n")}`;
  expect(failure?.violation ?? null, said).toBeNull();
  expect(seeds).toBe(SEEDS);
  expect(SEEDS).toBeGreaterThanOrEqual(FULL_COVERAGE_SEEDS);
  expect(missedFaults(faultsHit)).toEqual([]);
}, 240_000);

test.each(Object.keys(MUTANTS) as Mutant[])(
  "without its protection a world fails: %s",
  async (mutant) => {
    const firstSeed = FIRST_SEEDS[mutant];
    const { failure } = await playSeeds({ firstSeed, seeds: MUTANT_SEEDS, mutant });
    expect(failure?.violation ?? null).not.toBeNull();
  },
  120_000,
);

test("one seed is one history", async () => {
  const once = async (): Promise<string> => {
    const { trace, steps } = await runWorld({ seed: 7, mutant: null, trace: true });
    // A journal's name is the one thing drawn elsewhere.
    const names = /[0-9a-f]{8}-[0-9a-f-]{27}/g;
    return `${steps}\n${trace.join("\n").replaceAll(names, "journal")}`;
  };
  expect(await once()).toBe(await once());
});
