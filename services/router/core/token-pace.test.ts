// Who is slow by the pace of its running streams: before anybody waits for a first token there, for
// no longer than it is slow, and never for being full or for computing prompts.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { fleetOf, progressOf, send, wishOf } from "./fleet.fixture.ts";
import { onDispatched, onEnded, onFirstTokens, onProgress, onTick, onTokens } from "./fleet.ts";
import { pick } from "./fleet.ts";
import type { Fleet } from "./fleet.ts";
import { dragMsPerToken, itlMsOf } from "./token-pace.ts";

const TICK_MS = 50;

interface Stream {
  readonly id: string;
  readonly key: string;
  toldAtMs: number;
}

/** Streams that run, and whose tokens come as `itlMs` says of their worker and time. */
class Running {
  readonly fleet: Fleet;
  readonly #itlMs: (key: string, nowMs: number) => number;
  readonly streams: Stream[] = [];
  #reports = 1;
  nowMs = 0;

  constructor(fleet: Fleet, itlMs: (key: string, nowMs: number) => number) {
    this.fleet = fleet;
    this.#itlMs = itlMs;
  }

  start(key: string, count: number, masks = false): void {
    for (let i = 0; i < count; i++) {
      const id = `${key}-${this.streams.length}`;
      const wish = wishOf({ needs: { resume: false, masks } });
      onDispatched(this.fleet, key, id, wish, this.nowMs);
      // Equally late everywhere: first tokens do not give anybody away.
      onFirstTokens(this.fleet, id, { count: 1, cachedTokens: 0 }, this.nowMs + 20);
      this.streams.push({ id, key, toldAtMs: this.nowMs + 20 });
    }
  }

  run(untilMs: number, promptsPerStep: (key: string) => number = () => 0): void {
    for (; this.nowMs < untilMs; this.nowMs += TICK_MS) {
      for (const stream of this.streams) {
        const count = Math.floor((this.nowMs - stream.toldAtMs) / this.#itl(stream.key));
        if (count <= 0) continue;
        onTokens(this.fleet, stream.id, count, this.nowMs);
        stream.toldAtMs = this.nowMs;
      }
      if (this.nowMs % 250 === 0) this.#report(promptsPerStep);
      onTick(this.fleet, this.nowMs);
    }
  }

  drag(key: string): number {
    const worker = this.fleet.workers.get(key)!;
    const pool = this.fleet.pools.get(worker.spec.model)!;
    return dragMsPerToken(this.fleet.options, pool, worker, this.nowMs);
  }

  itlMs(key: string): number {
    const worker = this.fleet.workers.get(key)!;
    const pool = this.fleet.pools.get(worker.spec.model)!;
    return itlMsOf(this.fleet.options, pool, worker, this.nowMs);
  }

  /** Of so many new requests, sent nowhere. */
  picksOf(key: string, count = 200): number {
    const picks = Array.from({ length: count }, () => pick(this.fleet, wishOf(), this.nowMs));
    return picks.filter((choice) => choice.kind === "worker" && choice.key === key).length;
  }

  #itl(key: string): number {
    return this.#itlMs(key, this.nowMs);
  }

  #report(promptsPerStep: (key: string) => number): void {
    const sequence = (this.#reports += 1);
    for (const worker of this.fleet.workers.values()) {
      const running = worker.inFlight.size;
      const engineStep = 10 * sequence;
      const promptTokens = engineStep * promptsPerStep(worker.key);
      const seen = worker.dispatched;
      const report = progressOf(sequence, { seen, running, engineStep, promptTokens });
      onProgress(this.fleet, worker.key, report, this.nowMs);
    }
  }
}

test("who becomes slow while streams run is avoided within a second", () => {
  const slowFromMs = 5_000;
  const running = new Running(fleetOf(3), (key, nowMs) =>
    key === "w0" && nowMs >= slowFromMs ? 200 : 20,
  );
  for (const key of ["w0", "w1", "w2"]) running.start(key, 2);
  running.run(slowFromMs);
  expect(running.drag("w0")).toBe(0);
  expect(running.picksOf("w0")).toBeGreaterThan(40);
  running.run(slowFromMs + 1_000);
  expect(running.drag("w0")).toBeGreaterThan(10);
  expect(running.picksOf("w0")).toBe(0);
  expect(running.drag("w1") + running.drag("w2")).toBe(0);
});

test("one that stops and goes on, up a tenth of the time, is as slow as one that crawls", () => {
  const running = new Running(fleetOf(3), () => 2);
  for (const key of ["w1", "w2"]) running.start(key, 2);
  onDispatched(running.fleet, "w0", "stopping", wishOf(), 0);
  onFirstTokens(running.fleet, "stopping", { count: 1, cachedTokens: 0 }, 20);
  for (let turn = 1; turn <= 10; turn++) {
    running.run(200 * turn);
    // As fast as the others while it runs: nine of its ten gaps are theirs.
    for (let i = 0; i < 10; i++) {
      onTokens(running.fleet, "stopping", 1, running.nowMs + 2 * i);
    }
  }
  expect(running.itlMs("w0")).toBeCloseTo(20, -1);
  expect(running.drag("w0")).toBeGreaterThan(10);
  expect(running.picksOf("w0")).toBe(0);
});

test("it is used again when its streams are as fast as others': nobody new has to try", () => {
  const running = new Running(fleetOf(3), (key, nowMs) =>
    key === "w0" && nowMs < 5_000 ? 200 : 20,
  );
  for (const key of ["w0", "w1", "w2"]) running.start(key, 2);
  running.run(5_000);
  expect(running.picksOf("w0")).toBe(0);
  running.run(8_000);
  expect(running.drag("w0")).toBe(0);
  const back = running.picksOf("w0");
  expect(back).toBeGreaterThan(40);
  expect(back).toBeLessThan(100); // A share, and no herd to who has come back.
});

test("without streams of its own it drifts back to the usual, and is tried again", () => {
  const running = new Running(fleetOf(3), (key) => (key === "w0" ? 200 : 20));
  for (const key of ["w0", "w1", "w2"]) running.start(key, 2);
  running.run(5_000);
  for (const { id, key } of running.streams)
    if (key === "w0") onEnded(running.fleet, id, "ok", 5_000);
  running.streams.splice(0, 2);
  running.run(15_000);
  expect(running.picksOf("w0")).toBe(0);
  running.run(60_000);
  expect(running.drag("w0")).toBe(0);
  expect(running.picksOf("w0")).toBeGreaterThan(40);
  // Still slow: its first stream says so.
  running.start("w0", 1);
  running.run(62_000);
  expect(running.picksOf("w0")).toBe(0);
});

// Two draws of three workers meet the two slow ones every third time, and their middle is slow.
test("of three workers two are slow, one by what is remembered: the third gets what is new", () => {
  const slowNow = (nowMs: number): string => (nowMs < 5_000 ? "w1" : "w0");
  const running = new Running(fleetOf(3), (key, nowMs) => (key === slowNow(nowMs) ? 200 : 20));
  for (const key of ["w0", "w1", "w2"]) running.start(key, 2);
  running.run(5_000);
  for (const { id, key } of running.streams)
    if (key === "w1") onEnded(running.fleet, id, "ok", 5_000);
  running.streams.splice(2, 2);
  expect(running.picksOf("w1")).toBe(0);
  running.run(7_000);
  expect(running.itlMs("w0")).toBeGreaterThan(100);
  expect(running.itlMs("w1")).toBeGreaterThan(100);
  expect(running.picksOf("w2")).toBe(200);
});

test("who was slow while all were is not slow by that when another is fast again", () => {
  const running = new Running(fleetOf(3), (_, nowMs) => (nowMs < 4_000 ? 200 : 20));
  for (const key of ["w0", "w1", "w2"]) running.start(key, 2);
  running.run(4_000);
  for (const { id, key } of running.streams)
    if (key !== "w0") onEnded(running.fleet, id, "ok", 4_000);
  running.streams.splice(2, 4);
  running.run(8_000);
  expect(running.itlMs("w0")).toBeLessThan(30);
  for (const key of ["w1", "w2"]) expect(running.picksOf(key)).toBeGreaterThan(40);
});

test("a schema's masks are not the worker's pace", () => {
  const running = new Running(fleetOf(2), (key) => (key === "w0" ? 200 : 20));
  running.start("w0", 2, true);
  running.start("w1", 2);
  running.run(3_000);
  expect(running.itlMs("w0")).toBe(running.itlMs("w1"));
  expect(running.drag("w0")).toBe(0);
});

test("a pool that is slow as a whole has no slow worker, nor has a worker alone", () => {
  for (const workers of [1, 4]) {
    let slowMs = 20;
    const running = new Running(fleetOf(workers), () => slowMs);
    for (let i = 0; i < workers; i++) running.start(`w${i}`, 2);
    running.run(2_000);
    slowMs = 300;
    running.run(6_000);
    for (let i = 0; i < workers; i++) expect(running.drag(`w${i}`)).toBe(0);
  }
});

test("under any load who is as fast as others is not slow, who is ten times slower is", () => {
  const load = fc.record({
    streams: fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 4, maxLength: 4 }),
    prompts: fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 4, maxLength: 4 }),
    slow: fc.constantFrom(null, "w0"),
  });
  let told = 0;
  fc.assert(
    fc.property(load, ({ slow, ...drawn }) => {
      const byLoad = (of: readonly number[]): readonly number[] =>
        slow === null ? of : of.toSorted((a, b) => a - b); // The slow one has the least to do.
      const [streams, prompts] = [byLoad(drawn.streams), byLoad(drawn.prompts)];
      // A step: 8 ms, 0.2 for each stream, 0.05 for each prompt token.
      const stepMs = (i: number): number => 8 + 0.2 * streams[i]! + 0.05 * prompts[i]!;
      const itlMs = (key: string): number => stepMs(Number(key[1])) * (key === slow ? 10 : 1);
      const running = new Running(fleetOf(4), itlMs);
      // What the pool takes for a prompt token, by its first tokens: 20 ms for 768.
      streams.forEach((count, i) => running.start(`w${i}`, count));
      for (const worker of running.fleet.workers.values()) worker.first.ms = 0.05;
      running.run(3_000, (key) => prompts[Number(key[1])]!);
      for (const key of ["w0", "w1", "w2", "w3"]) {
        if (key !== slow) expect(running.drag(key), key).toBe(0);
      }
      if (slow === null || 10 * stepMs(0) < 3.5 * Math.max(...[1, 2, 3].map(stepMs))) return;
      expect(running.drag("w0")).toBeGreaterThan(0);
      told += 1;
    }),
    { numRuns: 100 },
  );
  expect(told).toBeGreaterThan(0);
});

test("a slow worker's session and prefix go on elsewhere", () => {
  const fleet = fleetOf(3);
  const running = new Running(fleet, (key, nowMs) => (key === "w0" && nowMs > 1_000 ? 200 : 20));
  const session = { session: "s", exclude: new Set(["w1", "w2"]) };
  expect(send(fleet, "home", wishOf(session), 0)).toBe("w0");
  onFirstTokens(fleet, "home", { count: 1, cachedTokens: 0 }, 20);
  for (const key of ["w0", "w1", "w2"]) running.start(key, 2);
  running.run(1_000);
  expect(pick(fleet, wishOf({ session: "s" }), 1_000)).toMatchObject({ key: "w0" });
  running.run(3_000);
  expect(pick(fleet, wishOf({ session: "s" }), 3_000)).not.toMatchObject({ key: "w0" });
});
