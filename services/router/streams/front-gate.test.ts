// Who is let in when there is room, and that nothing is kept of those who have gone.

import fc from "fast-check";
import { expect, test } from "vitest";
import type { Failure } from "#shared/base/errors.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { ADMISSION_DEFAULTS, type AdmissionOptions } from "../core/admission.ts";
import { REQUEST_CLASSES, type RequestClass } from "../core/request-class.ts";
import { RETRY_BUDGET_DEFAULTS } from "../core/retry-budget.ts";
import { FrontGate } from "./front-gate.ts";

/** A fleet with so many places; who is let in takes one. */
class Places {
  readonly clock = new ManualClock();
  readonly in: string[] = [];
  readonly away = new Map<string, Failure>();
  readonly reasons: string[] = [];
  readonly gate: FrontGate;
  inService = true;
  places: number;

  constructor(places: number, over: Partial<AdmissionOptions> = {}) {
    this.places = places;
    this.gate = new FrontGate(
      { admission: { ...ADMISSION_DEFAULTS, ...over }, retries: RETRY_BUDGET_DEFAULTS },
      {
        room: (_, max) => (this.inService ? Math.min(max, this.places - this.in.length) : null),
        nowMs: () => this.clock.monotonicMs(),
        timers: this.clock,
        onRefused: (reason) => this.reasons.push(reason),
        onWaited: () => {},
      },
    );
  }

  enter(id: string, priority: RequestClass = "normal", namespace = "n"): void {
    const arrival = { id, model: "m", namespace, priority };
    this.gate.enter(arrival, {
      onLetIn: () => this.in.push(id),
      onTurnedAway: (failure) => this.away.set(id, failure),
    });
  }

  leave(id: string): void {
    const at = this.in.indexOf(id);
    if (at >= 0) this.in.splice(at, 1);
    this.gate.leave("m", id);
  }
}

test("who finds no room waits, and is let in when a stream ends or a worker comes", () => {
  const places = new Places(1);
  for (const id of ["a", "b", "c"]) places.enter(id);
  expect(places.in).toEqual(["a"]);
  expect(places.gate.queued().normal).toBe(2);
  places.leave("a");
  expect(places.in).toEqual(["b"]);
  places.places = 2;
  places.gate.onRoomAnywhere();
  expect(places.in).toEqual(["b", "c"]);
  for (const id of ["b", "c"]) places.leave(id);
  expect(places.gate.size).toBe(0);
  expect(places.clock.pending).toBe(0);
});

test("nobody overtakes those who wait, and a client that goes makes room for none", () => {
  const places = new Places(1);
  for (const id of ["a", "b", "c"]) places.enter(id);
  places.leave("b");
  expect(places.in).toEqual(["a"]);
  places.places = 2;
  places.enter("d"); // There is room for one: the next in the queue has it.
  expect(places.in).toEqual(["a", "c"]);
});

test("the urgent go first, and the least urgent are not starved", () => {
  const places = new Places(1);
  places.enter("first");
  for (let i = 0; i < 60; i++) {
    places.enter(`bulk-${i}`, "bulk");
    places.enter(`critical-${i}`, "critical");
  }
  const order: string[] = [];
  let current = "first";
  for (let i = 0; i < 60; i++) {
    places.leave(current);
    current = places.in[0] ?? "";
    order.push(current);
  }
  expect(order[0]).toBe("critical-0");
  const bulk = order.filter((id) => id.startsWith("bulk")).length;
  expect(bulk).toBeGreaterThanOrEqual(1);
  expect(bulk).toBeLessThanOrEqual(4); // Weights 8 to 0.25.
});

test("a stream that goes on has the next place, before everyone in the queue", () => {
  const places = new Places(1);
  places.enter("a");
  places.enter("b");
  places.gate.keepPlace("m", "resumed");
  places.leave("a");
  expect(places.in).toEqual([]);
  places.in.push("resumed"); // It has found its worker.
  places.gate.givePlaceBack("m", "resumed");
  places.gate.onRoom("m");
  expect(places.in).toEqual(["resumed"]);
  places.leave("resumed");
  expect(places.in).toEqual(["b"]);
});

test("a full queue and a long wait are refused with a time that the rate of ends gives", () => {
  const places = new Places(1, { queuedMax: 10, waitMaxMs: 5_000 });
  for (let i = 0; i < 12; i++) places.enter(`r${i}`, "critical", `n${i % 4}`);
  expect(places.away.get("r11")).toMatchObject({ code: "FULL", retryAfterMs: 11_000 });
  expect(places.reasons).toEqual(["overload"]);
  for (let i = 0; i < 4; i++) {
    places.clock.advance(1_000);
    places.leave(places.in[0] ?? "");
  }
  places.clock.advance(1_500);
  expect(places.reasons).toEqual(["overload", ...Array(6).fill("late")]);
  const late = places.away.get("r10");
  expect(late).toMatchObject({ code: "FULL" });
  expect(late?.retryAfterMs).toBeGreaterThanOrEqual(2_500);
  expect(late?.retryAfterMs).toBeLessThanOrEqual(17_500);
  places.leave(places.in[0] ?? "");
  expect(places.gate.size).toBe(0);
  expect(places.clock.pending).toBe(0);
});

test("retries are a share of the traffic and a few a second", () => {
  const places = new Places(1_000);
  for (let i = 0; i < 100; i++) places.enter(`r${i}`);
  let retries = 0;
  while (places.gate.mayRetry()) retries += 1;
  expect(retries).toBe(50); // 20 % of 100, and 3 a second for 10 s.
  expect(places.reasons).toEqual(["retries"]);
});

test("with nobody in service requests pass, to be told so by the fleet", () => {
  const places = new Places(1);
  places.inService = false;
  places.enter("a");
  expect(places.in).toEqual(["a"]);
});

test("each hears once, nobody stands where there is room, nothing is left at the end", () => {
  const event = fc.record({
    ...{ what: fc.nat(9), id: fc.nat(30), places: fc.nat(5) },
    priority: fc.constantFrom(...REQUEST_CLASSES),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 150 }), (events) => {
      const places = new Places(3, { queuedMax: 8, waitMaxMs: 2_000 });
      const here = new Set<string>();
      for (const { what, id, priority, places: count } of events) {
        const name = `r${id}`;
        if (what < 5 && !here.has(name)) {
          places.away.delete(name);
          here.add(name);
          places.enter(name, priority, `n${id % 3}`);
        } else if (what < 8) {
          here.delete(name);
          places.leave(name);
        } else if (what === 8) {
          places.places = count;
          places.gate.onRoomAnywhere();
        } else {
          places.clock.advance(700);
        }
        for (const gone of places.away.keys()) here.delete(gone);
        const queued = Object.values(places.gate.queued()).reduce((sum, n) => sum + n, 0);
        expect(new Set(places.in).size).toBe(places.in.length);
        expect(places.in.length + queued).toBe(here.size);
        if (queued > 0) expect(places.in.length).toBeGreaterThanOrEqual(places.places);
      }
      for (let turn = 0; turn < 2; turn++) for (const name of here) places.leave(name);
      expect([places.gate.size, places.clock.pending]).toEqual([0, 0]);
    }),
    { numRuns: 200 },
  );
});
