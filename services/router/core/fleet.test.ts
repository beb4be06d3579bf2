// The accounts of a fleet, its verdicts, and who may be picked.

import { expect, test } from "vitest";
import { fleetOf, progressOf, send, specOf, wishOf } from "./fleet.fixture.ts";
import { onConfirmed, onDispatched, onEnded, onFirstTokens, onProgress } from "./fleet.ts";
import { onTick, onTokens, onWorkerGone, onWorkerUp, pick } from "./fleet.ts";
import { checkInvariants } from "./invariants.ts";

test("a report takes over what it has seen and leaves the rest in flight", () => {
  const fleet = fleetOf(1);
  for (let i = 1; i <= 3; i++) send(fleet, `r${i}`, wishOf({ promptTokens: 100 }), 10);
  const worker = fleet.workers.get("w0")!;
  expect(worker.unseenTokens).toBe(300);
  onProgress(fleet, "w0", progressOf(2, { seen: 2, running: 2, promptTokensLeft: 200 }), 20);
  checkInvariants(fleet, 20);
  expect(worker.unseenTokens).toBe(100);
  // An older report that comes late changes nothing.
  onProgress(fleet, "w0", progressOf(2, { seen: 0 }), 30);
  expect(worker.progress?.promptTokensLeft).toBe(200);
  onEnded(fleet, "r3", "client_gone", 40);
  onEnded(fleet, "r3", "worker_fault", 40);
  checkInvariants(fleet, 40);
  expect(worker.unseenTokens).toBe(0);
  expect(worker.inFlight.size).toBe(2);
});

test("a worker cannot report more as seen than was sent", () => {
  const fleet = fleetOf(1);
  onProgress(fleet, "w0", progressOf(2, { seen: 1000 }), 10);
  send(fleet, "r1", wishOf(), 20);
  expect(fleet.workers.get("w0")?.unseen.size).toBe(1);
});

test("a gone worker's requests are handed back, and their ends change nothing", () => {
  const fleet = fleetOf(2);
  const at = send(fleet, "r1", wishOf(), 10);
  expect(onWorkerGone(fleet, at, 20)).toEqual(["r1"]);
  onEnded(fleet, "r1", "worker_fault", 30);
  checkInvariants(fleet, 30);
  expect(onWorkerGone(fleet, at, 40)).toEqual([]);
  expect(send(fleet, "r1", wishOf(), 50)).not.toBe(at);
});

test("only a worker of the model, with what is needed, ready, and not excluded", () => {
  const fleet = fleetOf(0);
  onWorkerUp(fleet, specOf("other", { model: "n" }), 0);
  onWorkerUp(fleet, specOf("plain", { masks: false, resume: false }), 0);
  onWorkerUp(fleet, specOf("drains"), 0);
  onProgress(fleet, "drains", progressOf(1, { state: "draining" }), 0);
  onWorkerUp(fleet, specOf("out"), 0);
  onWorkerUp(fleet, specOf("good"), 0);
  const wish = wishOf({ needs: { resume: true, masks: true }, exclude: new Set(["out"]) });
  for (let i = 0; i < 50; i++) {
    expect(pick(fleet, wish, i)).toEqual({ kind: "worker", key: "good" });
  }
});

test("a stream goes on in its own class, and crosses only where that is allowed", () => {
  const fleet = fleetOf(0);
  onWorkerUp(fleet, specOf("a", { classId: "a" }), 0);
  onWorkerUp(fleet, specOf("b", { classId: "b" }), 0);
  onWorkerUp(fleet, specOf("x", { classId: "x", isCrossable: true }), 0);
  const wish = wishOf({ classId: "a" });
  for (let i = 0; i < 20; i++) expect(pick(fleet, wish, i)).toMatchObject({ key: "a" });
  onWorkerGone(fleet, "a", 20);
  for (let i = 0; i < 20; i++) expect(pick(fleet, wish, i)).toMatchObject({ key: "x" });
  onWorkerGone(fleet, "x", 20);
  expect(pick(fleet, wish, 30)).toMatchObject({ kind: "refused", reason: "none" });
});

test("a sick worker keeps what it has and gets nothing new, also when nobody else is there", () => {
  const fleet = fleetOf(2);
  onDispatched(fleet, "w0", "r1", wishOf(), 10);
  onProgress(fleet, "w0", progressOf(2, { state: "sick", seen: 1, running: 1 }), 20);
  expect(onTick(fleet, 20)).toEqual([]);
  expect(fleet.workers.get("w0")?.inFlight.size).toBe(1);
  for (let i = 0; i < 20; i++) expect(pick(fleet, wishOf(), 20 + i)).toMatchObject({ key: "w1" });
  onWorkerGone(fleet, "w1", 50);
  expect(pick(fleet, wishOf(), 60)).toMatchObject({ kind: "refused", reason: "none" });
  checkInvariants(fleet, 60);
});

test("a stream that its worker's walltime would cut is not placed there", () => {
  const fleet = fleetOf(2);
  onProgress(fleet, "w0", progressOf(2, { walltimeLeftMs: 20_000 }), 0);
  onProgress(fleet, "w1", progressOf(2, { walltimeLeftMs: 600_000 }), 0);
  const long = wishOf({ outputTokensExpected: 1_000 }); // At 30 ms each.
  for (let i = 0; i < 20; i++) expect(pick(fleet, long, i)).toMatchObject({ key: "w1" });
  const short = wishOf({ outputTokensExpected: 10 });
  const keys = Array.from({ length: 40 }, (_, i) => pick(fleet, short, i));
  expect(keys).toContainEqual({ kind: "worker", key: "w0" });
});

test("full workers refuse with a time to come back", () => {
  const fleet = fleetOf(0, { fullRatio: 1 });
  onWorkerUp(fleet, specOf("w", { sequencesMax: 2 }), 0);
  send(fleet, "r1", wishOf({ outputTokensExpected: 100 }), 0);
  send(fleet, "r2", wishOf(), 0);
  const choice = pick(fleet, wishOf(), 1_000);
  expect(choice).toEqual({ kind: "refused", reason: "saturated", retryAfterMs: 2_000 });
  onEnded(fleet, "r1", "ok", 3_000);
  expect(pick(fleet, wishOf(), 3_000).kind).toBe("worker");
});

test("an engine that stands still with requests running hangs, once, until it moves", () => {
  const fleet = fleetOf(2);
  const verdicts: unknown[] = [];
  for (let i = 1; i <= 10; i++) {
    const nowMs = i * 250;
    onProgress(fleet, "w0", progressOf(i + 1, { engineStep: 7, running: 1 }), nowMs);
    onProgress(fleet, "w1", progressOf(i + 1, { engineStep: 7, running: 0 }), nowMs);
    verdicts.push(...onTick(fleet, nowMs));
    checkInvariants(fleet, nowMs);
  }
  expect(verdicts).toMatchObject([{ kind: "hung", key: "w0", what: "engine" }]);
  for (let i = 0; i < 20; i++) expect(pick(fleet, wishOf(), 2_500)).toMatchObject({ key: "w1" });
  onProgress(fleet, "w0", progressOf(12, { engineStep: 8, running: 1 }), 2_750);
  onProgress(fleet, "w1", progressOf(12, { engineStep: 7 }), 2_750);
  expect(onTick(fleet, 2_750)).toEqual([{ kind: "recovered", key: "w0" }]);
});

test("an engine that is heard again gets the time to move before it counts as hung", () => {
  const fleet = fleetOf(1);
  const standing = { engineStep: 7, running: 1 };
  onProgress(fleet, "w0", progressOf(2, standing), 250);
  for (let nowMs = 500; nowMs <= 2_500; nowMs += 250) onTick(fleet, nowMs);
  onConfirmed(fleet, "w0", false, 2_500);
  // Stopped and let go on: its first reports are from before its first step.
  const kinds: string[] = [];
  for (let i = 0; i < 7; i++) {
    const nowMs = 2_750 + i * 250;
    onProgress(fleet, "w0", progressOf(3 + i, standing), nowMs);
    kinds.push(...onTick(fleet, nowMs).map(({ kind }) => `${kind} at ${nowMs}`));
  }
  expect(kinds).toEqual(["recovered at 2750", "hung at 4000"]);
});

test("a blocked event loop hangs, and recovers idle", () => {
  const fleet = fleetOf(1);
  onProgress(fleet, "w0", progressOf(2, { loopLagMs: 1_500 }), 250);
  expect(onTick(fleet, 250)).toMatchObject([{ kind: "hung", what: "loop" }]);
  onProgress(fleet, "w0", progressOf(3, { engineStep: 2, loopLagMs: 0 }), 500);
  expect(onTick(fleet, 500)).toMatchObject([{ kind: "recovered" }]);
});

test("slow steps are not a hang", () => {
  const fleet = fleetOf(1);
  for (let i = 1; i <= 40; i++) {
    const report = { engineStep: Math.floor(i / 4), running: 3, lastStepMs: 1_000 };
    onProgress(fleet, "w0", progressOf(i + 1, report), i * 250);
    expect(onTick(fleet, i * 250)).toEqual([]);
  }
});

test("silence asks for confirmation, and only a silent serving connection condemns", () => {
  const fleet = fleetOf(2);
  const tick = (nowMs: number): unknown[] => {
    onProgress(fleet, "w1", progressOf(nowMs), nowMs);
    return onTick(fleet, nowMs);
  };
  for (const nowMs of [250, 500, 750]) expect(tick(nowMs)).toEqual([]);
  expect(tick(1_000)).toEqual([{ kind: "suspect", key: "w0", silentMs: 1_000 }]);
  expect(tick(1_250)).toEqual([]);
  expect(pick(fleet, wishOf(), 1_250)).toMatchObject({ key: "w1" });
  onConfirmed(fleet, "w0", true, 1_300);
  const keys = Array.from({ length: 40 }, () => pick(fleet, wishOf(), 1_300));
  expect(keys).toContainEqual({ kind: "worker", key: "w0" });
  // Confirmed for a second; then it is asked again, and does not answer.
  for (const nowMs of [1_500, 1_750, 2_000, 2_250]) expect(tick(nowMs)).toEqual([]);
  expect(tick(2_500)).toMatchObject([{ kind: "suspect", key: "w0" }]);
  onConfirmed(fleet, "w0", false, 2_600);
  for (let i = 0; i < 20; i++) expect(pick(fleet, wishOf(), 2_600)).toMatchObject({ key: "w1" });
  onProgress(fleet, "w0", progressOf(2), 2_700);
  expect(tick(2_750)).toEqual([{ kind: "recovered", key: "w0" }]);
});

test("a pause of this process is nobody else's silence", () => {
  const fleet = fleetOf(3);
  onTick(fleet, 250);
  expect(onTick(fleet, 10_000)).toEqual([]);
  expect(onTick(fleet, 10_250)).toEqual([]);
});

test("tokens that come after the end, or before the first, are taken as they are", () => {
  const fleet = fleetOf(1);
  send(fleet, "r1", wishOf(), 0);
  onTokens(fleet, "r1", 1, 100);
  onTokens(fleet, "r1", 15, 400);
  const worker = fleet.workers.get("w0")!;
  expect(worker.pace.itl.ms).toBe(20);
  expect(worker.awaiting.size).toBe(0);
  onEnded(fleet, "r1", "ok", 410);
  onFirstTokens(fleet, "r1", { count: 1, cachedTokens: 0 }, 420);
  checkInvariants(fleet, 420);
  expect(() => onDispatched(fleet, "nobody", "r2", wishOf(), 0)).toThrow("pick again");
});
