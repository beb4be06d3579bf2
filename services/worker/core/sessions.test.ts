import { expect, test } from "vitest";
import { randomInt, seededRandom } from "#shared/base/prng.ts";
import { figuresOf } from "./figures.ts";
import {
  checkInvariants,
  createSessionCore,
  onArrive,
  onDrain,
  onEnded,
  onEngineEnded,
  onFirstToken,
  onTime,
  promptTokensLeft,
} from "./sessions.ts";

const arrival = (id: string, fence: number, promptTokens = 10) => ({ id, fence, promptTokens });

test("a higher fence takes a live request over, an equal or lower one is refused", () => {
  const core = createSessionCore();
  expect(onArrive(core, arrival("a", 5))).toEqual({ kind: "admitted", serial: 1, replaces: null });
  expect(onArrive(core, arrival("a", 5))).toEqual({ kind: "fenced", liveFence: 5 });
  expect(onArrive(core, arrival("a", 4))).toEqual({ kind: "fenced", liveFence: 5 });
  expect(onArrive(core, arrival("a", 6))).toEqual({ kind: "admitted", serial: 2, replaces: 1 });
  onEnded(core, 1); // The old attempt's end, heard late, is not the new one's.
  expect(core.live.get("a")?.serial).toBe(2);
  onEnded(core, 2);
  expect(onArrive(core, arrival("a", 1))).toMatchObject({ kind: "admitted" });
});

test("a worker that drains lets nobody in, and is drained when the last has ended", () => {
  const core = createSessionCore();
  onArrive(core, arrival("a", 1));
  onDrain(core, 1000);
  expect(onArrive(core, arrival("b", 1))).toMatchObject({ kind: "closed" });
  expect(onTime(core, 999)).toEqual([]);
  onEnded(core, 1);
  expect(core.phase).toEqual({ kind: "drained" });
  expect(onTime(core, 2000)).toEqual([]);
});

test("what is left at the deadline is handed back once", () => {
  const core = createSessionCore();
  for (const id of ["a", "b", "c"]) onArrive(core, arrival(id, 1));
  onDrain(core, 1000);
  onDrain(core, 5000); // A second request to stop gives nobody more time.
  onEnded(core, 2);
  expect(onTime(core, 1000)).toEqual([1, 3]);
  expect(onTime(core, 1001)).toEqual([]);
  onEnded(core, 1);
  onEnded(core, 3);
  expect(core.phase).toEqual({ kind: "drained" });
});

test("figures count what was let in, also what the engine has not looked at yet", () => {
  const core = createSessionCore();
  onArrive(core, arrival("a", 1, 100));
  onArrive(core, arrival("b", 1, 20));
  onFirstToken(core, 1);
  expect(promptTokensLeft(core)).toBe(20);
  const counts = {
    ...{ step: 7, tokensOut: 3, promptTokens: 100, cachedTokens: 0, running: 1, waiting: 0 },
    ...{ blocks: 8, blocksFree: 4, lastStepSeconds: 0.02 },
  };
  const ready = { running: 1, waiting: 1, lastStepMs: 20, state: 1, promptTokensLeft: 20 };
  expect(figuresOf(core, counts, false)).toMatchObject(ready);
  // A GPU of its own is broken; a worker that drains or has failed says so instead.
  expect(figuresOf(core, counts, true)).toMatchObject({ ...ready, state: 4 });
  onDrain(core, 10);
  expect(figuresOf(core, counts, true).state).toBe(2);
  onEngineEnded(core, "stalled");
  expect(figuresOf(core, counts, true).state).toBe(3);
  expect(onArrive(core, arrival("c", 1))).toMatchObject({ kind: "closed" });
});

test("the invariants hold whatever happens in whatever order", () => {
  const seed = randomInt({ next: Math.random }, 2 ** 31);
  const random = seededRandom(seed);
  for (let round = 0; round < 200; round++) {
    const core = createSessionCore();
    const drainAt = randomInt(random, 80);
    for (let nowMs = 0; nowMs < 60; nowMs++) {
      const id = `r${randomInt(random, 5)}`;
      const kind = randomInt(random, 4);
      if (kind < 2) onArrive(core, arrival(id, randomInt(random, 10)));
      else if (kind === 2) onEnded(core, randomInt(random, 40));
      else onFirstToken(core, randomInt(random, 40));
      if (nowMs === drainAt) onDrain(core, nowMs + 5);
      onTime(core, nowMs);
      expect(() => checkInvariants(core), `seed ${seed}, round ${round}`).not.toThrow();
    }
  }
});
