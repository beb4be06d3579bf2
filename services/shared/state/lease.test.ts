// At no moment two holders: in random worlds where answers are late or lost, clocks drift and
// processes sleep.

import fc from "fast-check";
import { expect, test } from "vitest";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { LEASE_TIMING, Lease } from "./lease.ts";
import type { LeaseRow, LeaseStore } from "./lease.ts";

class Rows implements LeaseStore {
  row: LeaseRow | null = null;
  async read(): Promise<LeaseRow | null> {
    return this.row;
  }
  async put(_: string, owner: string, expected: number): Promise<number | null> {
    if ((this.row?.revision ?? 0) !== expected) return null;
    this.row = { owner, revision: expected + 1 };
    return this.row.revision;
  }
}

function leaseOf(owner: string, store: LeaseStore, clock: { monotonicMs(): number }): Lease {
  return new Lease({
    name: "partition/0",
    owner,
    store,
    clock: { nowMs: () => 0, monotonicMs: () => clock.monotonicMs() },
  });
}

test("the first one gets it, the second one only after the whole expiry", async () => {
  const [store, clock] = [new Rows(), new ManualClock()];
  const [one, two] = [leaseOf("one", store, clock), leaseOf("two", store, clock)];
  await one.step();
  await two.step();
  expect([one.held, two.held]).toEqual([true, false]);
  clock.advance(LEASE_TIMING.actMs);
  expect(one.held).toBe(false); // It stops by itself, before anybody else may start.
  await two.step();
  expect(two.held).toBe(false);
  clock.advance(LEASE_TIMING.expiryMs - LEASE_TIMING.actMs);
  await two.step();
  expect(two.held).toBe(true);
  await one.step();
  expect(one.held).toBe(false);
});

test("one that is given back is free at once", async () => {
  const [store, clock] = [new Rows(), new ManualClock()];
  const [one, two] = [leaseOf("one", store, clock), leaseOf("two", store, clock)];
  await one.step();
  await one.release();
  expect(one.held).toBe(false);
  await two.step();
  expect(two.held).toBe(true);
});

test("a heartbeat whose answer was lost does not cost the lease", async () => {
  const [store, clock] = [new Rows(), new ManualClock()];
  const one = leaseOf("one", store, clock);
  await one.step();
  const { put } = store;
  store.put = async (...args) => {
    await put.apply(store, args);
    throw new Error("lost");
  };
  clock.advance(2_000);
  await expect(one.step()).rejects.toThrow("lost");
  store.put = put;
  clock.advance(2_000);
  await one.step();
  clock.advance(LEASE_TIMING.actMs - 1);
  expect(one.held).toBe(true);
});

interface Move {
  readonly who: 0 | 1 | 2;
  readonly kind: "step" | "release" | "sleep";
  readonly passMs: number;
  /** What happens to this move's calls to the store. */
  readonly fate: "fine" | "lost before" | "lost after" | "late";
}

const move: fc.Arbitrary<Move> = fc.record({
  who: fc.constantFrom(0, 1, 2),
  kind: fc.constantFrom("step", "step", "step", "step", "step", "release", "sleep"),
  passMs: fc.constantFrom(0, 100, 500, 1_000, 2_000, 2_500, 3_000, 7_000, 10_000),
  fate: fc.constantFrom("fine", "fine", "fine", "lost before", "lost after", "late"),
});
/** How fast each process's clock runs: ten times worse than any real one. */
const rates = fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.9, max: 1.1, noNaN: true })));

test("never two holders at once, and somebody again in the end", async () => {
  let handovers = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(move, { maxLength: 60 }), rates, async (moves, rate) => {
      const [rows, world] = [new Rows(), new ManualClock()];
      let fate: Move["fate"] = "fine";
      const through = async <T>(call: () => Promise<T>): Promise<T> => {
        const now = fate;
        if (now === "lost before") throw new Error("lost before");
        if (now === "late") await new Promise<void>((resolve) => void world.after(1_500, resolve));
        const answer = await call();
        if (now === "late") await new Promise<void>((resolve) => void world.after(1_500, resolve));
        if (now === "lost after") throw new Error("lost after");
        return answer;
      };
      const store: LeaseStore = {
        read: () => through(() => rows.read()),
        put: (name, owner, expected) => through(() => rows.put(name, owner, expected)),
      };
      const clocks = rate.map((speed) => ({ monotonicMs: () => world.monotonicMs() * speed }));
      const leases = clocks.map((clock, who) => leaseOf(String(who), store, clock));
      const busy = new Set<number>();
      let last = -1;
      const check = (): void => {
        const holders = leases.flatMap((lease, who) => (lease.held ? [who] : []));
        expect(holders.length).toBeLessThanOrEqual(1);
        if (holders[0] !== undefined && holders[0] !== last)
          [last, handovers] = [holders[0], handovers + 1];
      };
      const go = async (who: number, kind: Move["kind"]): Promise<void> => {
        const lease = leases[who];
        if (lease === undefined || busy.has(who) || kind === "sleep") return;
        busy.add(who);
        await (kind === "step" ? lease.step() : lease.release()).catch(() => {});
        busy.delete(who);
      };
      for (const it of moves) {
        fate = it.fate;
        void go(it.who, it.kind);
        for (let passed = 0; passed <= it.passMs; passed += 250) {
          check();
          await world.advanceAsync(Math.min(250, it.passMs - passed));
          check();
        }
      }
      fate = "fine";
      for (let round = 0; round < 12; round++) {
        for (const who of [0, 1, 2]) void go(who, "step");
        await world.advanceAsync(2_000);
        check();
      }
      expect(leases.filter((lease) => lease.held)).toHaveLength(1);
    }),
    { numRuns: 150 },
  );
  expect(handovers).toBeGreaterThan(50);
});
