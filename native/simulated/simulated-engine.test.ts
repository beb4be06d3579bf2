// The simulated engine: the suite of every engine, then what is its own: time and faults.

import { expect, test } from "vitest";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { describeEngine, type EngineHarness } from "../conformance.ts";
import type { Chunk, Generation } from "../engine.ts";
import type { EngineFailure } from "../errors.ts";
import { SimulatedEngine } from "./simulated-engine.ts";
import { linearLatency, type SimulatedOptions } from "./simulated-options.ts";

interface Simulated extends EngineHarness {
  readonly engine: SimulatedEngine;
  readonly clock: ManualClock;
}

function simulate(options: Partial<SimulatedOptions> = {}): Simulated {
  const clock = new ManualClock();
  const engine = new SimulatedEngine({ clock, timers: clock, ...options });
  const drive = async <T>(promise: Promise<T>): Promise<T> => {
    let settled = false;
    const done = (): void => void (settled = true);
    promise.then(done, done);
    for (let i = 0; !settled; i++) {
      if (i === 100_000) throw new Error("nothing happens any more");
      await clock.advanceAsync(clock.nextMs() ?? 0);
    }
    return await promise;
  };
  return { engine, clock, drive };
}

describeEngine("simulated", async (options) => simulate({ meanTokens: null, ...nonNull(options) }));

function nonNull<T extends object>(options: T): { [K in keyof T]: NonNullable<T[K]> } {
  const kept = Object.entries(options).filter(([, value]) => value != null);
  return Object.fromEntries(kept) as { [K in keyof T]: NonNullable<T[K]> };
}

const generate = (engine: SimulatedEngine, maxTokens: number, length = 10): Generation =>
  engine.generate({
    prompt: Array.from({ length }, (_, i) => i + 3),
    sampling: { maxTokens, ignoreEos: true },
  });

async function chunksOf(generation: Generation, chunks: Chunk[] = []): Promise<Chunk[]> {
  for await (const chunk of generation) chunks.push(chunk);
  return chunks;
}

const failureOf = (promise: Promise<unknown>): Promise<EngineFailure> =>
  promise.then(
    () => Promise.reject(new Error("it did not fail")),
    (reason: EngineFailure) => reason,
  );

const STEADY = {
  jitter: 0,
  latency: linearLatency({ stepMs: 10, sequenceMs: 1, prefillTokensPerSecond: 1000 }),
};

test("a step takes what the latency model says: by batch, and by tokens of prompts", async () => {
  const { engine, clock, drive } = simulate(STEADY);
  await drive(chunksOf(generate(engine, 11, 101)));
  // The prompt's first 100 tokens at 1 ms each, and eleven steps of one sequence.
  expect(clock.monotonicMs()).toBeCloseTo(100 + 11 * 11, 6);
  const before = clock.monotonicMs();
  await drive(Promise.all([1, 2, 3, 4].map(() => chunksOf(generate(engine, 1, 1)))));
  // The first begins alone; the other three share the step after it.
  expect(clock.monotonicMs() - before).toBeCloseTo(11 + 13, 6);
});

test("jitter moves steps within its bounds, the same way for the same seed", async () => {
  const timesOf = async (seed: number): Promise<number> => {
    const { engine, clock, drive } = simulate({ ...STEADY, jitter: 0.5, seed });
    await drive(chunksOf(generate(engine, 100, 1)));
    return clock.monotonicMs();
  };
  const once = await timesOf(7);
  expect(await timesOf(7)).toBe(once);
  expect(await timesOf(8)).not.toBe(once);
  expect(once).toBeGreaterThan(0.8 * 1100);
  expect(once).toBeLessThan(1.2 * 1100);
});

test("engines of one model go on with each other's output", async () => {
  const request = (resume: readonly number[]) => ({
    prompt: [5, 6, 7],
    resume,
    sampling: { maxTokens: 30, seed: 3 },
  });
  const idsOf = async (harness: Simulated, resume: readonly number[]): Promise<number[]> => {
    const chunks = await harness.drive(chunksOf(harness.engine.generate(request(resume))));
    return chunks.flatMap((chunk) => chunk.tokenIds);
  };
  const whole = await idsOf(simulate({ meanTokens: null }), []);
  const rest = await idsOf(simulate({ meanTokens: null, seed: 99 }), whole.slice(0, 12));
  expect([...whole.slice(0, 12), ...rest]).toEqual(whole);
  expect(await idsOf(simulate({ meanTokens: null, modelSeed: 2 }), [])).not.toEqual(whole);
});

test("answers end by themselves after about as many tokens as was said", async () => {
  const { engine, drive } = simulate({ meanTokens: 40 });
  const all = Array.from({ length: 60 }, (_, seed) =>
    chunksOf(engine.generate({ prompt: [9, 8], sampling: { seed, maxTokens: 1000 } })),
  );
  const lengths = (await drive(Promise.all(all))).map((chunks) => chunks.at(-1)!.index + 1);
  const mean = lengths.reduce((sum, it) => sum + it, 0) / lengths.length;
  expect(mean).toBeGreaterThan(20);
  expect(mean).toBeLessThan(80);
});

test("short of blocks, the last to come gives way, starts again and loses nothing", async () => {
  const alone = simulate({ meanTokens: null });
  const tight = simulate({ meanTokens: null, blocks: 8, prefixCache: false });
  const request = (seed: number) => ({
    prompt: [seed + 3, 4, 5],
    sampling: { seed, maxTokens: 120 },
  });
  const idsOf = async ({ engine }: Simulated, seed: number): Promise<number[]> =>
    (await chunksOf(engine.generate(request(seed)))).flatMap((chunk) => chunk.tokenIds);
  const seeds = [0, 1, 2, 3];
  const got = await tight.drive(Promise.all(seeds.map((seed) => idsOf(tight, seed))));
  expect(tight.engine.stats().preemptions).toBeGreaterThan(0);
  expect(tight.engine.stats().blocksFree).toBe(8);
  for (const seed of seeds) expect(got[seed]).toEqual(await alone.drive(idsOf(alone, seed)));
});

test("long prompts are cut into chunks while others decode", async () => {
  const { engine, drive } = simulate({ ...STEADY, stepTokens: 64 });
  const chunks: Chunk[] = [];
  const decoding = chunksOf(generate(engine, 40), chunks);
  const long = chunksOf(generate(engine, 1, 640));
  await drive(long);
  expect(chunks.length).toBeGreaterThan(9);
  await drive(decoding);
});

test("a stalled engine stands still, and goes on when the fault is lifted", async () => {
  const { engine, clock, drive } = simulate(STEADY);
  const chunks: Chunk[] = [];
  const done = chunksOf(generate(engine, 20), chunks);
  await clock.advanceAsync(60);
  const lift = engine.inject({ kind: "stall", reportAfterMs: null });
  await clock.advanceAsync(100);
  const [seen, { step, failure }] = [chunks.length, engine.stats()];
  await clock.advanceAsync(100_000);
  expect([chunks.length, engine.stats().step, failure]).toEqual([seen, step, null]);
  lift();
  lift();
  await drive(done);
  expect(chunks.at(-1)?.finish).toBe("length");
});

test("a stall that is noticed fails the engine and every request by name", async () => {
  const { engine, clock, drive } = simulate(STEADY);
  const [one, two] = [chunksOf(generate(engine, 500)), chunksOf(generate(engine, 500))];
  await clock.advanceAsync(60);
  engine.inject({ kind: "stall", reportAfterMs: 2000 });
  const failures = await drive(Promise.all([failureOf(one), failureOf(two)]));
  expect(failures.map((it) => [it.code, it.retry])).toEqual([
    ["stalled", "elsewhere"],
    ["stalled", "elsewhere"],
  ]);
  expect(await engine.ended).toMatchObject({ kind: "failed", failure: { code: "stalled" } });
  expect(engine.stats().failure).toContain("2000 ms");
  expect(() => generate(engine, 1)).toThrow(/failed/u);
  await engine.unload();
  expect(clock.pending).toBe(0);
});

test("a slow engine takes so many times as long", async () => {
  const { engine, clock, drive } = simulate(STEADY);
  engine.inject({ kind: "slow", factor: 10 });
  await drive(chunksOf(generate(engine, 10, 1)));
  expect(clock.monotonicMs()).toBeCloseTo(10 * 110, 6);
});

test("an engine dies in the middle of a stream, after what it drew was delivered", async () => {
  const { engine, drive } = simulate(STEADY);
  engine.inject({ kind: "die", afterTokens: 7, code: "internal" });
  const chunks: Chunk[] = [];
  const failure = await drive(failureOf(chunksOf(generate(engine, 50), chunks)));
  expect(failure.code).toBe("internal");
  expect(chunks.flatMap((chunk) => chunk.tokenIds)).toHaveLength(7);
  expect(chunks.every((chunk) => chunk.finish === null)).toBe(true);
});

test("an engine refuses while it is told to", async () => {
  const { engine, drive } = simulate();
  const lift = engine.inject({ kind: "refuse" });
  expect(() => generate(engine, 1)).toThrow(/refuse/u);
  lift();
  expect((await drive(chunksOf(generate(engine, 1)))).at(-1)?.finish).toBe("length");
});
