// What is on disk after any history of requests, batches, refusals and kills is what was true.

import fc from "fast-check";
import { expect, test } from "vitest";
import { REQUESTS_KEPT, requestKey, type RequestRow } from "#shared/base/worker-state.ts";
import {
  createRequestJournal,
  onFoundRunning,
  onRefused,
  onRequest,
  onRequestEnded,
  takeBatch,
  type JournalBatch,
  type NotedRequest,
  type RequestJournal,
} from "./request-journal.ts";

type Disk = Map<string, unknown>;

const about = (id: string, startedMs = 0) => ({
  ...{ id, fence: 1, router: "r:1", startedMs, promptTokens: 3 },
});

function write(disk: Disk, { writes }: JournalBatch): void {
  for (const { table, key, row } of writes) {
    if (row === null) disk.delete(`${table}/${key}`);
    else disk.set(`${table}/${key}`, structuredClone(row));
  }
}

function rowsOf(disk: Disk, table: string): RequestRow[] {
  return [...disk]
    .filter(([key]) => key.startsWith(`${table}/`))
    .map(([, row]) => row as RequestRow)
    .toSorted((a, b) => a.serial - b.serial);
}

test("a request has a row while it runs, and another one when it has ended", () => {
  const journal = createRequestJournal(1);
  const disk: Disk = new Map();
  const request = onRequest(journal, about("a", 5));
  write(disk, takeBatch(journal, 100)!);
  request.tokens += 7;
  expect(takeBatch(journal, 1_099)).toBeNull();
  write(disk, takeBatch(journal, 1_100)!);
  expect(rowsOf(disk, "running")).toEqual([
    { serial: 1, ...about("a", 5), tokens: 7, end: null, endedMs: null },
  ]);
  onRequestEnded(journal, request, "stop", 1_200);
  write(disk, takeBatch(journal, 1_200)!);
  expect(rowsOf(disk, "running")).toEqual([]);
  expect(rowsOf(disk, "ended")).toEqual([
    { serial: 1, ...about("a", 5), tokens: 7, end: "stop", endedMs: 1_200 },
  ]);
  expect(takeBatch(journal, 9_999)).toBeNull();
});

test("any history: the disk has who runs, who ended last and who was lost, once each", () => {
  const event = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("begin" as const) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("end" as const), at: fc.nat(9) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("token" as const), at: fc.nat(9) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant("write" as const) }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("refuse" as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("kill" as const) }) },
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const disk: Disk = new Map();
      let journal: RequestJournal = createRequestJournal(1);
      let live: NotedRequest[] = [];
      let nowMs = 0;
      /** By id: what the disk must say once all is written. */
      const ends = new Map<string, string>();
      let serials = 0;
      const settle = (): void => {
        const batch = takeBatch(journal, (nowMs += 2_000));
        if (batch !== null) write(disk, batch);
      };
      for (const it of events) {
        nowMs += 150;
        if (it.kind === "begin") live.push(onRequest(journal, about(`q${serials++}`)));
        const request = "at" in it ? live[it.at % Math.max(1, live.length)] : undefined;
        if (it.kind === "token" && request !== undefined) request.tokens += 1;
        if (it.kind === "end" && request !== undefined) {
          live = live.filter((each) => each !== request);
          onRequestEnded(journal, request, "stop", nowMs);
          ends.set(request.row.id, "stop");
        }
        if (it.kind === "write" || it.kind === "refuse") {
          const batch = takeBatch(journal, nowMs);
          if (batch !== null && it.kind === "write") write(disk, batch);
          if (batch !== null && it.kind === "refuse") onRefused(journal, batch);
        }
        if (it.kind !== "kill") continue;
        settle(); // What was in no batch when it died is allowed to be missing.
        for (const { row } of live) ends.set(row.id, "lost");
        live = [];
        const found = rowsOf(disk, "running");
        journal = createRequestJournal((disk.get("about/next") as number | undefined) ?? 1);
        onFoundRunning(journal, found, nowMs);
      }
      settle();
      const running = rowsOf(disk, "running");
      expect(running.map((row) => [row.id, row.tokens])).toEqual(
        live.map(({ row, tokens }) => [row.id, tokens]),
      );
      const ended = rowsOf(disk, "ended");
      expect(new Map(ended.map(({ id, end }) => [id, end]))).toEqual(ends);
      expect(new Set(ended.map(({ serial }) => serial)).size).toBe(ended.length);
    }),
    { numRuns: 300 },
  );
});

test("the disk keeps so many ended ones, and as many wait for a disk that takes none", () => {
  const journal = createRequestJournal(1);
  const disk: Disk = new Map();
  const noted = onRequest(journal, about("noted"));
  write(disk, takeBatch(journal, 0)!);
  onRequestEnded(journal, noted, "stop", 1);
  for (let i = 0; i < REQUESTS_KEPT + 10; i++) {
    onRequestEnded(journal, onRequest(journal, about(`q${i}`)), "stop", 1);
    if (i % 1_000 === 0) onRefused(journal, takeBatch(journal, 1)!);
  }
  expect(journal.dropped).toBe(11);
  expect(journal.ended).toHaveLength(REQUESTS_KEPT);
  write(disk, takeBatch(journal, 1)!);
  expect(rowsOf(disk, "running")).toEqual([]); // It would be found as lost.

  // In a batch that was not written is as good as in none.
  const many = Array.from({ length: REQUESTS_KEPT + 5 }, () => onRequest(journal, about("many")));
  onRefused(journal, takeBatch(journal, 2)!);
  for (const it of many) onRequestEnded(journal, it, "stop", 2);
  expect(journal.ended).toHaveLength(REQUESTS_KEPT);
  expect(journal.dropped).toBe(16);

  const last = onRequest(journal, about("last"));
  onRequestEnded(journal, last, "stop", 2);
  write(disk, takeBatch(journal, 2)!);
  const ended = rowsOf(disk, "ended");
  expect(ended.length).toBeLessThanOrEqual(REQUESTS_KEPT);
  expect(ended.at(-1)?.id).toBe("last");
  expect(disk.has(`ended/${requestKey(last.row.serial % REQUESTS_KEPT)}`)).toBe(true);
});
