// One request's output across every attempt at it: what has been delivered, which attempt is
// listened to, and what follows when one ends badly.
//
//   S1. `emitted` only grows, and only by the token whose index is its length: none is lost,
//       repeated or changed, whatever an attempt says.
//   S2. Only the current attempt is heard: what carries another fence has no effect.
//   S3. A stream ends once, by `finish` or by a Failure.
//   S4. Once a token is out, the stream stays in the numerics class that drew it, unless crossing
//       is allowed: elsewhere the same tokens would be drawn from other numbers.

import assert from "node:assert/strict";
import { Failure } from "#shared/base/errors.ts";

/** Attempts that brought no token, one after the other, before the stream is given up. */
const BARREN_ATTEMPTS_MAX = 6;
/** The first goes on at once; whoever fails again and again is given time to become well. */
const BARREN_PAUSE_MS = 50;

export interface Stream {
  readonly id: string;
  /** Output so far, what the client brought along included. */
  readonly emitted: number[];
  /** Of the current attempt; 0 before the first. */
  fence: number;
  /** Attempts in a row that brought no token. */
  barren: number;
  /** Of the worker that drew the first token; null before. */
  classId: string | null;
  /** Workers that failed this stream since it last had a token. */
  readonly failedBy: Set<string>;
  phase: "placing" | "running" | "ended";
}

/** Why an attempt ended before its request did. */
export type AttemptFault =
  /** The connection broke, or the worker was given up as gone. */
  | { readonly kind: "lost"; readonly why: string }
  /** Its engine stands still. */
  | { readonly kind: "stalled"; readonly why: string }
  /** The worker stops and gives the request back. */
  | { readonly kind: "handed_back" }
  /** Its queue is full. */
  | { readonly kind: "backpressure"; readonly retryAfterMs: number | null }
  /** It broke the protocol, or its engine failed. */
  | { readonly kind: "worker_fault"; readonly why: string }
  /** No other worker would answer otherwise. */
  | { readonly kind: "request_fault"; readonly failure: Failure };

export function newStream(id: string, resumeIds: readonly number[]): Stream {
  return {
    ...{ id, emitted: [...resumeIds], fence: 0, barren: 0, classId: null },
    failedBy: new Set(),
    phase: "placing",
  };
}

export interface Attempt {
  readonly fence: number;
  /** What the worker is told was delivered already. */
  readonly resumeIds: readonly number[];
}

export function onPlaced(stream: Stream): Attempt {
  assert.equal(stream.phase, "placing");
  stream.phase = "running";
  stream.fence += 1;
  return { fence: stream.fence, resumeIds: [...stream.emitted] };
}

export type ChunkVerdict =
  /** The first `skip` tokens of the chunk were known; the others are new. */
  | { readonly kind: "new"; readonly skip: number }
  /** Nothing to deliver: an abandoned attempt's, or all of it known. */
  | { readonly kind: "stale" }
  /** The attempt must be ended: it left tokens out, or drew others than were delivered. */
  | { readonly kind: "broken"; readonly why: string };

/** `classId` is the sending worker's. */
export function onChunk(
  stream: Stream,
  classId: string,
  chunk: {
    readonly fence: number;
    readonly firstIndex: number;
    readonly tokenIds: readonly number[];
  },
): ChunkVerdict {
  if (stream.phase !== "running" || chunk.fence !== stream.fence) return { kind: "stale" };
  const { emitted } = stream;
  const skip = emitted.length - chunk.firstIndex;
  if (skip < 0) {
    return {
      kind: "broken",
      why: `token ${chunk.firstIndex} came where ${emitted.length} was due`,
    };
  }
  const { firstIndex, tokenIds } = chunk;
  for (let i = 0; i < Math.min(skip, tokenIds.length); i++) {
    if (emitted[firstIndex + i] === tokenIds[i]) continue;
    return { kind: "broken", why: `token ${firstIndex + i} was delivered as another` };
  }
  if (tokenIds.length <= skip) return { kind: "stale" };
  for (let i = skip; i < tokenIds.length; i++) emitted.push(tokenIds[i] ?? 0);
  stream.classId ??= classId;
  stream.barren = 0;
  stream.failedBy.clear();
  return { kind: "new", skip };
}

export type FaultVerdict =
  /** Place it anew, after so long. */
  | { readonly kind: "again"; readonly afterMs: number }
  | { readonly kind: "fail"; readonly failure: Failure };

/** The current attempt is over. `worker` is not asked again while others can be. */
export function onFault(stream: Stream, worker: string, fault: AttemptFault): FaultVerdict {
  assert.equal(stream.phase, "running");
  stream.phase = "placing";
  if (fault.kind === "request_fault") return fail(stream, fault.failure);
  stream.failedBy.add(worker);
  if (fault.kind !== "handed_back") stream.barren += 1;
  if (stream.barren < BARREN_ATTEMPTS_MAX) {
    const afterMs = stream.barren <= 1 ? 0 : BARREN_PAUSE_MS * 2 ** (stream.barren - 2);
    return { kind: "again", afterMs };
  }
  if (fault.kind === "backpressure") {
    const retryAfterMs = fault.retryAfterMs ?? 1_000;
    return fail(stream, new Failure("FULL", "every worker's queue is full", { retryAfterMs }));
  }
  const why = fault.kind === "handed_back" ? "it was handed back" : fault.why;
  const said = `${stream.barren} workers in a row could not go on with it; the last: ${why}`;
  return fail(stream, new Failure("UNAVAILABLE", said, { retryAfterMs: 1_000 }));
}

/** The request is over: complete, refused, or nobody listens any more. */
export function onEnded(stream: Stream): void {
  stream.phase = "ended";
}

function fail(stream: Stream, failure: Failure): FaultVerdict {
  stream.phase = "ended";
  return { kind: "fail", failure };
}

/** What an ended call says of its attempt; null: it ended well. */
export function faultOf(failure: Failure): AttemptFault {
  switch (failure.code) {
    case "INVALID":
    case "NOT_FOUND":
    case "FORBIDDEN":
    case "UNAUTHENTICATED":
      return { kind: "request_fault", failure };
    case "FULL":
      return { kind: "backpressure", retryAfterMs: failure.retryAfterMs ?? null };
    case "UNAVAILABLE":
      return { kind: "lost", why: failure.message };
    default:
      return { kind: "worker_fault", why: failure.message };
  }
}
