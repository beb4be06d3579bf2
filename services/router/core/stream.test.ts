// What a stream promises its reader, whatever attempts say.

import fc from "fast-check";
import { expect, test } from "vitest";
import { Failure } from "#shared/base/errors.ts";
import { faultOf, newStream, onChunk, onFault, onPlaced, type Stream } from "./stream.ts";

const CLASS = "portable";

function chunk(fence: number, firstIndex: number, ...tokenIds: number[]) {
  return { fence, firstIndex, tokenIds };
}

test("tokens are taken in order, once, and what is repeated is known", () => {
  const stream = newStream("a", []);
  onPlaced(stream);
  expect(onChunk(stream, CLASS, chunk(1, 0, 7, 8))).toEqual({ kind: "new", skip: 0 });
  expect(onChunk(stream, CLASS, chunk(1, 1, 8, 9))).toEqual({ kind: "new", skip: 1 });
  expect(onChunk(stream, CLASS, chunk(1, 0, 7, 8))).toEqual({ kind: "stale" });
  expect(stream.emitted).toEqual([7, 8, 9]);
  expect(stream.classId).toBe(CLASS);
});

test("a chunk that leaves tokens out or changes one breaks its attempt and delivers nothing", () => {
  const stream = newStream("a", [1, 2]);
  onPlaced(stream);
  expect(onChunk(stream, CLASS, chunk(1, 3, 4))).toMatchObject({ kind: "broken" });
  expect(onChunk(stream, CLASS, chunk(1, 1, 5, 6))).toMatchObject({ kind: "broken" });
  expect(stream.emitted).toEqual([1, 2]);
  expect(stream.classId).toBe(null);
});

test("an abandoned attempt is not heard", () => {
  const stream = newStream("a", []);
  onPlaced(stream);
  onChunk(stream, CLASS, chunk(1, 0, 7));
  expect(onFault(stream, "w1", { kind: "lost", why: "gone" })).toMatchObject({ kind: "again" });
  expect(onChunk(stream, CLASS, chunk(1, 1, 8))).toEqual({ kind: "stale" });
  expect(onPlaced(stream)).toEqual({ fence: 2, resumeIds: [7] });
  expect(onChunk(stream, CLASS, chunk(1, 1, 8))).toEqual({ kind: "stale" });
  expect(onChunk(stream, CLASS, chunk(2, 1, 9))).toEqual({ kind: "new", skip: 0 });
  expect(stream.emitted).toEqual([7, 9]);
});

test("attempts without a token are bounded; a token begins the count anew", () => {
  const stream = newStream("a", []);
  for (let i = 1; i <= 5; i++) {
    onPlaced(stream);
    expect(onFault(stream, `w${i}`, { kind: "lost", why: "gone" })).toMatchObject({
      kind: "again",
    });
  }
  onPlaced(stream);
  onChunk(stream, CLASS, chunk(6, 0, 7));
  expect(stream.failedBy.size).toBe(0);
  expect(onFault(stream, "w4", { kind: "lost", why: "gone" })).toMatchObject({ kind: "again" });
  for (let i = 5; i <= 8; i++) {
    onPlaced(stream);
    expect(onFault(stream, `w${i}`, { kind: "stalled", why: "still" })).toMatchObject({
      kind: "again",
    });
  }
  onPlaced(stream);
  const verdict = onFault(stream, "w7", { kind: "worker_fault", why: "its engine failed" });
  expect(verdict).toMatchObject({ kind: "fail", failure: { code: "UNAVAILABLE" } });
  expect(stream.phase).toBe("ended");
});

test("what is the request's fault is told at once; full queues are told as full", () => {
  const wrong = newStream("a", []);
  onPlaced(wrong);
  const refusal = new Failure("INVALID", "a token id beyond the vocabulary");
  expect(onFault(wrong, "w1", faultOf(refusal))).toEqual({ kind: "fail", failure: refusal });
  const full = newStream("b", []);
  const busy = faultOf(new Failure("FULL", "busy", { retryAfterMs: 700 }));
  for (let i = 1; i <= 5; i++) {
    onPlaced(full);
    expect(onFault(full, `w${i}`, busy)).toMatchObject({ kind: "again" });
  }
  onPlaced(full);
  expect(onFault(full, "w4", busy)).toMatchObject({
    failure: { code: "FULL", retryAfterMs: 700 },
  });
});

/** A worker that draws 100, 101, … and may lie about index and fence. */
const saying = fc.record({
  fence: fc.integer({ min: 0, max: 4 }),
  shift: fc.integer({ min: -3, max: 2 }),
  count: fc.integer({ min: 1, max: 4 }),
  wrong: fc.boolean(),
  fault: fc.boolean(),
});

test("whatever attempts say, the reader sees each token once, in order and unchanged", () => {
  let refused = 0;
  fc.assert(
    fc.property(fc.array(saying, { maxLength: 40 }), (sayings) => {
      const stream: Stream = newStream("a", []);
      for (const said of sayings) {
        if (stream.phase === "ended") break;
        if (stream.phase === "placing") onPlaced(stream);
        const first = Math.max(0, stream.emitted.length + said.shift);
        const ids = Array.from({ length: said.count }, (_, i) => 100 + first + i);
        if (said.wrong && first < stream.emitted.length) ids[0] = 1;
        const verdict = onChunk(stream, CLASS, chunk(said.fence, first, ...ids));
        if (verdict.kind !== "new") refused += 1;
        if (said.fault) onFault(stream, "w", { kind: "lost", why: "gone" });
        expect(stream.emitted).toEqual(stream.emitted.map((_, i) => 100 + i));
      }
    }),
  );
  expect(refused).toBeGreaterThan(100);
});
