// What is to be kept reaches the disk in batches, once it takes them, as it is then.

import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { WORKER_TABLES, type RequestRow } from "#shared/base/worker-state.ts";
import type { StoreOp } from "#shared/state/store.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { createRequestJournal, onRequest, onRequestEnded } from "./core/request-journal.ts";
import { StateWriter } from "./state-writer.ts";

/** A disk whose answers a test gives. */
function world() {
  const clock = new ManualClock();
  const journal = createRequestJournal(1);
  const said: string[] = [];
  const destination = {
    write: (line: string) => void said.push((JSON.parse(line) as { readonly msg: string }).msg),
  };
  const batches: (readonly StoreOp[])[] = [];
  const disk: { full: boolean; hold: Promise<void> } = { full: false, hold: Promise.resolve() };
  const commit = async (ops: readonly StoreOp[]): Promise<void> => {
    const { full } = disk;
    if (!full) batches.push(ops);
    await disk.hold;
    if (full) throw new Failure("FULL", "no room");
  };
  const logger = createLogger({ service: "test", destination });
  const writer = new StateWriter({ state: { commit }, journal, clock, timers: clock, logger });
  const begin = (id: string) => {
    const about = { id, fence: 1, router: "r:1", startedMs: 0, promptTokens: 3 };
    const request = onRequest(journal, about);
    writer.touch();
    return request;
  };
  const rowsOf = (table: string) =>
    batches.map((ops) =>
      ops.flatMap((op) => (op.table === table && op.kind === "put" ? [op.value] : [])),
    );
  return { clock, journal, said, batches, disk, writer, begin, rowsOf };
}

test("what comes within a tenth of a second is one batch, and there is none without news", async () => {
  const { clock, batches, writer, begin } = world();
  begin("a");
  begin("b");
  writer.keep("files", "config.json", { bytes: 1 });
  writer.keep("files", "config.json", { bytes: 2 });
  await clock.advanceAsync(99);
  expect(batches).toEqual([]);
  await clock.advanceAsync(1);
  expect(batches).toHaveLength(1);
  expect(batches[0]?.map(({ table, key }) => `${table} ${key}`)).toEqual([
    ...["running 0000000000000001", "running 0000000000000002", "about next", "files config.json"],
  ]);
  await clock.advanceAsync(5_000);
  expect(batches).toHaveLength(1);
});

test("while a batch is out none is sent, and what came meanwhile is in the next", async () => {
  const { clock, journal, batches, disk, begin, writer, rowsOf } = world();
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.hold = promise;
  const request = begin("a");
  await clock.advanceAsync(100);
  request.tokens = 9;
  onRequestEnded(journal, request, "stop", 7);
  writer.touch();
  await clock.advanceAsync(5_000);
  expect(batches).toHaveLength(1);
  resolve();
  await clock.advanceAsync(100);
  expect(batches).toHaveLength(2);
  expect(rowsOf(WORKER_TABLES.ended)[1]).toMatchObject([{ id: "a", tokens: 9, end: "stop" }]);
});

test("a disk that takes nothing is said once, tried again, and has all in the end", async () => {
  const { clock, journal, said, batches, disk, writer, begin, rowsOf } = world();
  disk.full = true;
  const { promise, resolve } = Promise.withResolvers<void>();
  disk.hold = promise;
  const ended = begin("ended");
  begin("runs");
  writer.keep("files", "config.json", { bytes: 1 });
  await clock.advanceAsync(100);
  writer.keep("files", "config.json", { bytes: 2 }); // While the batch is out that has the first.
  resolve();
  await clock.advanceAsync(0);
  expect(writer.up).toBe(false);
  onRequestEnded(journal, ended, "length", 5);
  await clock.advanceAsync(10_000);
  expect([batches, said]).toEqual([[], ["the state is not written"]]);
  disk.full = false;
  await clock.advanceAsync(1_100);
  expect(writer.up).toBe(true);
  expect(said).toEqual(["the state is not written", "the state directory is written again"]);
  expect(rowsOf("files").flat()).toEqual([{ bytes: 2 }]);
  expect((rowsOf(WORKER_TABLES.ended).flat() as RequestRow[]).map(({ id }) => id)).toEqual([
    "ended",
  ]);
  expect((rowsOf(WORKER_TABLES.running).flat() as RequestRow[]).map(({ id }) => id)).toEqual([
    "runs",
  ]);
});

test("the end writes what is left, and waits for no disk that hangs", async () => {
  const { clock, batches, writer, begin } = world();
  begin("a");
  await writer.close();
  await clock.advanceAsync(60_000);
  expect(batches).toHaveLength(1);
  const hanging = world();
  hanging.disk.hold = new Promise(() => {});
  hanging.begin("a");
  const closed = hanging.writer.close();
  await hanging.clock.advanceAsync(5_000);
  await closed;
});
