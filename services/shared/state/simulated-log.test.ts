// The simulated server keeps the promises that a real one keeps, under every fault at once, and
// breaks exactly the one it is told to break.

import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { decodeRecord, hashRecord, ZERO_HASH } from "./record.ts";
import { SimulatedLogServer } from "./simulated-log.ts";
import type { LogFault, LogFaults } from "./simulated-log.ts";

const FAULTS: LogFaults = {
  delayMsMax: 40,
  lateChance: 0.02,
  requestLostChance: 0.02,
  ackLostChance: 0.05,
  duplicateChance: 0.05,
  staleReadChance: 0.1,
  rivalChance: 0.01,
  acksUnsynced: false,
};

interface History {
  readonly hits: Record<LogFault, number>;
  /** What somebody was told is in the log, as `n hash`. */
  readonly acked: readonly string[];
  readonly kept: readonly string[];
}

/** Two processes claim and append for a while, the power fails now and then. */
async function live(seed: number, faults: LogFaults, powerCutChance: number): Promise<History> {
  const random = seededRandom(seed);
  const clock = new ManualClock();
  const server = new SimulatedLogServer({ partitions: 1, timers: clock, clock, random, faults });
  const acked = new Set<string>();
  const process = async (name: string): Promise<void> => {
    const log = server.open();
    for (let life = 0; life < 3; life++) {
      try {
        const writer = await log.claim(0, `${name}-${life}`, clock.nowMs());
        acked.add(`${writer.tail.n} ${writer.tail.hash}`);
        for (let i = 0; i < 8; i++) {
          const entry = {
            actor: "a/b/c",
            events: [{ type: "Said", text: `${name}-${life}-${i}` }],
          };
          const { n, hash } = await writer.append([entry], clock.nowMs());
          acked.add(`${n} ${hash}`);
        }
      } catch (reason) {
        expect(Failure.from(reason).code).toMatch(/^(FENCED|UNKNOWN_OUTCOME|UNAVAILABLE)$/);
      }
    }
  };
  let running = true;
  const ended = Promise.all([process("one"), process("two")]).finally(() => (running = false));
  while (running) {
    await clock.advanceAsync(1 + randomInt(random, 20));
    if (random.next() < powerCutChance) server.powerCut();
  }
  await ended;
  return { hits: server.faultsHit, acked: [...acked], kept: check(server.recordsOf(0)) };
}

/** L2 and L3 on the raw records: places, hashes, and no epoch below one before it. */
function check(records: readonly Uint8Array[]): string[] {
  let [prevHash, epoch] = [ZERO_HASH, 0];
  return records.map((bytes, at) => {
    const record = decodeRecord(bytes, 0, at + 1);
    expect(record.n).toBe(at + 1);
    expect(record.prevHash).toBe(prevHash);
    expect(record.epoch).toBeGreaterThanOrEqual(epoch);
    epoch = record.epoch;
    prevHash = hashRecord(bytes);
    return `${record.n} ${prevHash}`;
  });
}

test("nothing acknowledged is lost in 60 seeded histories with every fault", async () => {
  const hits: Partial<Record<LogFault, number>> = {};
  for (let seed = 1; seed <= 60; seed++) {
    const history = await live(seed, FAULTS, 0.1);
    const kept = new Set(history.kept);
    expect(
      history.acked.filter((it) => !kept.has(it)),
      `seed ${seed}`,
    ).toEqual([]);
    for (const [fault, count] of Object.entries(history.hits)) {
      hits[fault as LogFault] = (hits[fault as LogFault] ?? 0) + count;
    }
  }
  for (const [fault, count] of Object.entries(hits))
    expect(count, `${fault} was hit`).toBeGreaterThan(0);
});

test("the same seed is the same history", async () => {
  expect(await live(7, FAULTS, 0.1)).toEqual(await live(7, FAULTS, 0.1));
  expect((await live(8, FAULTS, 0.1)).kept).not.toEqual((await live(7, FAULTS, 0.1)).kept);
});

test("a server that answers before it syncs loses records with its power", async () => {
  let lost = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const quiet = {
      ...FAULTS,
      rivalChance: 0,
      lateChance: 0,
      staleReadChance: 0,
      acksUnsynced: true,
    };
    // A reused place may also show as damage.
    const history = await live(seed, quiet, 0.2).catch(() => null);
    if (history === null) lost += 1;
    else lost += history.acked.filter((it) => !history.kept.includes(it)).length;
  }
  expect(lost).toBeGreaterThan(0);
});

test("an append nobody answers ends as UNKNOWN_OUTCOME, and its writer with it", async () => {
  const clock = new ManualClock();
  const server = new SimulatedLogServer({
    partitions: 1,
    timers: clock,
    clock,
    random: seededRandom(1),
  });
  const claiming = server.open().claim(0, "one", 0);
  await clock.advanceAsync(1_000);
  const writer = await claiming;
  server.faults = { ...server.faults, requestLostChance: 1 };
  const codes = [writer, writer].map(() => "");
  const first = writer.append([], 0).catch((reason: Failure) => (codes[0] = reason.code));
  await clock.advanceAsync(60_000);
  await first;
  server.faults = { ...server.faults, requestLostChance: 0 };
  await writer.append([], 0).catch((reason: Failure) => (codes[1] = reason.code));
  expect(codes).toEqual(["UNKNOWN_OUTCOME", "UNKNOWN_OUTCOME"]);
});

test("a busy writer stops by itself soon after a higher epoch was taken", async () => {
  const clock = new ManualClock();
  const server = new SimulatedLogServer({
    partitions: 1,
    timers: clock,
    clock,
    random: seededRandom(1),
    faults: { delayMsMax: 5 },
  });
  const claiming = server.open().claim(0, "one", 0);
  await clock.advanceAsync(1_000);
  const writer = await claiming;
  server.log(0).epoch += 1; // Taken, not yet sealed: the log itself would still accept this writer.
  let code = "";
  for (let i = 0; i < 200 && code === ""; i++) {
    const appending = writer.append([], 0).catch((reason: Failure) => (code = reason.code));
    await clock.advanceAsync(20);
    await appending;
  }
  expect(code).toBe("FENCED");
});
