// Warming up computes what it was told to, a little at a time, only while nobody is served.

import { expect, onTestFinished, test } from "vitest";
import type { Engine, Generation, PartialRequest, SimulatedOptions } from "#native/index.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import type { Prefix } from "./core/prefix-tally.ts";
import { IdleGate } from "./idle-gate.ts";
import { WarmUp } from "./warm-up.ts";
import { simulatedEngine } from "./worker-world.fixture.ts";

const BLOCK = 32;

/** Blocks of tokens that no other `seed` has. */
function idsOf(seed: number, blocks: number): number[] {
  return Array.from({ length: blocks * BLOCK }, (_, at) => seed * 100 + (at % 97));
}

function prefix(tokenIds: readonly number[], shared = 0, salt = ""): Prefix {
  return { tokenIds, shared, salt };
}

function world(prefixes: readonly Prefix[], options: Partial<SimulatedOptions> = {}) {
  const clock = new ManualClock();
  const simulated = simulatedEngine({ clock, timers: clock, latency: () => 10, ...options });
  onTestFinished(() => simulated.unload());
  const asked: PartialRequest[] = [];
  let served = 0;
  const engine: Engine = {
    ...{ model: simulated.model, ended: simulated.ended },
    stats: () => simulated.stats(),
    kvEvents: (from) => simulated.kvEvents(from),
    clearPrefixCache: () => simulated.clearPrefixCache(),
    unload: () => simulated.unload(),
    generate: (request): Generation => {
      asked.push(request);
      return simulated.generate(request);
    },
  };
  const gate = new IdleGate({ isIdle: () => served === 0, clock, timers: clock });
  onTestFinished(() => gate.close());
  let warmed = 0;
  const onWarmed = (count: number): void => void (warmed += count);
  const warmUp = new WarmUp({ engine, gate, prefixes, onWarmed });
  return {
    ...{ clock, engine: simulated, asked, gate, warmUp },
    warmed: () => warmed,
    serve: (change: 1 | -1) => {
      served += change;
      gate.onBusy();
      warmUp.onBusy();
    },
    /** Of a prompt, how many tokens its cache has. */
    cachedOf: async (prompt: readonly number[], cacheSalt = ""): Promise<number> => {
      const sampling = { maxTokens: 1, ignoreEos: true };
      const generation = simulated.generate({ prompt: [...prompt, 1], cacheSalt, sampling });
      let cached = 0;
      const read = (async () => {
        for await (const chunk of generation) cached = chunk.cachedTokens ?? cached;
      })();
      await clock.advanceAsync(1_000);
      await read;
      return cached;
    },
  };
}

test("prefixes are in the cache afterwards, each under its own salt, and counted once", async () => {
  const system = idsOf(1, 10);
  const prefixes = [
    prefix([...system, ...idsOf(2, 3)]),
    prefix([...system, ...idsOf(3, 2)], 10),
    prefix(idsOf(4, 1), 0, "tenant"),
  ];
  const { warmUp, clock, asked, warmed, cachedOf } = world(prefixes);
  const run = warmUp.run();
  await clock.advanceAsync(5_000);
  await run;
  expect(warmed()).toBe(10 + 3 + 2 + 1);
  // What they share is not gone through again, piece by piece.
  const blocks = asked.map(({ prompt }) => Math.floor(prompt.length / BLOCK));
  expect(blocks).toEqual([4, 8, 12, 13, 12, 1]);
  expect(new Set(asked.map(({ priority }) => priority))).toEqual(new Set([2 ** 31 - 1]));
  for (const { tokenIds, salt } of prefixes) {
    expect(await cachedOf(tokenIds, salt)).toBe(tokenIds.length);
  }
  expect(await cachedOf(idsOf(4, 1), "")).toBe(0);
  expect(await cachedOf(idsOf(4, 1), "other")).toBe(0);
});

test("who comes ends the piece under way; it goes on when nobody has been served for a moment", async () => {
  // A piece takes four steps of 10 ms, and one more.
  const options = { stepTokens: BLOCK };
  const all = world([prefix(idsOf(1, 40))], options);
  const { warmUp, clock, engine, asked, warmed, serve, cachedOf } = all;
  const run = warmUp.run();
  await clock.advanceAsync(65);
  expect([engine.stats().running, asked.length, warmed()]).toEqual([1, 2, 4]);
  serve(1);
  await clock.advanceAsync(10); // The step under way.
  expect(engine.stats().running + engine.stats().waiting).toBe(0);
  await clock.advanceAsync(60_000);
  serve(-1);
  await clock.advanceAsync(400);
  expect([asked.length, warmed()]).toEqual([2, 4]);
  await clock.advanceAsync(5_000);
  await run;
  expect(await cachedOf(idsOf(1, 40))).toBe(40 * BLOCK);
  expect(warmed()).toBe(38); // Two were done of the piece that was cut off.
});

test("a cache that is full of what others computed is left as it is", async () => {
  const { warmUp, clock, engine, asked, warmed } = world([prefix(idsOf(1, 30))], {
    blocks: 20,
  });
  const run = warmUp.run();
  await clock.advanceAsync(5_000);
  await run;
  expect(warmed()).toBe(16);
  expect(asked).toHaveLength(4);
  expect(engine.stats().blocksCached).toBe(16);
});

test("a prefix that the engine does not take costs the next ones nothing", async () => {
  const tooLong = prefix(idsOf(1, 40).map(() => -1));
  const { warmUp, clock, warmed } = world([tooLong, prefix(idsOf(2, 3))]);
  const run = warmUp.run();
  await clock.advanceAsync(5_000);
  await run;
  expect(warmed()).toBe(3);
});

test("it ends with the gate, and with the engine", async () => {
  const closing = world([prefix(idsOf(1, 40))]);
  closing.serve(1);
  const waits = closing.warmUp.run();
  closing.gate.close();
  await waits;
  expect(closing.asked).toEqual([]);
  const ending = world([prefix(idsOf(1, 40))]);
  await ending.engine.unload();
  await ending.warmUp.run();
  expect(ending.asked).toEqual([]);
});
