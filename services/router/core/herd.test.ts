// Herds, ping-pong, wedges and false ejections that other routers were seen with; each test names
// the case.

import { expect, test } from "vitest";
import { fleetOf, progressOf, send, specOf, wishOf } from "./fleet.fixture.ts";
import { newFleet, onEnded, onFirstTokens, onProgress, onTick, onWorkerGone } from "./fleet.ts";
import { FLEET_DEFAULTS, onWorkerUp, pick, POLICIES } from "./fleet.ts";
import type { Fleet, Outcome, Policy } from "./fleet.ts";
import { checkInvariants, ejected } from "./invariants.ts";
import { prefixHashes } from "./prefix-hash.ts";
import { trip } from "./breaker.ts";

function shares(keys: readonly string[]): number[] {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return [...counts.values()].toSorted((a, b) => a - b);
}

function prefixOf(seed: number, tokens = 512): bigint[] {
  return prefixHashes(
    Array.from({ length: tokens }, (_, i) => seed * 1_000 + i),
    "",
  );
}

test.each(POLICIES)("448/0: two equal workers share (%s)", (policy) => {
  const fleet = fleetOf(2, { policy });
  const keys: string[] = [];
  for (let i = 0; i < 448; i++) {
    const wish = wishOf({ prefix: prefixOf(i % 40) });
    keys.push(send(fleet, `r${i}`, wish, i));
    if (i >= 8) onEnded(fleet, `r${i - 8}`, "ok", i);
  }
  const [few = 0] = shares(keys);
  expect(keys.length).toBe(448);
  expect(shares(keys).length).toBe(2);
  expect(few).toBeGreaterThan(448 * 0.3);
});

test.each(["latency", "least_loaded"] as const)(
  "8/8: polled load alone does not send all to one (%s)",
  (policy) => {
    const fleet = fleetOf(2, { policy });
    // One looks idle, the other not, and no report comes for the next 8.
    onProgress(fleet, "w0", progressOf(2, { running: 2, promptTokensLeft: 1_000 }), 0);
    onProgress(fleet, "w1", progressOf(2), 0);
    const keys = Array.from({ length: 8 }, (_, i) => send(fleet, `r${i}`, wishOf(), 1));
    expect(shares(keys).length).toBe(2);
    expect(shares(keys)[0]).toBeGreaterThanOrEqual(2);
  },
);

test("16 routers with stale figures do not pick the same worker", () => {
  for (const silentMs of [0, 200, 2_000]) {
    const keys = Array.from({ length: 16 }, (_, router) => {
      const fleet = fleetOf(16, {}, 100 + router);
      // w3 looks best to all of them.
      for (let i = 0; i < 16; i++) {
        const busy = i === 3 ? {} : { running: 8, promptTokensLeft: 4_000, blocksFree: 3_000 };
        onProgress(fleet, `w${i}`, progressOf(2, busy), 0);
      }
      return Array.from({ length: 4 }, (_, i) => send(fleet, `r${i}`, wishOf(), silentMs));
    }).flat();
    const most = shares(keys).at(-1) ?? 0;
    expect(most).toBeLessThanOrEqual(16); // Of 64; argmin would send it at least 16, mostly more.
    expect(shares(keys).length).toBeGreaterThanOrEqual(12);
  }
});

test("no ping-pong: a prefix and a session stay while the other worker is only a little better", () => {
  const fleet = fleetOf(2);
  const wish = wishOf({ prefix: prefixOf(1), session: "s" });
  const home = send(fleet, "first", wish, 0);
  onFirstTokens(fleet, "first", { count: 1, cachedTokens: 0 }, 50);
  onEnded(fleet, "first", "ok", 60);
  const keys: string[] = [];
  for (let i = 1; i <= 50; i++) {
    const nowMs = i * 250;
    const busy = { running: 1, promptTokensLeft: 300 };
    for (const key of ["w0", "w1"]) {
      onProgress(fleet, key, progressOf(i + 1, { seen: i, ...(key === home ? busy : {}) }), nowMs);
    }
    onTick(fleet, nowMs);
    keys.push(send(fleet, `r${i}`, wish, nowMs));
    onEnded(fleet, `r${i}`, "ok", nowMs + 100);
  }
  expect(new Set(keys)).toEqual(new Set([home]));
});

test("a hot prefix does not bury its worker: others take over, and the fleet does not flip", () => {
  const fleet = fleetOf(4);
  const wish = wishOf({ prefix: prefixOf(1) });
  const keys = Array.from({ length: 200 }, (_, i) => send(fleet, `r${i}`, wish, i));
  expect(shares(keys).length).toBe(4);
  expect(shares(keys).at(-1)).toBeLessThanOrEqual(50 * 1.25 + 3);
});

test("cold prompts go by load, not to whoever has the smallest history", () => {
  const fleet = fleetOf(3);
  // w2 has just come and has no history; the others are as idle.
  for (let i = 0; i < 60; i++) {
    const prefix = prefixOf(i);
    const key = send(fleet, `warm${i}`, wishOf({ prefix, exclude: new Set(["w2"]) }), i);
    onFirstTokens(fleet, `warm${i}`, { count: 1, cachedTokens: 0 }, i + 30);
    onEnded(fleet, `warm${i}`, "ok", i + 30);
    expect(key).not.toBe("w2");
  }
  const keys = Array.from({ length: 90 }, (_, i) =>
    send(fleet, `cold${i}`, wishOf({ prefix: prefixOf(1_000 + i) }), 100_000 + i),
  );
  expect(shares(keys).length).toBe(3);
  expect(shares(keys).at(-1)).toBeLessThan(60);
});

test("one cold answer of a new worker does not keep it idle", () => {
  const fleet = fleetOf(3);
  const answer = (key: string, tookMs: number, nowMs: number): void => {
    const id = `${key} at ${nowMs}`;
    const exclude = new Set(["w0", "w1", "w2"].filter((each) => each !== key));
    send(fleet, id, wishOf({ exclude }), nowMs);
    onFirstTokens(fleet, id, { count: 1, cachedTokens: 0 }, nowMs + tookMs);
    onEnded(fleet, id, "ok", nowMs + tookMs);
  };
  for (let i = 0; i < 20; i++) for (const key of ["w0", "w1"]) answer(key, 30, i * 40);
  onTick(fleet, 800);
  answer("w2", 300, 800);
  onTick(fleet, 6_000); // Its peak is forgotten, its pace is not.
  const keys = Array.from({ length: 30 }, (_, i) => send(fleet, `r${i}`, wishOf(), 6_000));
  expect(keys.filter((key) => key === "w2").length).toBeGreaterThan(3);
});

test("a prefill-only worker half open is not stuck for ever", () => {
  const fleet = fleetOf(2);
  trip(fleet.workers.get("w0")!.breaker, fleet.options.breaker, fleet.random, 0);
  let nowMs = 60_000;
  // The first probe is lost: nobody ever tells what became of it.
  expect(send(fleet, "lost", wishOf(), nowMs)).toBe("w0");
  nowMs += fleet.options.breaker.probeLeaseMs;
  // The next ones end without a token, as a prefill does.
  for (const id of ["a", "b", "c"]) {
    expect(send(fleet, id, wishOf(), nowMs)).toBe("w0");
    onEnded(fleet, id, "ok", nowMs + 10);
  }
  expect(fleet.workers.get("w0")?.breaker.state.kind).toBe("closed");
});

test("half open, a probe whose client goes away makes room for the next", () => {
  const fleet = fleetOf(2);
  trip(fleet.workers.get("w0")!.breaker, fleet.options.breaker, fleet.random, 0);
  for (let i = 0; i < 20; i++) {
    expect(send(fleet, `r${i}`, wishOf(), 60_000 + i)).toBe("w0");
    onEnded(fleet, `r${i}`, i % 2 === 0 ? "client_gone" : "backpressure", 60_000 + i);
  }
  expect(send(fleet, "urgent", wishOf({ priority: "critical" }), 60_100)).toBe("w1");
});

test("400s and 429s open no breaker", () => {
  const fleet = fleetOf(3);
  const fates: Outcome[] = ["request_fault", "backpressure", "client_gone"];
  for (let i = 0; i < 300; i++) {
    send(fleet, `r${i}`, wishOf(), i);
    onEnded(fleet, `r${i}`, fates[i % 3] ?? "ok", i);
  }
  for (const worker of fleet.workers.values()) expect(worker.breaker.state.kind).toBe("closed");
});

test("a worker that fails alone is out, a fleet that fails whole is not", () => {
  const fleet = fleetOf(4);
  const fail = (key: string): void => {
    const exclude = new Set(["w0", "w1", "w2", "w3"].filter((each) => each !== key));
    for (let i = 0; i < 5; i++) {
      send(fleet, `${key}-${i}`, wishOf({ exclude }), 10);
      onEnded(fleet, `${key}-${i}`, "worker_fault", 10);
    }
  };
  fail("w0");
  const pool = fleet.pools.get("m")!;
  expect(ejected(fleet, pool, 10).map((worker) => worker.key)).toEqual(["w0"]);
  for (let i = 0; i < 30; i++) expect(pick(fleet, wishOf(), 10)).not.toMatchObject({ key: "w0" });
  fail("w1");
  expect(ejected(fleet, pool, 10).length).toBe(2);
  fail("w2");
  expect(ejected(fleet, pool, 10)).toEqual([]);
  const keys = Array.from({ length: 100 }, () => pick(fleet, wishOf(), 10));
  expect(new Set(keys.map((choice) => (choice.kind === "worker" ? choice.key : ""))).size).toBe(4);
});

test("one worker alone is never held out", () => {
  const fleet = fleetOf(1);
  for (let i = 0; i < 50; i++) {
    send(fleet, `r${i}`, wishOf(), i);
    onEnded(fleet, `r${i}`, "worker_fault", i);
  }
  expect(pick(fleet, wishOf(), 60).kind).toBe("worker");
});

test.each(POLICIES)(
  "all workers gone: refusals with Retry-After, no loop (%s)",
  (policy: Policy) => {
    const fleet = fleetOf(3, { policy });
    send(fleet, "r", wishOf({ session: "s", prefix: prefixOf(1) }), 0);
    for (const key of ["w0", "w1", "w2"]) onWorkerGone(fleet, key, 10);
    checkInvariants(fleet, 10);
    for (let i = 0; i < 1_000; i++) {
      const choice = pick(fleet, wishOf({ session: "s", prefix: prefixOf(1) }), 20 + i);
      expect(choice).toEqual({ kind: "refused", reason: "none", retryAfterMs: 5_000 });
    }
    expect(onTick(fleet, 2_000)).toEqual([]);
    onWorkerUp(fleet, specOf("w3"), 2_000);
    const wish = wishOf({ session: "s", prefix: prefixOf(1) });
    expect(pick(fleet, wish, 2_000)).toEqual({ kind: "worker", key: "w3" });
  },
);

test("reports stop for everybody: nobody is ejected while the serving connections answer", () => {
  const fleet = fleetOf(4);
  for (let nowMs = 250; nowMs <= 20_000; nowMs += 250) onTick(fleet, nowMs);
  for (const worker of fleet.workers.values()) expect(worker.health.kind).toBe("suspect");
  const keys = Array.from({ length: 100 }, (_, i) => send(fleet, `r${i}`, wishOf(), 20_000));
  expect(shares(keys)).toHaveLength(4);
  expect(shares(keys).at(-1)).toBeLessThan(40); // In flight stands in for what is not reported.
});

test("a slow worker is left alone before it is ejected, and long prompts are not slowness", () => {
  const fleet = newFleet({ ...FLEET_DEFAULTS, slowStartMs: 0 }, 5, 0);
  for (let i = 0; i < 4; i++) onWorkerUp(fleet, specOf(`w${i}`), 0);
  const sentTo = { slow: 0, others: 0 };
  for (let i = 0; i < 400; i++) {
    const nowMs = i * 50;
    const wish = wishOf({ promptTokens: i % 2 === 0 ? 200 : 20_000 });
    const key = send(fleet, `r${i}`, wish, nowMs);
    if (key === "w0") sentTo.slow += 1;
    else sentTo.others += 1;
    const tookMs = (wish.promptTokens + 256) * (key === "w0" ? 1 : 0.1);
    onFirstTokens(fleet, `r${i}`, { count: 1, cachedTokens: 0 }, nowMs + tookMs);
    onEnded(fleet, `r${i}`, "ok", nowMs + tookMs);
    onTick(fleet, nowMs);
  }
  expect(sentTo.slow).toBeLessThan(sentTo.others / 3 / 4);
  for (const key of ["w1", "w2", "w3"]) {
    expect(fleet.workers.get(key)?.breaker.state.kind).toBe("closed");
  }
});

test("affinity is bounded by load: streams that only decode do not pile up where the prefix is", () => {
  const fleet = fleetOf(4);
  const wish = wishOf({ promptTokens: 16_384, prefix: prefixOf(1, 16_384) });
  const keys: string[] = [];
  for (let i = 0; i < 40; i++) {
    keys.push(send(fleet, `r${i}`, wish, i * 100));
    onFirstTokens(fleet, `r${i}`, { count: 1, cachedTokens: null }, i * 100 + 50);
  }
  expect(shares(keys).length).toBeGreaterThanOrEqual(3);
  expect(shares(keys).at(-1)).toBeLessThanOrEqual(10 * 1.25 + 3);
});

test("a worker that was slow once is tried again, and taken back when it is not slow any more", () => {
  const fleet = fleetOf(2);
  const keys: string[] = [];
  for (let i = 0; i < 1_200; i++) {
    const nowMs = i * 100;
    for (const key of ["w0", "w1"]) {
      onProgress(fleet, key, progressOf(i + 2, { seen: i, engineStep: i }), nowMs);
    }
    onTick(fleet, nowMs);
    const key = send(fleet, `r${i}`, wishOf(), nowMs);
    keys.push(key);
    const tookMs = key === "w0" && nowMs < 20_000 ? 900 : 50;
    onFirstTokens(fleet, `r${i}`, { count: 1, cachedTokens: 0 }, nowMs + tookMs);
    onEnded(fleet, `r${i}`, "ok", nowMs + tookMs);
  }
  const sentToSlow = (from: number, to: number): number =>
    keys.slice(from, to).filter((key) => key === "w0").length;
  expect(sentToSlow(20, 200)).toBeLessThan(20);
  expect(sentToSlow(900, 1_200)).toBeGreaterThan(60);
});

test("a new worker is not sent everything at once", () => {
  const sentToNew = (slowStartMs: number): number => {
    const fleet: Fleet = fleetOf(4, { slowStartMs });
    const nowMs = 60_000;
    for (let i = 0; i < 4; i++) {
      onProgress(fleet, `w${i}`, progressOf(2, { running: 2, promptTokensLeft: 600 }), nowMs);
    }
    onWorkerUp(fleet, specOf("new"), nowMs);
    const keys = Array.from({ length: 40 }, (_, i) => send(fleet, `r${i}`, wishOf(), nowMs));
    return keys.filter((key) => key === "new").length;
  };
  expect(sentToNew(30_000)).toBeLessThan(sentToNew(0) / 2);
});
