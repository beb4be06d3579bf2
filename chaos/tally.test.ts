// What counts as what: verdicts about streams, what rounds add up to, and what a run that was cut
// off goes on from.

import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import type { ChatOutcome } from "../services/cli/serving/chat-stream.ts";
import { RoundJournal } from "./journal.ts";
import { matrixPage } from "./matrix.ts";
import { judgeNewcomers } from "./newcomers.ts";
import { RouterLog } from "./router-log.ts";
import { compare, longestPauseMs, stopStringOf } from "./stories.ts";
import { countsOf, failuresOf, tallyOf, timesOf, type RoundRecord } from "./tally.ts";

const TOLD: ChatOutcome = {
  ...{ text: "One two three.", tokens: 4, finish: "length" },
  ...{ arrivedAt: [10, 20, 120, 125], eventIds: [0, 1, 2, 3] },
};

test.each([
  ["same", {}],
  ["lost", { text: "One two.", tokens: 3 }],
  ["repeated", { text: "One two two three.", tokens: 5 }],
  ["repeated", { eventIds: [0, 1, 1, 2] }],
  ["changed", { text: "One two four." }],
  ["changed", { finish: "stop" }],
])("a stream is %s: %j", (kind, change) => {
  expect(compare(TOLD, { ...TOLD, ...change }).kind).toBe(kind);
});

test("the pause is the longest that ends after the blow", () => {
  expect(longestPauseMs(TOLD, 0)).toBe(100);
  expect(longestPauseMs(TOLD, 121)).toBe(5);
  expect(longestPauseMs(TOLD, 200)).toBe(0);
});

test("a stop string stands late in its text, and nowhere before", () => {
  const text = `${"the lamp was lit and ".repeat(8)}then a train came by, slowly.`;
  const stop = stopStringOf(text);
  expect(text.indexOf(stop)).toBeGreaterThan(0.6 * text.length);
  expect(stop).toMatch(/\w\W+\w/u);
  expect(() => stopStringOf("a b c ".repeat(40))).toThrow("without a place");
});

const ROUND: RoundRecord = {
  ...{ fault: "kill", number: 0, missed: 2, hit: 1, noticedMs: 40, wronglyEjected: ["worker-2"] },
  newcomers: { sent: 24, there: 1 },
  wrong: ["it slept"],
  streams: [
    { kind: "schema", moves: 1, pauseMs: 250, verdict: { kind: "same" } },
    { kind: "greedy", moves: 0, pauseMs: 9, verdict: { kind: "lost", what: "3 of 4" } },
  ],
};

test("rounds add up; pauses are those of the streams that moved", () => {
  expect(tallyOf([ROUND, { ...ROUND, number: 1, noticedMs: 60 }])).toEqual({
    ...{ rounds: 2, missed: 4, hit: 2, streams: 4, moved: 2 },
    ...{ lost: 2, repeated: 0, changed: 0, errors: 0, wronglyEjected: 2 },
    newcomers: { sent: 48, there: 2 },
    noticedMs: { p50: 60, p99: 60, max: 60 },
    gapMs: { p50: 250, p99: 250, max: 250 },
  });
  expect(failuresOf(ROUND)).toEqual([
    "kill, round 1: lost (greedy): 3 of 4",
    "kill, round 1: it slept",
  ]);
  expect(timesOf([])).toEqual({ p50: 0, p99: 0, max: 0 });
});

test.each([
  ["avoided", 4, 200],
  ["chosen", 8, 200],
  ["chosen", 24, 200],
  ["unslow", 8, 30],
] as const)("a slow worker is %s: %d of 24 new streams there, in %d ms", (verdict, there, ms) => {
  const elsewhere = Array.from({ length: 24 - there }, () => 12);
  expect(judgeNewcomers({ there: Array.from({ length: there }, () => ms), elsewhere })).toBe(
    verdict,
  );
});

test("a run that was cut goes on with the rounds that were whole", () => {
  const directory = tempDirectory("chaos");
  onTestFinished(directory.remove);
  const file = join(directory.path, "rounds.jsonl");
  const head = { seed: 4, where: "here" };
  RoundJournal.open(file, head).add(ROUND);
  appendFileSync(file, '{"fault":"ki');
  const again = RoundJournal.open(file, head);
  expect(again.rounds).toEqual([ROUND]);
  again.add({ ...ROUND, number: 1 });
  expect(RoundJournal.open(file, head).rounds).toHaveLength(2);
  expect(readFileSync(file, "utf8").split("\n")).toHaveLength(4);
  expect(() => RoundJournal.open(file, { ...head, seed: 5 })).toThrow("of seed 4");
});

test("the router's log says who was given up, when, and what streams took", () => {
  const directory = tempDirectory("chaos");
  onTestFinished(directory.remove);
  const file = join(directory.path, "router.log");
  const blowMs = Date.parse("2026-01-01T00:00:01.000Z");
  const at = (ms: number, line: object): string =>
    `${JSON.stringify({ time: new Date(blowMs + ms).toISOString(), ...line })}\n`;
  writeFileSync(file, at(10, { worker: "worker-1/a", msg: "worker left" }));
  const log = new RouterLog([file]);
  for (const line of [
    at(-5, { worker: "worker-3/c", msg: "worker left" }),
    at(20, { worker: "worker-1/a", msg: "worker joined" }),
    at(45, { worker: "worker-1/a", msg: "worker is gone or stopped" }),
    at(50, { worker: "worker-2/b", reason: "it stood still", msg: "worker hangs" }),
    at(60, { request_id: "r1", attempts: 2, msg: "request ended" }),
    '{"cut by a full disk',
  ]) {
    appendFileSync(file, line);
  }
  expect(log.noticedAfterMs("worker-1", blowMs)).toBe(45);
  expect(log.noticedAfterMs("worker-3", blowMs)).toBeNull();
  expect(log.givenUp(blowMs, (worker) => worker !== "worker-1")).toEqual([
    "worker-2: it stood still",
  ]);
  expect(log.attempts()).toEqual(new Map([["r1", 2]]));
});

test("the page has a row for each fault and kind, and says what missed its target", () => {
  const page = matrixPage({
    ...{ seed: 4, rounds: 2, where: "Here.", minutes: 1, failures: ["kill, round 1: it slept"] },
    faults: {
      ...{ kill: tallyOf([ROUND]), cut: tallyOf([{ ...ROUND, streams: [], newcomers: null }]) },
      slow: tallyOf([{ ...ROUND, newcomers: { sent: 24, there: 3 } }]),
    },
    kinds: { schema: countsOf(ROUND.streams) },
    skipped: { "disk-full": "needs root" },
  });
  expect(page).toContain("| 40 | 40 | 1 | 2 | 1 | 1 | 0 | 0 | 0 | 1 | 250 | 250 |");
  expect(page).toContain("| held to a JSON schema | 2 | 1 | 1 | 0 | 0 | 0 |");
  expect(page).toContain("| pause after `kill -9`, p99 | 300 | 250 | met |");
  expect(page).toContain("3 of 24 new streams went to the slow worker; three workers in turn");
  expect(page).toContain("What did not hold:\n\n- kill, round 1: it slept\n");
  expect(page).toContain("`disk-full` was left out: needs root.");
});
