// An embedded log moves into another one whole, goes on after breaking off, and into no foreign
// one. The simulated log stands for JetStream where faults are wanted; the real one runs where
// there is a nats-server.

import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { openEmbeddedLog } from "./embedded-log.ts";
import { openJetStreamLog } from "./jetstream-log.ts";
import { natsServerHere } from "#shared/mesh/nats-server.fixture.ts";
import { jetStreamWorld } from "./jetstream-world.ts";
import type { JetStreamWorld } from "./jetstream-world.ts";
import type { EventLog } from "./log.ts";
import { migrateLog } from "./migrate.ts";
import type { MigrationTarget } from "./migrate.ts";
import type { RemoteLog } from "./remote-log.ts";
import { SimulatedLogServer } from "./simulated-log.ts";

const OPTIONS = { writer: "migration", nowMs: 0 };
const said = (text: string) => [{ actor: "run/lab/a", events: [{ type: "Said", text }] }];

async function source(records: number, partitions = 3): Promise<EventLog> {
  const directory = tempDirectory("migrate");
  const log = openEmbeddedLog({ path: directory.path, partitions });
  onTestFinished(async () => {
    await log.close();
    directory.remove();
  });
  for (let partition = 0; partition < partitions - 1; partition++) {
    // The last one stays empty.
    const writer = await log.claim(partition, "scheduler", 0);
    for (let i = 0; i < records; i++) await writer.append(said(`${partition}-${i}`), 0);
  }
  return log;
}

async function hashesOf(log: EventLog): Promise<string[][]> {
  const all: string[][] = [];
  for (let partition = 0; partition < log.partitions; partition++) {
    all.push((await Array.fromAsync(log.read(partition, 1))).map(({ hash }) => hash));
  }
  return all;
}

/** A simulated target whose time passes by itself. */
function target(
  partitions = 3,
  faults = {},
): { server: SimulatedLogServer; open: () => RemoteLog } {
  const clock = new ManualClock();
  const ticking = setInterval(() => void clock.advanceAsync(50), 1);
  onTestFinished(() => clearInterval(ticking));
  const server = new SimulatedLogServer({
    partitions,
    timers: clock,
    clock,
    random: seededRandom(3),
    faults,
  });
  return { server, open: () => server.open() };
}

test("every record arrives under its place and hash, and new owners go on behind it", async () => {
  const [from, to] = [await source(20), target().open()];
  const seen: number[] = [];
  const result = await migrateLog(from, to, {
    ...OPTIONS,
    onProgress: ({ n, of }) => void seen.push(n / of),
  });
  expect(await hashesOf(to)).toEqual(await hashesOf(from));
  expect(result).toMatchObject({ records: 22 + 22 + 1, copied: 45 });
  expect(seen).toEqual([1, 1, 1]);
  const writer = await to.claim(0, "scheduler", 0);
  expect(writer.epoch).toBe(3);
  expect((await writer.append(said("on"), 0)).n).toBe(24);
});

test("with answers lost and messages doubled nothing is lost or doubled", async () => {
  const [from, to] = [
    await source(15),
    target(3, { ackLostChance: 0.2, duplicateChance: 0.2, delayMsMax: 10 }).open(),
  ];
  await migrateLog(from, to, OPTIONS);
  expect(await hashesOf(to)).toEqual(await hashesOf(from));
});

test("one that broke off goes on where it was", async () => {
  const [from, { open }] = [await source(20), target()];
  const to = open();
  let left = 12;
  const breaking: MigrationTarget = {
    driver: to.driver,
    partitions: to.partitions,
    recordBytesMax: to.recordBytesMax,
    claim: (...args) => to.claim(...args),
    read: (...args) => to.read(...args),
    tail: (...args) => to.tail(...args),
    close: () => to.close(),
    copyRecord: async (...args) => {
      if (left-- <= 0) throw new Error("the machine died");
      return to.copyRecord(...args);
    },
  };
  await expect(migrateLog(from, breaking, OPTIONS)).rejects.toThrow("the machine died");
  const result = await migrateLog(from, open(), OPTIONS);
  expect(result.copied).toBeLessThan(result.records);
  expect(await hashesOf(to)).toEqual(await hashesOf(from));
});

test("a target with another log in it is refused, and nothing is written anywhere", async () => {
  const [from, to] = [await source(3), target().open()];
  const foreign = await to.claim(1, "other", 0);
  await foreign.append(said("theirs"), 0);
  const before = [await hashesOf(from), await hashesOf(to)];
  await expect(migrateLog(from, to, OPTIONS)).rejects.toMatchObject({
    code: "CONFLICT",
    message: expect.stringMatching(/partition 1/) as string,
  });
  expect([await hashesOf(from), await hashesOf(to)]).toEqual(before);
});

test("a target with another number of partitions is refused", async () => {
  await expect(migrateLog(await source(1), target(4).open(), OPTIONS)).rejects.toMatchObject({
    code: "INVALID",
  });
});

test("the source's owner is fenced; one that takes it back fails the migration", async () => {
  const [from, to] = [await source(3), target().open()];
  const owner = await from.claim(0, "scheduler", 0);
  await migrateLog(from, to, OPTIONS);
  await expect(owner.append(said("late"), 0)).rejects.toMatchObject({ code: "FENCED" });
  const again: Promise<unknown>[] = [];
  const onProgress = (): void => {
    if (again.length === 0) again.push(from.claim(0, "scheduler", 0));
  };
  await expect(migrateLog(from, to, { ...OPTIONS, onProgress })).rejects.toMatchObject({
    code: "FENCED",
    message: expect.stringMatching(/partition 0 of the source/) as string,
  });
  await Promise.all(again);
});

const nats = natsServerHere();
if (nats === null) {
  test.skip("migrating to JetStream (node tools/setup.ts nats-server gets it)", () => {});
} else {
  let world: JetStreamWorld;
  beforeAll(async () => {
    world = await jetStreamWorld(nats);
  });
  afterAll(() => world.close());
  test("an embedded log moves into JetStream, twice without harm", async () => {
    const from = await source(50);
    const options = world.options({ partitions: 3 });
    const to = await openJetStreamLog(options);
    await migrateLog(from, to, OPTIONS);
    await migrateLog(from, to, OPTIONS);
    expect(await hashesOf(to)).toEqual(await hashesOf(from));
    const writer = await to.claim(0, "scheduler", 0);
    expect((await writer.append(said("on"), 0)).n).toBe(writer.tail.n);
    await to.close();
  });
}
