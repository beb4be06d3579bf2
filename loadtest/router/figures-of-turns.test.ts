// What is made of timings, ticks and turns.

import { expect, test } from "vitest";
import { closedLoop } from "./closed-loop.ts";
import type { MeasuredTurn } from "./contestants.ts";
import { latencyFigures } from "./latency-figures.ts";
import { arrivalsMs, openLoop } from "./open-loop.ts";
import { cpuSecondsOf } from "./process-cpu.ts";
import { httpRequestOf, promptOf } from "./requests.ts";
import { DIRECT, rowsOf } from "./rows.ts";
import { holds, perCore, ROUTER, verdictsOf } from "./targets.ts";

const stream = { startedMs: 100, messageMs: [110, 112, 118], endedMs: 120, tokens: 6 };

test("latency is called what others call it", () => {
  expect(latencyFigures([stream])).toEqual({
    ttftMs: { p50: 10, p99: 10 },
    tpotMs: { p50: 2, p99: 2 },
    itlMs: { p50: 2, p99: 6 },
    e2elMs: { p50: 20, p99: 20 },
  });
});

test("a process's ticks are found behind any name", () => {
  const stat = "12 (a) b (c) S 1 12 12 0 -1 4194560 5 0 0 0 250 50 0 0 20 0 1 0 9";
  expect(cpuSecondsOf(stat)).toBe(3);
});

test("rows are medians, and what is added is against the direct call", () => {
  const turn = (streams: number, ms: number, proxySeconds: number): MeasuredTurn => ({
    ...{ streams, tokens: 8 * streams, messages: 4 * streams, seconds: 2, errors: [] },
    ...{ proxySeconds, outside: 0.1 },
    latency: latencyFigures([{ startedMs: 0, messageMs: [ms], endedMs: 2 * ms, tokens: 8 }]),
  });
  const load = { inFlight: 1, tokens: 8, warmMs: 0, countedMs: 2_000 };
  const turns = new Map([
    [DIRECT, [turn(10, 1, 0)]],
    ["router", [turn(10, 3, 0.001), turn(20, 4, 0.004), turn(30, 90, 0.003)]],
  ]);
  const [direct, router] = rowsOf({ load, paced: true, turns });
  expect(direct).toMatchObject({ cpuUsPerStream: null, addedTtftP50Ms: null, ttftP50Ms: 1 });
  expect(router).toMatchObject({
    ...{ streamsPerSecond: 10, tokensPerMessage: 2, addedTtftP50Ms: 3, addedE2elP50Ms: 6 },
    ...{ cpuUsPerStream: 100, cpuUsPerToken: 12.5 },
  });
});

test("per core is the peer's cost over ours, and unknown where one was not measured", () => {
  const row = { inFlight: 32, outputTokens: 64, paced: true };
  const rows = [
    { ...row, contestant: ROUTER, cpuUsPerStream: 50 },
    { ...row, contestant: "grpc-js", cpuUsPerStream: 100 },
    { ...row, contestant: ROUTER, inFlight: 1, paced: false, addedTtftP50Ms: 2 },
  ] as unknown as Parameters<typeof perCore>[0];
  expect(perCore(rows, ROUTER, "grpc-js")).toBe(2);
  expect(perCore(rows, ROUTER, "haproxy")).toBeNull();
  const verdicts = verdictsOf(rows, { grpc: [], http: [] });
  expect(verdicts.map(({ met }) => met)).toEqual([true, null, false, false, false]);
});

test("a rate holds when everything was answered in time", async () => {
  const load = { perSecond: 500, tokens: 2, warmMs: 0, countedMs: 40, inFlightMax: 4 };
  const quick = await openLoop(
    load,
    (tokens, dueMs) =>
      Promise.resolve({ startedMs: dueMs, messageMs: [dueMs], endedMs: dueMs + 1, tokens }),
    1,
  );
  expect(quick.answered).toBe(quick.due);
  expect(holds(quick)).toBe(true);
  const never = await openLoop(load, () => Promise.reject(new Error("no")), 1);
  expect(never.errors).toBe(never.due);
  expect(holds(never)).toBe(false);
});

test("arrivals come at their rate, the same for the same seed", () => {
  const due = arrivalsMs(1_000, 10_000, 7);
  expect(Math.abs(due.length - 10_000)).toBeLessThan(400);
  expect(due).toEqual(arrivalsMs(1_000, 10_000, 7));
});

test("a closed loop counts what ends in the counted time, and gives up on errors", async () => {
  const parts: string[] = [];
  const load = { inFlight: 2, tokens: 3, warmMs: 5, countedMs: 20 };
  const wait = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));
  const turn = await closedLoop(
    load,
    async (tokens) => {
      const startedMs = performance.now();
      await wait();
      return { startedMs, messageMs: [performance.now()], endedMs: performance.now(), tokens };
    },
    (part) => parts.push(part),
  );
  expect(parts).toEqual(["begins", "ends"]);
  expect(turn.tokens).toBe(3 * turn.streams);
  const failed = await closedLoop(load, () => Promise.reject(new Error("refused")));
  expect(failed).toMatchObject({ streams: 0, tokens: 0 });
  expect(failed.errors).toContain("refused");
});

test("prompts are 32 ids of the vocabulary, and the body is as long as it says", () => {
  for (const serial of [0, 1, 63]) {
    expect(promptOf(serial)).toHaveLength(32);
    expect(Math.max(...promptOf(serial))).toBeLessThan(32_000);
  }
  const [head = "", body = ""] = httpRequestOf(1, 8).toString().split("\r\n\r\n");
  expect(head).toContain(`content-length: ${body.length}`);
  expect(JSON.parse(body)).toMatchObject({ max_tokens: 8, stream: true, return_token_ids: true });
});
