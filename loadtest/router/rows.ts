// Rows from turns: the median of a contestant's turns at one load, beside the direct call's.

import { median, rounded } from "../figures.ts";
import type { Load } from "./closed-loop.ts";
import type { MeasuredTurn } from "./contestants.ts";

export interface Row {
  readonly contestant: string;
  readonly inFlight: number;
  readonly outputTokens: number;
  readonly paced: boolean;
  readonly streamsPerSecond: number;
  readonly tokensPerSecond: number;
  /** 1 when every token came by itself. */
  readonly tokensPerMessage: number;
  /** Of the proxy's process alone; null for the direct call. */
  readonly cpuUsPerStream: number | null;
  readonly cpuUsPerToken: number | null;
  readonly ttftP50Ms: number;
  readonly ttftP99Ms: number;
  readonly tpotP50Ms: number;
  readonly itlP99Ms: number;
  readonly e2elP50Ms: number;
  readonly e2elP99Ms: number;
  /** Against the direct call's median at the same load; null for it itself. */
  readonly addedTtftP50Ms: number | null;
  readonly addedTtftP99Ms: number | null;
  readonly addedE2elP50Ms: number | null;
  readonly outside: number;
  readonly errors: number;
}

export interface Held {
  readonly load: Load;
  readonly paced: boolean;
  /** By contestant, a turn a round. */
  readonly turns: ReadonlyMap<string, readonly MeasuredTurn[]>;
}

export const DIRECT = "direct";

export function rowsOf(held: Held): Row[] {
  const direct = held.turns.get(DIRECT) ?? [];
  return [...held.turns].map(([contestant, turns]) => rowOf(held, contestant, turns, direct));
}

function rowOf(
  { load, paced }: Held,
  contestant: string,
  turns: readonly MeasuredTurn[],
  direct: readonly MeasuredTurn[],
): Row {
  const middle = (of: (turn: MeasuredTurn) => number, digits = 2): number =>
    rounded(median(turns.map(of).filter((value) => Number.isFinite(value))), digits);
  const isProxy = contestant !== DIRECT;
  const added = (of: (turn: MeasuredTurn) => number): number | null =>
    isProxy ? rounded(median(turns.map(of)) - median(direct.map(of)), 3) : null;
  const cpu = (per: (turn: MeasuredTurn) => number): number | null =>
    isProxy ? middle((turn) => (1e6 * turn.proxySeconds) / per(turn), 1) : null;
  return {
    ...{ contestant, inFlight: load.inFlight, outputTokens: load.tokens, paced },
    streamsPerSecond: middle(({ streams, seconds }) => streams / seconds, 0),
    tokensPerSecond: middle(({ tokens, seconds }) => tokens / seconds, 0),
    tokensPerMessage: middle(({ tokens, messages }) => tokens / messages),
    cpuUsPerStream: cpu(({ streams }) => streams),
    cpuUsPerToken: cpu(({ tokens }) => tokens),
    ttftP50Ms: middle(({ latency }) => latency.ttftMs.p50, 3),
    ttftP99Ms: middle(({ latency }) => latency.ttftMs.p99),
    tpotP50Ms: middle(({ latency }) => latency.tpotMs.p50, 3),
    itlP99Ms: middle(({ latency }) => latency.itlMs.p99),
    e2elP50Ms: middle(({ latency }) => latency.e2elMs.p50, 3),
    e2elP99Ms: middle(({ latency }) => latency.e2elMs.p99),
    addedTtftP50Ms: added(({ latency }) => latency.ttftMs.p50),
    addedTtftP99Ms: added(({ latency }) => latency.ttftMs.p99),
    addedE2elP50Ms: added(({ latency }) => latency.e2elMs.p50),
    outside: middle((turn) => turn.outside),
    errors: turns.reduce((sum, turn) => sum + turn.errors.length, 0),
  };
}
