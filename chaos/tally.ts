// Rounds, and what they add up to. Pure: a run that was cut off goes on from the rounds it wrote
// down.

import type { Newcomers } from "./newcomers.ts";
import type { Kind, Verdict } from "./stories.ts";

export interface StreamRecord {
  readonly kind: Kind;
  readonly verdict: Verdict;
  /** It had to go on at another worker so often. */
  readonly moves: number;
  /** Longest of it after the fault, in milliseconds. */
  readonly pauseMs: number;
}

/** A round that counts: its fault hit somebody. */
export interface RoundRecord {
  readonly fault: string;
  /** Of that fault, from 0. */
  readonly number: number;
  /** Rounds before it in which the fault hit nobody. */
  readonly missed: number;
  readonly hit: number;
  /** From the blow to the router's word about that worker; null: it has none to say. */
  readonly noticedMs: number | null;
  readonly streams: readonly StreamRecord[];
  /** Workers given up that were well, and why. */
  readonly wronglyEjected: readonly string[];
  /** Streams sent while it lasted; null: none are. */
  readonly newcomers: Newcomers | null;
  /** What did not hold beside the streams. */
  readonly wrong: readonly string[];
}

export interface Counts {
  readonly streams: number;
  /** Streams that went on at another worker. */
  readonly moved: number;
  readonly lost: number;
  readonly repeated: number;
  readonly changed: number;
  readonly errors: number;
}

export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface FaultTally extends Counts {
  readonly rounds: number;
  /** Rounds that do not count. */
  readonly missed: number;
  /** Streams that had to go on elsewhere, or ran on through what must not move them. */
  readonly hit: number;
  readonly wronglyEjected: number;
  /** Null: none are sent. */
  readonly newcomers: Newcomers | null;
  /** Null: nothing is to be noticed. */
  readonly noticedMs: Times | null;
  /** Of streams that went on elsewhere; where nobody has to, of all. */
  readonly gapMs: Times;
}

export interface StreamsResult {
  readonly seed: number;
  readonly rounds: number;
  /** Machine and commit. */
  readonly where: string;
  readonly minutes: number;
  readonly faults: { readonly [name: string]: FaultTally };
  readonly kinds: { readonly [kind: string]: Counts };
  /** Faults that this machine cannot do, and why. */
  readonly skipped: { readonly [name: string]: string };
  readonly failures: readonly string[];
}

export function tallyOf(rounds: readonly RoundRecord[]): FaultTally {
  const streams = rounds.flatMap((round) => round.streams);
  const moved = streams.filter(({ moves }) => moves > 0);
  const noticed = rounds.flatMap(({ noticedMs }) => noticedMs ?? []);
  const newcomers = rounds.flatMap((round) => round.newcomers ?? []);
  return {
    rounds: rounds.length,
    missed: sumOf(rounds, ({ missed }) => missed),
    hit: sumOf(rounds, ({ hit }) => hit),
    ...countsOf(streams),
    wronglyEjected: sumOf(rounds, ({ wronglyEjected }) => wronglyEjected.length),
    newcomers: newcomers.length === 0 ? null : addUp(newcomers),
    noticedMs: noticed.length === 0 ? null : timesOf(noticed),
    gapMs: timesOf((moved.length > 0 ? moved : streams).map(({ pauseMs }) => pauseMs)),
  };
}

export function countsOf(streams: readonly StreamRecord[]): Counts {
  const of = (kind: Verdict["kind"]): number =>
    streams.filter(({ verdict }) => verdict.kind === kind).length;
  return {
    streams: streams.length,
    moved: streams.filter(({ moves }) => moves > 0).length,
    ...{ lost: of("lost"), repeated: of("repeated"), changed: of("changed") },
    errors: of("errors"),
  };
}

function addUp(newcomers: readonly Newcomers[]): Newcomers {
  return {
    sent: sumOf(newcomers, ({ sent }) => sent),
    there: sumOf(newcomers, ({ there }) => there),
  };
}

/** What must not be, in words. */
export function failuresOf({ fault, number, streams, wrong }: RoundRecord): readonly string[] {
  const where = `${fault}, round ${number + 1}`;
  const told = streams.flatMap(({ kind, verdict }) =>
    verdict.kind === "same" ? [] : [`${where}: ${verdict.kind} (${kind}): ${verdict.what}`],
  );
  return [...told, ...wrong.map((what) => `${where}: ${what}`)];
}

/** Whole milliseconds. */
export function timesOf(values: readonly number[]): Times {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0);
  return { p50: at(0.5), p99: at(0.99), max: Math.round(sorted.at(-1) ?? 0) };
}

function sumOf<T>(all: readonly T[], valueOf: (one: T) => number): number {
  return all.reduce((sum, one) => sum + valueOf(one), 0);
}
