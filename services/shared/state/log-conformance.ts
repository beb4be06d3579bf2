// What every driver of the event log must do (L1 to L4 in log.ts), as one suite. A driver's test
// calls it with a harness; opening the harness's log twice stands for two processes.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import type { ErrorCode } from "#shared/base/errors.ts";
import type { ReadRecord } from "./chain.ts";
import type { EventLog, LogEntry, LogPosition, PartitionWriter } from "./log.ts";
import { EMPTY_LOG, EPOCH_BUMP, ZERO_HASH, decodeRecord, encodeRecord } from "./record.ts";

export interface LogHarness {
  /** Another client of the same log. */
  open(): Promise<EventLog>;
  /** Puts bytes behind the last record of a partition, as no client of ours would. */
  inject(partition: number, bytes: Uint8Array): Promise<void>;
  /**
   * The answer to the next append is lost after it was written. Null where there are no answers.
   */
  readonly loseNextAck: (() => void) | null;
  close(): Promise<void>;
}

export interface HarnessOptions {
  readonly partitions: number;
  readonly partitionBytesMax?: number;
}

export interface ConformanceOptions {
  readonly raceRounds: number;
  readonly manyRecords: number;
}

const NOW_MS = 1_780_000_000_000;
const entry = (text: string): LogEntry => ({
  actor: "run/lab/abc",
  events: [{ type: "Said", text }],
});

export function describeLogConformance(
  name: string,
  make: (options: HarnessOptions) => Promise<LogHarness>,
  { raceRounds, manyRecords }: ConformanceOptions,
): void {
  async function using(
    run: (harness: LogHarness, log: EventLog) => Promise<void>,
    more: Partial<HarnessOptions> = {},
  ): Promise<void> {
    const harness = await make({ partitions: 4, ...more });
    const log = await harness.open();
    try {
      await run(harness, log);
    } finally {
      await log.close();
      await harness.close();
    }
  }

  describe(`the ${name} log`, () => {
    test("is empty at first", () =>
      using(async (_, log) => {
        expect(await log.tail(3)).toEqual(EMPTY_LOG);
        expect(await all(log, 3)).toEqual([]);
      }));

    test("gives back what was appended, in place, with a chain of hashes (L3)", () =>
      using(async (_, log) => {
        const writer = await log.claim(1, "one", NOW_MS);
        const tails = [writer.tail];
        for (let i = 0; i < 5; i++)
          tails.push(await writer.append([entry(`é${i}`), entry("more")], NOW_MS + i));
        const read = await all(log, 1);
        expect(read.map(({ record }) => record.n)).toEqual([1, 2, 3, 4, 5, 6]);
        expect(read.map(({ record, hash }) => ({ n: record.n, hash }))).toEqual(tails);
        expect(read.map(({ bytes }) => sha256(bytes))).toEqual(read.map(({ hash }) => hash));
        expect(read.map(({ record }) => record.prevHash)).toEqual([
          ZERO_HASH,
          ...tails.slice(0, -1).map(({ hash }) => hash),
        ]);
        expect(read[0]?.record.entries[0]?.events[0]).toEqual({
          type: EPOCH_BUMP,
          epoch: writer.epoch,
          writer: "one",
        });
        expect(read[3]?.record).toMatchObject({
          partition: 1,
          epoch: writer.epoch,
          writer: "one",
          tsMs: NOW_MS + 2,
          entries: [entry("é2"), entry("more")],
        });
        expect(await log.tail(1)).toEqual(writer.tail);
      }));

    test("keeps partitions apart", () =>
      using(async (_, log) => {
        const writers = await Promise.all(
          [0, 1, 2, 3].map((partition) => log.claim(partition, "one", NOW_MS)),
        );
        await Promise.all(
          writers.map((writer) => writer.append([entry(String(writer.partition))], NOW_MS)),
        );
        for (const writer of writers) {
          expect((await texts(log, writer.partition)).flat()).toEqual([String(writer.partition)]);
        }
      }));

    test("reads from the middle, and only up to the tail at the time of the call", () =>
      using(async (_, log) => {
        const writer = await log.claim(0, "one", NOW_MS);
        for (let i = 2; i <= 6; i++) await writer.append([entry(String(i))], NOW_MS);
        expect((await all(log, 0, 4)).map(({ record }) => record.n)).toEqual([4, 5, 6]);
        expect((await all(log, 0, 6)).map(({ record }) => record.n)).toEqual([6]);
        expect(await all(log, 0, 7)).toEqual([]);
        const seen: number[] = [];
        for await (const { record } of log.read(0, 5)) {
          seen.push(record.n);
          if (seen.length === 1) await writer.append([entry("7")], NOW_MS);
        }
        expect(seen).toEqual([5, 6]);
      }));

    test("outlives its client: a later one goes on where it ended, in a higher epoch (L1)", () =>
      using(async (harness, log) => {
        const first = await log.claim(2, "one", NOW_MS);
        const tail = await first.append([entry("a")], NOW_MS);
        await log.close();
        const again = await harness.open();
        expect(await again.tail(2)).toEqual(tail);
        const second = await again.claim(2, "two", NOW_MS);
        expect(second.epoch).toBeGreaterThan(first.epoch);
        await second.append([entry("b")], NOW_MS);
        expect(await texts(again, 2)).toEqual([["a"], ["b"]]);
        await again.close();
      }));

    test("refuses every writer of an older epoch, for good (L2)", () =>
      using(async (harness, log) => {
        const rival = await harness.open();
        const old = await log.claim(0, "old", NOW_MS);
        await old.append([entry("before")], NOW_MS);
        const young = await rival.claim(0, "young", NOW_MS);
        expect(await codeOf(old.append([entry("stale")], NOW_MS))).toBe("FENCED");
        await young.append([entry("after")], NOW_MS);
        expect(await codeOf(old.append([entry("stale")], NOW_MS))).toBe("FENCED");
        expect(await texts(log, 0)).toEqual([["before"], ["after"]]);
        await rival.close();
      }));

    test("refuses an older writer although the newer one has written nothing but its claim", () =>
      using(async (harness, log) => {
        const rival = await harness.open();
        for (let round = 0; round < 5; round++) {
          const old = await log.claim(0, "old", NOW_MS);
          await rival.claim(0, "young", NOW_MS);
          const refusal = await codeOf(old.append([entry("stale")], NOW_MS));
          expect(refusal).toBe("FENCED");
        }
        expect((await texts(log, 0)).flat()).toEqual([]);
        await rival.close();
      }));

    test(`has one successor for every position while two race, ${raceRounds} times`, () =>
      using(async (harness, log) => {
        const rival = await harness.open();
        const acked = new Map<number, string>();
        let won = 0;
        let fenced = 0;
        for (let round = 0; round < raceRounds; round++) {
          const ends = await Promise.all(
            [log, rival].map((side, at) => race(side, at, round, acked)),
          );
          won += ends.filter((end) => end === null).length;
          fenced += ends.filter((end) => end === "FENCED").length;
          expect(ends.filter((end) => end !== null && end !== "FENCED")).toEqual([]);
        }
        const read = await all(log, 0);
        expect(read.map(({ record }) => record.n)).toEqual(read.map((_, at) => at + 1));
        for (const [n, hash] of acked)
          expect(read[n - 1]?.hash, `record ${n} was acknowledged`).toBe(hash);
        const epochs = read.map(({ record }) => record.epoch);
        expect(epochs).toEqual(epochs.toSorted((a, b) => a - b));
        expect(won).toBeGreaterThan(0);
        expect(fenced).toBeGreaterThan(0);
        await rival.close();
      }));

    test("refuses with FULL, loses nothing, and goes on when something fits", () =>
      using(
        async (_, log) => {
          const writer = await log.claim(0, "one", NOW_MS);
          let acked = 0;
          let refusal: ErrorCode | null = null;
          while (refusal === null && acked < 50) {
            refusal = await codeOf(writer.append([entry("x".repeat(8_000))], NOW_MS));
            if (refusal === null) acked += 1;
          }
          expect(refusal).toBe("FULL");
          expect(acked).toBeGreaterThan(1);
          const { tail } = writer;
          expect(await log.tail(0)).toEqual(tail);
          expect(await codeOf(writer.append([entry("x".repeat(8_000))], NOW_MS))).toBe("FULL");
          expect(await writer.append([entry("small")], NOW_MS)).toMatchObject({ n: tail.n + 1 });
          expect((await texts(log, 0)).flat().map((text) => text.length)).toEqual([
            ...Array.from({ length: acked }, () => 8_000),
            5,
          ]);
          const elsewhere = await log.claim(1, "one", NOW_MS);
          await elsewhere.append([entry("x".repeat(8_000))], NOW_MS);
        },
        { partitionBytesMax: 32 * 1024 },
      ));

    test("passes over a record of a lower epoch, and a new owner goes on behind it", () =>
      using(async (harness, log) => {
        const old = await log.claim(0, "old", NOW_MS);
        const young = await log.claim(0, "young", NOW_MS);
        const { n } = await young.append([entry("a")], NOW_MS);
        const stale = encodeRecord({
          v: 1,
          minReader: 1,
          partition: 0,
          epoch: old.epoch,
          writer: "old",
          n: n + 1,
          prevHash: "ab".repeat(32),
          tsMs: NOW_MS,
          entries: [entry("stale")],
        });
        await harness.inject(0, stale);
        expect(await texts(log, 0)).toEqual([["a"]]);
        expect(await codeOf(young.append([entry("b")], NOW_MS))).toBe("FENCED");
        const next = await log.claim(0, "next", NOW_MS);
        await next.append([entry("c")], NOW_MS);
        const read = await all(log, 0);
        expect(read.map(({ record }) => record.n)).toEqual([1, 2, 3, 4, 5]);
        expect(await texts(log, 0)).toEqual([["a"], ["c"]]);
        expect((await all(log, 0, 4)).map(({ record }) => record.n)).toEqual([4, 5]);
      }));

    test("names a damaged record by partition and sequence (L3)", () =>
      using(async (harness, log) => {
        const writer = await log.claim(2, "one", NOW_MS);
        await writer.append([entry("a")], NOW_MS);
        await harness.inject(2, Buffer.from([0xff, 0xff, 0xff]));
        const failure = await failureOf(all(log, 2));
        expect(failure.code).toBe("CORRUPT");
        expect(failure.message).toContain("record 3 of partition 2");
      }));

    test("names a record that does not continue the one before it", () =>
      using(async (harness, log) => {
        const writer = await log.claim(2, "one", NOW_MS);
        const [first] = await all(log, 2);
        assert(first !== undefined);
        const forged = { ...first.record, n: 2, prevHash: "cd".repeat(32) };
        await harness.inject(2, encodeRecord(forged));
        const failure = await failureOf(all(log, 2));
        expect(failure.code).toBe("CORRUPT");
        expect(failure.message).toContain("record 2 of partition 2");
        expect(await codeOf(writer.append([entry("b")], NOW_MS))).toBe("FENCED");
      }));

    test("refuses a record of a newer version and says what to do", () =>
      using(async (harness, log) => {
        const writer = await log.claim(1, "one", NOW_MS);
        const record = {
          v: 7,
          minReader: 7,
          partition: 1,
          epoch: writer.epoch,
          writer: "newer",
          n: 2,
          prevHash: writer.tail.hash,
          tsMs: NOW_MS,
          entries: [],
        };
        await harness.inject(1, encodeRecord(record));
        const failure = await failureOf(all(log, 1));
        expect(failure.code).toBe("UNSAFE");
        expect(failure.message).toContain("record 2 of partition 1 needs a reader of version 7");
        expect(failure.hint).toMatch(/start that version/);
      }));

    test("is taken over although its owner never stops writing", () =>
      using(async (harness, log) => {
        const rival = await harness.open();
        const owner = await log.claim(0, "owner", NOW_MS);
        let writing = true;
        const end = (async () => {
          while (writing) {
            const code = await codeOf(owner.append([entry("mine")], NOW_MS));
            if (code !== null) return code;
          }
          return null;
        })();
        const next = await rival.claim(0, "next", NOW_MS);
        await next.append([entry("taken")], NOW_MS);
        expect(
          await Promise.race([
            end,
            new Promise((resolve) => setTimeout(resolve, 5_000, "still writing")),
          ]),
        ).toBe("FENCED");
        writing = false;
        expect((await texts(log, 0)).at(-1)).toEqual(["taken"]);
        await rival.close();
      }));

    test("takes one append at a time, and none that is too large", () =>
      using(async (_, log) => {
        const writer = await log.claim(0, "one", NOW_MS);
        const running = writer.append([entry("a")], NOW_MS);
        await expect(writer.append([entry("b")], NOW_MS)).rejects.toThrow(/one append in flight/);
        await running;
        expect(await codeOf(writer.append([entry("x".repeat(log.recordBytesMax))], NOW_MS))).toBe(
          "INVALID",
        );
        const large = "x".repeat(log.recordBytesMax - 1_000);
        await writer.append([entry(large)], NOW_MS);
        expect((await texts(log, 0)).flat()).toEqual(["a", large]);
      }));

    test("an append whose answer was lost counts once (L4)", () =>
      using(async (harness, log) => {
        if (harness.loseNextAck === null) return; // No messages, so no answer that could be lost.
        const writer = await log.claim(0, "one", NOW_MS);
        for (let i = 0; i < 5; i++) {
          harness.loseNextAck();
          const tail: LogPosition = await writer.append([entry(String(i))], NOW_MS);
          expect(await log.tail(0)).toEqual(tail);
        }
        expect((await texts(log, 0)).flat()).toEqual(["0", "1", "2", "3", "4"]);
      }));

    test(`reads ${manyRecords} records back in order`, () =>
      using(async (_, log) => {
        const writer = await log.claim(0, "one", NOW_MS);
        for (let i = 0; i < manyRecords; i++) await writer.append([entry(String(i))], NOW_MS);
        expect((await texts(log, 0)).flat()).toEqual(
          Array.from({ length: manyRecords }, (_, i) => String(i)),
        );
      }));
  });
}

/**
 * Claims and appends until refused or done; null when all was accepted. Every round meets
 * differently.
 */
async function race(
  log: EventLog,
  side: number,
  round: number,
  acked: Map<number, string>,
): Promise<ErrorCode | null> {
  const take = ({ n, hash }: LogPosition): void => {
    assert(!acked.has(n) || acked.get(n) === hash, `two records were acknowledged at ${n}`);
    acked.set(n, hash);
  };
  return codeOf(
    (async () => {
      for (let turn = 0; turn < (side * round) % 11; turn++)
        await new Promise((resolve) => setImmediate(resolve));
      const writer: PartitionWriter = await log.claim(0, `${side}-${round}`, NOW_MS);
      take(writer.tail);
      for (let i = 0; i < 1 + (round % 5); i++) {
        if ((round + side + i) % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
        take(await writer.append([entry(`${side}-${round}-${i}`)], NOW_MS));
      }
    })(),
  );
}

async function all(log: EventLog, partition: number, from = 1): Promise<ReadRecord[]> {
  const read: ReadRecord[] = [];
  for await (const next of log.read(partition, from)) {
    expect(decodeRecord(next.bytes, partition, next.record.n)).toEqual(next.record);
    read.push(next);
  }
  return read;
}

/** The texts of each record but the claims. */
async function texts(log: EventLog, partition: number): Promise<string[][]> {
  const said: string[][] = [];
  for (const { record } of await all(log, partition)) {
    const events = record.entries.flatMap((it) => it.events).filter(({ type }) => type === "Said");
    if (events.length > 0) said.push(events.map(({ text }) => String(text)));
  }
  return said;
}

async function failureOf(promise: Promise<unknown>): Promise<Failure> {
  try {
    await promise;
  } catch (reason) {
    return Failure.from(reason);
  }
  throw new Error("it did not fail");
}

async function codeOf(promise: Promise<unknown>): Promise<ErrorCode | null> {
  try {
    await promise;
    return null;
  } catch (reason) {
    return Failure.from(reason).code;
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
