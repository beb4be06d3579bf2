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

const OVER_GRPC_JS = 1.8;
const OF_HAPROXY = 0.25;
const ADDED_MS = 1;
const REFERENCE_PER_SECOND = 1_000;
const REFERENCE_P99_MS = 50;

export function verdictsOf(rows: readonly Row[], reference: readonly OpenFigures[]): Verdict[] {
  const verdicts: Verdict[] = [];
  const at = rows.filter(({ paced }) => paced);
  for (const who of ["hop", "router"]) {
    for (const [peer, share] of [
      ["grpc-js", OVER_GRPC_JS],
      ["haproxy", OF_HAPROXY],
    ] as const) {
      const ratio = perCore(at, who, peer);
      verdicts.push(verdict(`${who}: ${share}x ${peer} per core`, ratio, (it) => it >= share));
    }
  }
  const one = rows.find(
    ({ contestant, inFlight, paced }) => contestant === "router" && inFlight === 1 && !paced,
  );
  const added = one?.addedTtftP50Ms ?? null;
  verdicts.push(verdict(`router: adds < ${ADDED_MS} ms TTFT p50`, added, (it) => it < ADDED_MS));
  const held = reference.filter(holds).map(({ offeredPerSecond }) => offeredPerSecond);
  const most = held.length === 0 ? null : Math.max(...held);
  const what = `reference request: ${REFERENCE_PER_SECOND}/s, P99 < ${REFERENCE_P99_MS} ms, 0 drops`;
  return [...verdicts, verdict(what, most ?? 0, (it) => it >= REFERENCE_PER_SECOND)];
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
  return ours === null || theirs === null ? null : rounded(theirs / ours);
}

function verdict(target: string, shown: number | null, meets: (value: number) => boolean): Verdict {
  return { target, shown, met: shown === null ? null : meets(shown) };
}
