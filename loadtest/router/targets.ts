// What the router is to reach, and what the figures say of it.

import { rounded } from "../figures.ts";
import type { OpenFigures } from "./open-loop.ts";
import type { Row } from "./rows.ts";

export interface Verdict {
  readonly target: string;
  /** Null: something it needs was not measured. */
  readonly shown: number | null;
  readonly met: boolean | null;
}

/** Contestants' names: the router's gRPC door, and its HTTP door. */
export const ROUTER = "router";
export const ROUTER_HTTP = "router, HTTP";
const OVER_GRPC_JS = 1.8;
const OF_HAPROXY = 0.25;
const ADDED_MS = 1;
const REFERENCE_PER_SECOND = 1_000;
const REFERENCE_P99_MS = 50;

/** Of the reference request's steps, by the door they came in at. */
export interface Reference {
  readonly grpc: readonly OpenFigures[];
  readonly http: readonly OpenFigures[];
}

/** The peers are gRPC proxies: what the router is held to is gRPC in, gRPC out. */
export function verdictsOf(rows: readonly Row[], reference: Reference): Verdict[] {
  const paced = rows.filter((row) => row.paced);
  const perCoreOf = (peer: string, share: number): Verdict =>
    verdict(
      `router: ${share}x ${peer} per core`,
      perCore(paced, ROUTER, peer),
      (it) => it >= share,
    );
  const added = rows.find(
    ({ contestant, inFlight, paced: isPaced }) =>
      contestant === ROUTER && inFlight === 1 && !isPaced,
  );
  return [
    perCoreOf("grpc-js", OVER_GRPC_JS),
    perCoreOf("haproxy", OF_HAPROXY),
    verdict(
      `router: adds < ${ADDED_MS} ms TTFT p50`,
      added?.addedTtftP50Ms ?? null,
      (it) => it < ADDED_MS,
    ),
    referenceVerdict("gRPC", reference.grpc),
    referenceVerdict("HTTP", reference.http),
  ];
}

function referenceVerdict(door: string, steps: readonly OpenFigures[]): Verdict {
  const held = steps.filter(holds).map(({ offeredPerSecond }) => offeredPerSecond);
  const what = `P99 < ${REFERENCE_P99_MS} ms, 0 drops`;
  return verdict(
    `reference request by ${door}: ${REFERENCE_PER_SECOND}/s, ${what}`,
    Math.max(0, ...held),
    (it) => it >= REFERENCE_PER_SECOND,
  );
}

/** At its rate everything was answered, and in time. */
export function holds(figures: OpenFigures): boolean {
  const { due, answered, dropped, errors, latency } = figures;
  return dropped === 0 && errors === 0 && answered === due && latency.e2elMs.p99 < REFERENCE_P99_MS;
}

/** Streams that `who` carries with the processor time that `peer` takes for one. */
export function perCore(rows: readonly Row[], who: string, peer: string): number | null {
  const costOf = (name: string): number | null =>
    rows.find(({ contestant }) => contestant === name)?.cpuUsPerStream ?? null;
  const [ours, theirs] = [costOf(who), costOf(peer)];
  // A row in which nothing ended has no cost.
  const ratio = ours === null || theirs === null ? NaN : theirs / ours;
  return Number.isFinite(ratio) ? rounded(ratio) : null;
}

function verdict(target: string, shown: number | null, meets: (value: number) => boolean): Verdict {
  return { target, shown, met: shown === null ? null : meets(shown) };
}
