// Who is let in, in which order, and who has to come back.

import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ADMISSION_DEFAULTS, backpressureOf, newAdmission, onAdmissionTick } from "./admission.ts";
import { onArrived, onCapacity, onLeft } from "./admission.ts";
import type { Admission, AdmissionOptions, Admitted } from "./admission.ts";
import { REQUEST_CLASSES } from "./request-class.ts";
import type { RequestClass } from "./request-class.ts";

function admissionOf(capacity: number, over: Partial<AdmissionOptions> = {}): Admission {
  const admission = newAdmission({ ...ADMISSION_DEFAULTS, ...over });
  onCapacity(admission, "m", capacity);
  return admission;
}

function arrive(
  admission: Admission,
  id: string,
  priority: RequestClass = "normal",
  namespace = "n",
  nowMs = 0,
): Admitted {
  return onArrived(admission, { id, model: "m", namespace, priority }, nowMs);
}

test("admitted while there are places, then deferred, and let in as others leave", () => {
  const admission = admissionOf(2);
  const kinds = ["a", "b", "c", "d"].map((id) => arrive(admission, id).kind);
  expect(kinds).toEqual(["admitted", "admitted", "deferred", "deferred"]);
  expect(onLeft(admission, "a", 10)).toEqual(["c"]);
  expect(onLeft(admission, "a", 10)).toEqual([]);
  expect(onLeft(admission, "d", 10)).toEqual([]);
  expect(onLeft(admission, "b", 10)).toEqual([]);
  expect(arrive(admission, "e").kind).toBe("admitted");
});

test("classes are served by weight, and the least of them too", () => {
  const admission = admissionOf(0, { namespaceMax: 10_000 });
  for (let i = 0; i < 100; i++) {
    for (const each of ["critical", "normal", "bulk"] as const) {
      expect(arrive(admission, `${each}-${i}`, each).kind).toBe("deferred");
    }
  }
  const first = onCapacity(admission, "m", 74);
  const count = (each: string): number => first.filter((id) => id.startsWith(each)).length;
  expect(count("critical")).toBeGreaterThanOrEqual(62);
  expect(count("normal")).toBeGreaterThanOrEqual(7);
  expect(count("bulk")).toBeGreaterThanOrEqual(1);
});

test("namespaces of a class are served in turn, whoever came first with however many", () => {
  const admission = admissionOf(0);
  for (let i = 0; i < 10; i++) arrive(admission, `loud-${i}`, "normal", "loud");
  for (let i = 0; i < 3; i++) arrive(admission, `quiet-${i}`, "normal", "quiet");
  const first = onCapacity(admission, "m", 6);
  expect(first.filter((id) => id.startsWith("quiet")).length).toBe(3);
});

test("a namespace at its limit waits, and holds nobody else up", () => {
  const admission = admissionOf(10, { namespaceMax: 2 });
  const kinds = ["a", "b", "c"].map((id) => arrive(admission, id, "critical").kind);
  expect(kinds).toEqual(["admitted", "admitted", "deferred"]);
  // The queue is not empty: the others go through it, past the one that has to wait.
  arrive(admission, "other", "bulk", "o");
  expect(onCapacity(admission, "m", 10)).toEqual(["other"]);
  expect(onLeft(admission, "a", 10)).toEqual(["c"]);
});

test("the fuller the queue, the more urgent one has to be; a namespace has its share of it", () => {
  const admission = admissionOf(0, { queuedMax: 100, namespaceQueueShare: 0.3 });
  for (let i = 0; i < 30; i++) arrive(admission, `a${i}`, "normal", "a");
  expect(arrive(admission, "a30", "critical", "a")).toMatchObject({ reason: "quota" });
  for (let i = 0; i < 30; i++) arrive(admission, `b${i}`, "normal", "b");
  expect(backpressureOf(admission, "m")).toBe("medium");
  expect(arrive(admission, "c", "bulk", "c")).toMatchObject({ reason: "overload" });
  expect(arrive(admission, "d", "low", "d").kind).toBe("deferred");
  for (let i = 0; i < 29; i++) arrive(admission, `e${i}`, "high", "e");
  expect(arrive(admission, "f", "normal", "f")).toMatchObject({ reason: "overload" });
  expect(arrive(admission, "g", "critical", "g").kind).toBe("deferred");
});

test("who waits too long is told when to come back, from the rate at which requests end", () => {
  const admission = admissionOf(1, { waitMaxMs: 5_000 });
  for (let i = 0; i < 20; i++) arrive(admission, `r${i}`);
  let nowMs = 0;
  for (let i = 0; i < 10; i++) onLeft(admission, `r${i}`, (nowMs += 400)); // 1 a second over 10 s.
  const expired = onAdmissionTick(admission, 5_000);
  expect(expired.map(({ id }) => id)).toEqual(Array.from({ length: 9 }, (_, i) => `r${11 + i}`));
  expect(expired[0]?.retryAfterMs).toBe(10_000);
  expect(onAdmissionTick(admission, 60_000)).toEqual([]);
});

test("where none has ended lately, what runs is taken to need as long again", () => {
  const admission = admissionOf(2, { queuedMax: 4, waitMaxMs: 30_000 });
  for (const id of ["a", "b", "c", "d", "e", "f"]) arrive(admission, id, "critical", id);
  const retryAfterMs = (nowMs: number): number => {
    const refused = arrive(admission, "g", "critical", "g", nowMs);
    return refused.kind === "refused" ? refused.retryAfterMs : Number.NaN;
  };
  expect(retryAfterMs(0)).toBe(2_500); // Five of a second each, two at once.
  expect(retryAfterMs(8_000)).toBe(20_000);
  onLeft(admission, "a", 8_100);
  arrive(admission, "h", "critical", "h", 8_100);
  expect(retryAfterMs(8_200)).toBe(50_000); // One end in ten seconds.
});

test("who waits is not what runs, however long it waits", () => {
  const admission = admissionOf(1, { queuedMax: 2 });
  arrive(admission, "ended");
  arrive(admission, "waits", "low");
  arrive(admission, "runs", "critical", "r", 500);
  expect(onLeft(admission, "ended", 1_000)).toEqual(["runs"]);
  arrive(admission, "too", "critical", "o", 1_000);
  const refused = arrive(admission, "late", "critical", "p", 15_500);
  expect(refused).toMatchObject({ retryAfterMs: 3 * 15_000 });
});

test("where nothing runs and nothing has ended, it is as if one ended in the window", () => {
  const admission = admissionOf(0, { queuedMax: 2 });
  for (const id of ["a", "b"]) arrive(admission, id, "critical", id);
  expect(arrive(admission, "c", "critical", "c")).toMatchObject({ retryAfterMs: 30_000 });
});

test("places and queues add up, whatever comes and goes", () => {
  const event = fc.record({
    ...{ what: fc.integer({ min: 0, max: 9 }), id: fc.nat(60), namespace: fc.nat(3) },
    priority: fc.constantFrom(...REQUEST_CLASSES),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 200 }), (events) => {
      const options = { queuedMax: 12, namespaceMax: 3, waitMaxMs: 50 };
      const admission = admissionOf(5, options);
      let nowMs = 0;
      for (const { what, id, namespace, priority } of events) {
        nowMs += what;
        const name = `r${id}`;
        if (what < 6 && !admission.entries.has(name)) {
          arrive(admission, name, priority, `n${namespace}`, nowMs);
        } else if (what < 9) onLeft(admission, name, nowMs);
        else onAdmissionTick(admission, nowMs);
        const queue = admission.models.get("m")!;
        const entries = [...admission.entries.values()];
        expect(queue.admitted).toBe(entries.filter(({ state }) => state === "admitted").length);
        expect(queue.queued).toBe(entries.length - queue.admitted);
        expect(queue.admitted).toBeLessThanOrEqual(5);
        expect(queue.queued).toBeLessThanOrEqual(12);
        for (const count of admission.admittedOf.values()) expect(count).toBeLessThanOrEqual(3);
      }
      for (const id of [...admission.entries.keys()]) onLeft(admission, id, nowMs);
      for (const id of [...admission.entries.keys()]) onLeft(admission, id, nowMs);
      const queue = admission.models.get("m")!;
      expect([queue.admitted, queue.queued, admission.admittedOf.size]).toEqual([0, 0, 0]);
    }),
    { numRuns: 100 },
  );
});
