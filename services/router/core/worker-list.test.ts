// Each state that a worker can be in is shown as it is.

import { expect, test } from "vitest";
import { fleetOf, progressOf, send, specOf, wishOf } from "./fleet.fixture.ts";
import { onProgress, onWorkerUp } from "./fleet.ts";
import { workerRows } from "./worker-list.ts";
import { setHealth } from "./worker.ts";

test("a row for each worker, by model and name, with what it reported and what is there", () => {
  const fleet = fleetOf(2);
  onWorkerUp(fleet, specOf("z", { model: "a", classId: "other", blocks: 8 }), 900);
  onProgress(fleet, "w1", progressOf(2, { running: 3, waiting: 2, blocksFree: 7 }), 400);
  const sent = send(fleet, "r1", wishOf(), 500);
  const rows = workerRows(fleet, 1000);
  expect(rows.map(({ worker }) => worker)).toEqual(["z", "w0", "w1"]);
  expect(rows[0]).toEqual({
    ...{ worker: "z", model: "a", numerics_class: "other", state: "ready", held_out: false },
    ...{ streams: 0, running: 0, waiting: 0, sequences_max: 64, blocks_free: 8, blocks: 8 },
    heard_ms_ago: 100,
  });
  expect(rows[2]).toMatchObject({ running: 3, waiting: 2, blocks_free: 7, heard_ms_ago: 600 });
  for (const { worker, streams } of rows) expect(streams).toBe(worker === sent ? 1 : 0);
});

test("one that hangs or is silent is unwell, whatever it said last; the breaker is told apart", () => {
  const fleet = fleetOf(3);
  const [w0, w1, w2] = [...fleet.workers.values()];
  if (w0 === undefined || w1 === undefined || w2 === undefined) throw new Error("no workers");
  onProgress(fleet, "w0", progressOf(2, { state: "draining" }), 10);
  setHealth(w1, { kind: "hung", what: "engine", engineStep: 1 });
  w2.breaker.state = { kind: "open", untilMs: 5_000 };
  const states = (): unknown[] =>
    workerRows(fleet, 20).map(({ state, held_out }) => [state, held_out]);
  expect(states()).toEqual([
    ["draining", false],
    ["unwell", false],
    ["ready", true],
  ]);
  setHealth(w0, { kind: "suspect", askedAtMs: 15 });
  setHealth(w1, { kind: "confirmed", untilMs: 100 });
  expect(states().slice(0, 2)).toEqual([
    ["unwell", false],
    ["ready", false],
  ]);
});
