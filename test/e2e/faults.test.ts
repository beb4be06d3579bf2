// A fixed part of the matrix that `npm run faults` plays in full: real scheduler, agent,
// nats-server and Slurm, hit in the middle of a run. Each scenario has a mesh of its own.

import { afterAll, describe, expect, test } from "vitest";
import { missingSlurmPrograms } from "../../deploy/test-clusters/slurm/slurm-cluster.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { nameOf, playScenario, type Scenario } from "./faults.ts";

const SUBSET: readonly Scenario[] = [
  { log: "embedded", target: "agent", how: "kill", when: "after-accept" },
  { log: "embedded", target: "scheduler", how: "kill", when: "before-accept" },
  { log: "embedded", target: "slurmctld", how: "kill", when: "after-accept" },
  { log: "jetstream", target: "nats-server", how: "kill", when: "running" },
  { log: "jetstream", target: "agent", how: "kill", when: "before-accept" },
  { log: "jetstream", target: "slurmctld", how: "pause", when: "before-accept" },
];
/** Shorter than in the full matrix; still longer than Slurm's MessageTimeout here. */
const PAUSE_MS = 4_000;

const noSlurm = missingSlurmPrograms().length > 0;
const noNats = natsServerHere() === null;

describe("whatever dies in the middle of a run, it succeeds and each attempt runs once", () => {
  let landed = 0;
  let played = 0;
  for (const scenario of SUBSET) {
    const absent = noSlurm || (scenario.log === "jetstream" && noNats);
    test.skipIf(absent)(nameOf(scenario), { timeout: 120_000 }, async () => {
      const verdict = await playScenario(scenario, PAUSE_MS);
      expect(verdict.problems).toEqual([]);
      played += 1;
      if (verdict.betweenIntentAndBind) landed += 1;
    });
  }
  afterAll(() => {
    if (played > 1) expect(landed, "faults that landed between intent and bind").toBeGreaterThan(0);
  });
});
