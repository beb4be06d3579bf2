// A key's limits over two routers that hear each other, and over two that do not.

import { expect, onTestFinished, test } from "vitest";
import { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { newKeyUse, settle, take, type KeyUse } from "../core/key-limits.ts";
import { KEYS_SUBJECT, KeySharing, parseKeys } from "./key-sharing.ts";

const LIMITS = { requestsPerMinute: 10, tokensPerMinute: 1_000, concurrent: 3 };
const KEY = "ab".repeat(16);

/** Carries what is said to everyone who listens, while it is up. */
class Bus {
  up = true;
  readonly said: Uint8Array[] = [];
  readonly #listeners: ((payload: Uint8Array) => void)[] = [];

  publish(_subject: string, payload: Uint8Array): boolean {
    if (!this.up) return false;
    this.said.push(payload);
    for (const listener of this.#listeners) listener(payload);
    return true;
  }

  subscribe(subject: string, listener: (payload: Uint8Array) => void): void {
    expect(subject).toBe(KEYS_SUBJECT);
    this.#listeners.push(listener);
  }

  unsubscribe(): void {}
}

function router(name: string, bus: Bus, clock: ManualClock, more: readonly string[] = []) {
  const uses = new Map<string, KeyUse>([KEY, ...more].map((key) => [key, newKeyUse(LIMITS, 0)]));
  const log: string[] = [];
  const destination = { write: (line: string) => void log.push(line) };
  const sharing = new KeySharing({
    ...{ name, epoch: name, bus, clock, timers: clock },
    keys: { limited: () => uses, limitedUse: (key) => uses.get(key) ?? null },
    logger: createLogger({ service: "router", destination }),
  });
  onTestFinished(() => sharing.stop());
  return { uses, use: uses.get(KEY)!, log, sharing };
}

test("what is used at one is used at the other a quarter of a second later", () => {
  const [bus, clock] = [new Bus(), new ManualClock()];
  const [a, b] = [router("a", bus, clock), router("b", bus, clock)];
  const charged = Array.from({ length: 2 }, () => take(a.use, 100, 0));
  clock.advance(249);
  expect(b.use.tokens?.level).toBe(1_000 * 60_000);
  clock.advance(1);
  expect(b.use.runningElsewhere).toBe(2);
  // It was full: what would have filled it in that quarter of a second is lost here.
  expect(b.use.tokens?.level).toBe(800 * 60_000);
  expect(b.use.requests?.level).toBe(8 * 60_000);
  expect(take(b.use, 0, 250).kind).toBe("taken");
  expect(take(b.use, 0, 250)).toMatchObject({ kind: "limited", by: "concurrent" });
  for (const taken of charged) settle(a.use, (taken as { tokens: number }).tokens, 10, 250);
  clock.advance(250);
  expect(b.use.runningElsewhere).toBe(0);
  expect(a.use.runningElsewhere).toBe(1);
  expect(take(b.use, 0, 500).kind).toBe("taken");
  expect(b.use.tokens?.level).toBe((800 + 180) * 60_000 + 250 * 1_000);
});

test("nobody says anything while nothing happens; what runs is told again, what ends once more", () => {
  const [bus, clock] = [new Bus(), new ManualClock()];
  const { use } = router("a", bus, clock);
  clock.advance(10_000);
  expect(bus.said).toHaveLength(0);
  take(use, 10, clock.monotonicMs());
  clock.advance(2_000);
  expect(bus.said).toHaveLength(4); // At 250, 750, 1,250 and 1,750 ms.
  settle(use, 10, 10, clock.monotonicMs());
  clock.advance(10_000);
  expect(bus.said).toHaveLength(5);
  expect(parseKeys(bus.said[4]!).keys.get(KEY)).toEqual({ requests: 0, tokens: 0, running: 0 });
});

test("many keys go in several messages", () => {
  const [bus, clock] = [new Bus(), new ManualClock()];
  const more = Array.from({ length: 600 }, (_, i) => i.toString(16).padStart(32, "0"));
  const { uses } = router("a", bus, clock, more);
  const other = router("b", bus, clock, more);
  for (const use of uses.values()) take(use, 0, 0);
  clock.advance(250);
  expect(bus.said).toHaveLength(3);
  expect([...other.uses.values()].every((use) => use.runningElsewhere === 1)).toBe(true);
});

test("while nobody hears, each has the limit of its own, and afterwards nobody pays for it", () => {
  const [bus, clock] = [new Bus(), new ManualClock()];
  const [a, b] = [router("a", bus, clock), router("b", bus, clock)];
  bus.up = false;
  for (let i = 0; i < 3; i++) take(a.use, 100, 0);
  clock.advance(5_000);
  bus.up = true;
  clock.advance(1_000);
  expect(b.use.runningElsewhere).toBe(3);
  expect(b.use.requests?.level).toBe(10 * 60_000);
  a.sharing.stop();
  expect(b.use.runningElsewhere).toBe(0);
});

test("what is no message of ours is passed over, and told once", () => {
  const [bus, clock] = [new Bus(), new ManualClock()];
  const { use, log } = router("a", bus, clock);
  const key = Buffer.from(KEY, "hex");
  const keys = Array.from({ length: 257 }, () => ({ key, requests: 1 }));
  const { KeyUses } = signalbox.inference.v1;
  const many = KeyUses.encode({ router: "x", epoch: "1", sequence: 1, keys }).finish();
  for (const payload of [Uint8Array.from([255, 1]), new Uint8Array(), many]) {
    expect(() => parseKeys(payload)).toThrow(Failure);
    bus.publish(KEYS_SUBJECT, payload);
  }
  expect(use.requests?.level).toBe(10 * 60_000);
  expect(log).toHaveLength(1);
});
