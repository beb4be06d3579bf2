// Random lives of a fleet: whatever happens in whatever order, nothing leaks, and nobody is picked
// who must not be.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { MODEL, progressOf, specOf, wishOf } from "./fleet.fixture.ts";
import { FLEET_DEFAULTS, newFleet, onConfirmed, onDispatched, onEnded } from "./fleet.ts";
import { onFirstTokens, onProgress, onTick, onTokens, onWorkerGone, onWorkerUp } from "./fleet.ts";
import { pick, POLICIES } from "./fleet.ts";
import type { Outcome, Wish } from "./fleet.ts";
import { checkInvariants } from "./invariants.ts";

const OUTCOMES: readonly Outcome[] = [
  ...(["ok", "client_gone", "request_fault", "backpressure", "worker_fault"] as const),
];
const STATES = ["ready", "ready", "ready", "draining", "failed"] as const;

function play(seed: number, steps: number): void {
  const random = seededRandom(seed);
  const oneOf = <T>(items: readonly T[]): T => items[randomInt(random, items.length)] as T;
  const policy = oneOf(POLICIES);
  const options = { ...FLEET_DEFAULTS, policy, prefixBlocksMax: 20, sessionsMax: 3 };
  const fleet = newFleet(options, seed, 0);
  const live = new Set<string>();
  let nowMs = 0;
  let count = 0;
  const wish = (): Wish =>
    wishOf({
      ...{ model: oneOf([MODEL, MODEL, "n"]), promptTokens: randomInt(random, 3_000) },
      prefix: Array.from({ length: randomInt(random, 8) }, (_, i) => BigInt(i + (seed % 2))),
      session: oneOf([null, "a", "b", "c", "d"]),
      ...{ classId: oneOf([null, null, "c", "d"]), exclude: new Set([oneOf(["w0", "w1", ""])]) },
      ...{ needs: { resume: random.next() < 0.2, masks: random.next() < 0.2 } },
      priority: oneOf(["critical", "normal", "bulk"]),
    });
  const send = (): void => {
    const asked = wish();
    const choice = pick(fleet, asked, nowMs);
    if (choice.kind === "refused") {
      expect(choice.retryAfterMs).toBeGreaterThan(0);
      return;
    }
    const worker = fleet.workers.get(choice.key);
    if (worker === undefined) throw new Error(`${choice.key} is gone`);
    expect(asked.exclude.has(choice.key)).toBe(false);
    expect(worker.spec.model).toBe(asked.model);
    expect(worker.progress?.state ?? "ready").toBe("ready");
    expect(["hung", "dead"]).not.toContain(worker.health.kind);
    expect([null, worker.spec.classId].includes(asked.classId) || worker.spec.isCrossable).toBe(
      true,
    );
    expect(worker.spec.masks || !asked.needs.masks).toBe(true);
    expect(worker.spec.resume || !asked.needs.resume).toBe(true);
    const id = `r${count++}`;
    onDispatched(fleet, choice.key, id, asked, nowMs);
    live.add(id);
  };
  for (let step = 0; step < steps; step++) {
    const dice = random.next();
    const key = `w${randomInt(random, 5)}`;
    const id = oneOf([...live]);
    if (dice < 0.08) {
      const traits = { masks: random.next() < 0.7, isCrossable: random.next() < 0.3 };
      const model = random.next() < 0.8 ? MODEL : "n";
      onWorkerUp(
        fleet,
        specOf(key, { ...traits, model, classId: oneOf(["c", "d"]), sequencesMax: 4 }),
        nowMs,
      );
    } else if (dice < 0.1)
      for (const orphan of onWorkerGone(fleet, key, nowMs)) live.delete(orphan);
    else if (dice < 0.3) {
      const dispatched = fleet.workers.get(key)?.dispatched ?? 0;
      const report = {
        ...{ seen: randomInt(random, dispatched + 3), state: oneOf(STATES) },
        ...{ engineStep: randomInt(random, 3), running: randomInt(random, 3) },
        loopLagMs: random.next() < 0.02 ? 2_000 : 0,
      };
      onProgress(fleet, key, progressOf(step, report), nowMs);
    } else if (dice < 0.35) onTick(fleet, nowMs);
    else if (dice < 0.37) onConfirmed(fleet, key, random.next() < 0.5, nowMs);
    else if (dice < 0.65) send();
    else if (dice < 0.75) onFirstTokens(fleet, id, { count: 1, cachedTokens: 32 }, nowMs);
    else if (dice < 0.8) onTokens(fleet, id, 2, nowMs);
    else if (live.size > 0) {
      onEnded(fleet, id, oneOf(OUTCOMES), nowMs);
      live.delete(id);
    }
    nowMs += randomInt(random, oneOf([10, 300, 8_000]));
    checkInvariants(fleet, nowMs);
    expect(fleet.tickets.size).toBe(live.size);
  }
  for (const id of live) onEnded(fleet, id, oneOf(OUTCOMES), nowMs);
  checkInvariants(fleet, nowMs);
  expect(fleet.tickets.size).toBe(0);
  for (const worker of fleet.workers.values()) {
    const left = [worker.inFlight.size, worker.awaiting.size, worker.unseen.size];
    const sums = [worker.inFlightBlocks, worker.awaitingTokens, worker.unseenTokens];
    expect([...left, ...sums, worker.unseenBlocks]).toEqual([0, 0, 0, 0, 0, 0, 0]);
  }
}

test("nothing leaks, too many are not ejected, and no wrong worker is picked", () => {
  fc.assert(fc.property(fc.integer({ min: 0 }), fc.integer({ min: 20, max: 200 }), play), {
    numRuns: 150,
  });
}, 60_000);
