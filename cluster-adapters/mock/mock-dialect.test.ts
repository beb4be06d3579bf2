// The faults of the scheduler in memory, on a clock that only the test moves.

import { expect, test } from "vitest";
import { seededRandom } from "#shared/base/prng.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import type { LiveJob } from "../adapter.ts";
import { attemptSpec } from "../attempt.fixture.ts";
import { MockCluster } from "./mock-cluster.ts";
import type { MockClusterOptions, MockStart } from "./mock-cluster.ts";
import { mockDialect } from "./mock-dialect.ts";

const job = (n: number): LiveJob => ({
  directory: `/jobs/${n}`,
  queueName: `relax-aaaaaaaaaaaaaaaa-${n}-1`,
  nativeId: String(n),
});

/** Jobs run for 10 s on the manual clock; TERM ends them at once. */
function world(options: Partial<MockClusterOptions> = {}) {
  const clock = new ManualClock();
  const starts: string[] = [];
  const start: MockStart = (starting, onEnd) => {
    starts.push(`${starting.nativeId}.${starting.restartCount}`);
    const cancel = clock.after(10_000, () => onEnd({ exitCode: 0, signal: null }));
    return {
      kill: () => {
        cancel();
        onEnd({ exitCode: 143, signal: 15 });
      },
    };
  };
  const random = seededRandom(7);
  const cluster = new MockCluster({ clock, timers: clock, random, start, ...options });
  const dialect = mockDialect(cluster);
  return {
    clock,
    cluster,
    dialect,
    starts,
    submit: (n: number) => dialect.submit(attemptSpec(), job(n), () => {}),
    /** Asks and lets time pass until there is an answer. */
    async after<T>(ms: number, asked: Promise<T>): Promise<T> {
      await clock.advanceAsync(ms);
      return asked;
    },
  };
}

test("a job waits, runs, ends, and is forgotten by the queue but not by history", async () => {
  const it = world({ startDelayMs: 1000 });
  expect(await it.submit(1)).toEqual({ kind: "submitted", nativeId: "1", raw: "1" });
  expect(await it.dialect.poll([job(1)])).toMatchObject({ present: [{ phase: "queued" }] });
  await it.clock.advanceAsync(1000);
  expect(await it.dialect.poll([job(1)])).toMatchObject({ present: [{ phase: "running" }] });
  await it.clock.advanceAsync(10_000);
  expect(await it.dialect.poll([job(1)])).toMatchObject({
    present: [{ cause: "ok", exitCode: 0 }],
  });
  await it.clock.advanceAsync(300_001);
  expect(await it.dialect.poll([job(1)])).toEqual({ kind: "answer", present: [] });
  expect(await it.dialect.history([job(1)])).toMatchObject({ present: [{ cause: "ok" }] });
});

test("no more run at once than there are slots", async () => {
  const it = world({ slots: 2 });
  for (const n of [1, 2, 3]) await it.submit(n);
  await it.clock.advanceAsync(0);
  expect(it.starts).toEqual(["1.0", "2.0"]);
  await it.clock.advanceAsync(10_000);
  expect(it.starts).toEqual(["1.0", "2.0", "3.0"]);
});

test.each([
  ["ambiguous_after_accept", "ambiguous", 1],
  ["ambiguous_before_accept", "ambiguous", 0],
  ["accepted_late", "ambiguous", 1],
  ["refuse", "refused", 0],
  ["later", "later", 0],
] as const)("%s is %s, and %i job came of it", async (fault, kind, taken) => {
  const it = world();
  it.cluster.injectSubmit(fault);
  const submitted = it.submit(1);
  await it.clock.advanceAsync(fault === "accepted_late" ? 5000 : 10_000);
  expect(await submitted).toMatchObject({ kind });
  const before = await it.dialect.find([job(1)]);
  expect(before).toMatchObject({ present: { length: fault === "accepted_late" ? 0 : taken } });
  await it.clock.advanceAsync(10_000);
  expect(await it.dialect.find([job(1)])).toMatchObject({ present: { length: taken } });
  expect(it.cluster.accepted.length).toBe(taken);
});

test("silence, slowness, missing rows and strange words never end a job", async () => {
  const it = world();
  await it.submit(1);
  await it.clock.advanceAsync(0);
  it.cluster.injectQuery("no_answer", "slow", "garbage_words", ...Array(8).fill("absent_rows"));
  expect(await it.after(10_000, it.dialect.poll([job(1)]))).toMatchObject({ kind: "no-answer" });
  const it2 = world();
  await it2.submit(1);
  await it2.clock.advanceAsync(0);
  it2.cluster.injectQuery("slow", "garbage_words", ...Array(8).fill("absent_rows"));
  const slow = await it2.after(5000, it2.dialect.poll([job(1)]));
  expect(slow).toMatchObject({ present: [{ phase: "running" }] });
  const strange = await it2.dialect.poll([job(1)]);
  expect(strange).toMatchObject({ present: [{ phase: "running", raw: "WIBBLING", cause: null }] });
  const seen = new Set<number>();
  for (let n = 0; n < 8; n++) {
    const answer = await it2.dialect.poll([job(1)]);
    if (answer.kind === "answer") seen.add(answer.present.length);
  }
  expect(seen).toEqual(new Set([0, 1]));
});

test("a controller that is down answers nothing and takes nothing", async () => {
  const it = world();
  it.cluster.up = false;
  expect(await it.after(10_000, it.submit(1))).toMatchObject({ kind: "ambiguous" });
  expect(await it.after(10_000, it.dialect.find([job(1)]))).toMatchObject({ kind: "no-answer" });
  expect(await it.after(10_000, it.dialect.cancel([job(1)]))).toMatchObject({ kind: "no-answer" });
  expect(it.cluster.accepted).toEqual([]);
});

test("a job can be started twice, with the restart counted", async () => {
  const it = world();
  await it.submit(1);
  await it.clock.advanceAsync(0);
  it.cluster.duplicateStart("1");
  it.cluster.duplicateStart("none");
  expect(it.starts).toEqual(["1.0", "1.1"]);
  await it.clock.advanceAsync(10_000);
  expect(await it.dialect.poll([job(1)])).toMatchObject({ present: [{ phase: "ended" }] });
});

test("a controller that lost its last seconds gives the same id again, and the orphan runs on", async () => {
  const it = world();
  await it.submit(1);
  await it.clock.advanceAsync(6000);
  await it.submit(2);
  await it.clock.advanceAsync(1000);
  it.cluster.forgetLast(5000);
  expect(await it.dialect.poll([job(1), job(2)])).toMatchObject({ present: [{ nativeId: "1" }] });
  expect(await it.submit(3)).toMatchObject({ nativeId: "2" });
  expect(await it.dialect.poll([job(2)])).toEqual({ kind: "answer", present: [] });
  await it.clock.advanceAsync(20_000);
  expect(it.starts).toEqual(["1.0", "2.0", "2.0"]);
  expect(await it.dialect.history([job(2)])).toEqual({ kind: "answer", present: [] });
});

test("cancel ends what waits and what runs", async () => {
  const it = world({ slots: 1 });
  await it.submit(1);
  await it.submit(2);
  await it.clock.advanceAsync(0);
  await it.dialect.cancel([job(2)]);
  await it.dialect.cancel([job(1), job(3)]);
  expect(await it.dialect.poll([job(1), job(2)])).toMatchObject({
    present: [{ cause: "cancelled" }, { cause: "cancelled" }],
  });
  expect(it.starts).toEqual(["1.0"]);
});

test("faults at random are the same for the same seed, and calls are counted", async () => {
  const kinds = async (): Promise<string[]> => {
    const it = world({ rates: { submit: { refuse: 0.3, later: 0.3 }, query: { no_answer: 0.5 } } });
    const seen: string[] = [];
    for (let n = 0; n < 20; n++) {
      seen.push((await it.after(10_000, it.submit(n))).kind);
      seen.push((await it.after(10_000, it.dialect.poll([job(n)]))).kind);
    }
    expect(it.cluster.calls).toBe(40);
    return seen;
  };
  const first = await kinds();
  expect(new Set(first)).toEqual(new Set(["submitted", "refused", "later", "answer", "no-answer"]));
  expect(await kinds()).toEqual(first);
  const { dialect } = world({ accounting: false });
  expect(await dialect.probe()).toMatchObject({ accounting: false, messageTimeoutMs: 20_000 });
  expect(await dialect.poll([])).toEqual({ kind: "answer", present: [] });
});
