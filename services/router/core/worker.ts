// A worker as its router sees it: what it said of itself, what it reported last, and what this
// router has sent there since.

import type { Breaker } from "./breaker.ts";
import { newBreaker } from "./breaker.ts";
import { newPace } from "./pace-memory.ts";
import type { RememberedPace } from "./pace-memory.ts";
import { newPeakEwma } from "./peak-ewma.ts";
import type { PeakEwma } from "./peak-ewma.ts";
import type { PeerShare } from "./peers.ts";
import { newTokenPace } from "./token-pace.ts";
import type { TokenPace } from "./token-pace.ts";

/** What a worker says of itself once, when it comes up. */
export interface WorkerSpec {
  /** Worker id and epoch: a restarted worker is another one. */
  readonly key: string;
  readonly model: string;
  /** Outputs agree bit for bit within one numerics class. */
  readonly classId: string;
  readonly sequencesMax: number;
  readonly blocks: number;
  readonly blockTokens: number;
  /** Takes resumed output and goes on exactly. */
  readonly resume: boolean;
  readonly masks: boolean;
  /** A stream of another class may go on here. */
  readonly isCrossable: boolean;
}

export interface Progress {
  readonly sequence: number;
  /** The highest dispatch of this router that the figures include. */
  readonly seen: number;
  readonly engineStep: number;
  readonly tokensOut: number;
  readonly lastStepMs: number;
  readonly running: number;
  readonly waiting: number;
  readonly promptTokensLeft: number;
  /** Computed since the engine came up. */
  readonly promptTokens: number;
  readonly blocksFree: number;
  readonly blocks: number;
  /** `sick`: a GPU of its own is broken; what is there goes on, and nothing new should come. */
  readonly state: "ready" | "draining" | "failed" | "sick";
  /** null: its allocation does not end. */
  readonly walltimeLeftMs: number | null;
  readonly loopLagMs: number;
  /** Counts its reports, whichever way they come: the same reading, the same beat. 0: it does not. */
  readonly beat: number;
  /** What `seen` is, of every router that it is linked to, by name. */
  readonly seenOf: ReadonlyMap<string, number>;
}

/**
 * `suspect`: silent, asked over the serving connection. `confirmed`: silent and alive, until when
 * that is believed. `dead`: silent and not answering. `hung`: it reports, and does not move.
 */
export type Health =
  | { readonly kind: "ok" }
  | { readonly kind: "suspect"; readonly askedAtMs: number }
  | { readonly kind: "confirmed"; readonly untilMs: number }
  | { readonly kind: "dead"; readonly askedAtMs: number }
  | { readonly kind: "hung"; readonly what: "engine" | "loop"; readonly engineStep: number };

/** One attempt at a request, from dispatch to end. */
export interface Ticket {
  readonly requestId: string;
  readonly worker: Worker;
  readonly dispatch: number;
  readonly prefix: readonly bigint[];
  readonly promptTokens: number;
  /** Of them not expected in the worker's cache. */
  readonly uncachedTokens: number;
  /** Those of everyone ahead, these, and the overhead: what the first token has to wait for. */
  readonly workTokens: number;
  readonly outputTokensExpected: number;
  /** Its tokens wait for masks as well: they say nothing of the worker's pace. */
  readonly isMasked: boolean;
  readonly blocks: number;
  readonly dispatchedAtMs: number;
  /** To the first token. */
  readonly expectedMs: number;
  lastTokensAtMs: number | null;
}

export interface Worker {
  readonly key: string;
  readonly spec: WorkerSpec;
  isGone: boolean;
  progress: Progress | null;
  /** When it last reported; when it came up, before its first report. */
  heardAtMs: number;
  /** The same of its figures, which also come by way of others: they say nothing of its links. */
  figuresAtMs: number;
  /** Since when its engine step is the same with requests running. */
  stepMovedAtMs: number;
  /** Usual length of a step. */
  stepMs: number;
  readonly breaker: Breaker;
  slowStartAtMs: number;
  /** By setHealth() only. */
  health: Health;
  // What a pick asks of every worker is here and not in what it follows from: at 256 workers the
  // way to it is most of the time.
  /** isReady(). */
  isInService: boolean;
  isSuspect: boolean;
  /** Running and waiting, as it reported last. */
  reported: number;
  /** When its allocation ends; Infinity: it does not. */
  endsAtMs: number;
  /** Of the pick that looked at it last. */
  lookedStale: boolean;
  lookedLoad: number;
  lookedPick: number;

  /** Dispatches are counted from 1. */
  dispatched: number;
  seen: number;
  readonly inFlight: Set<Ticket>;
  inFlightBlocks: number;
  /** Without their first token, in order of dispatch. */
  readonly awaiting: Set<Ticket>;
  awaitingTokens: number;
  /** In no report yet, in order of dispatch. */
  readonly unseen: Set<Ticket>;
  unseenTokens: number;
  unseenBlocks: number;

  /** What other routers say that they have here, by name; peers.ts keeps it and its sums. */
  readonly peers: Map<string, PeerShare>;
  peersUnseen: number;
  peersUnseenTokens: number;
  peersUnseenBlocks: number;
  peersInFlight: number;
  peersAwaitingTokens: number;
  peersInFlightBlocks: number;

  /** To the first token for each token of work. */
  readonly first: RememberedPace;
  /** The same, its peak. */
  readonly peak: PeakEwma;
  /** Of its running streams. */
  readonly pace: TokenPace;
}

export function newWorker(spec: WorkerSpec, nowMs: number): Worker {
  return {
    key: spec.key,
    spec,
    isGone: false,
    progress: null,
    heardAtMs: nowMs,
    figuresAtMs: nowMs,
    stepMovedAtMs: nowMs,
    stepMs: 0,
    breaker: newBreaker(nowMs),
    slowStartAtMs: nowMs,
    health: { kind: "ok" },
    isInService: true,
    isSuspect: false,
    reported: 0,
    endsAtMs: Infinity,
    lookedStale: false,
    lookedLoad: 0,
    lookedPick: 0,
    dispatched: 0,
    seen: 0,
    inFlight: new Set(),
    inFlightBlocks: 0,
    awaiting: new Set(),
    awaitingTokens: 0,
    unseen: new Set(),
    unseenTokens: 0,
    unseenBlocks: 0,
    peers: new Map(),
    peersUnseen: 0,
    peersUnseenTokens: 0,
    peersUnseenBlocks: 0,
    peersInFlight: 0,
    peersAwaitingTokens: 0,
    peersInFlightBlocks: 0,
    first: newPace(nowMs),
    peak: newPeakEwma(nowMs),
    pace: newTokenPace(nowMs),
  };
}

/** Weight of a new sample in the means of steps, tokens and first tokens. */
const MEAN_WEIGHT = 0.1;

/** The mean after one more sample; the first sample is the mean. */
export function meanWith(mean: number, sample: number): number {
  return mean === 0 ? sample : mean + (sample - mean) * MEAN_WEIGHT;
}

/** Its last report is missing or old: what routers have in flight there stands in. */
export function isStale(worker: Worker, staleMs: number, nowMs: number): boolean {
  return worker.progress === null || nowMs - worker.figuresAtMs > staleMs;
}

/** Requests there, running and waiting, everybody's. */
export function loadOf(worker: Worker, stale: boolean): number {
  const own = worker.inFlight.size;
  if (stale) return own + worker.peersInFlight;
  return Math.max(own, worker.reported + worker.unseen.size + worker.peersUnseen);
}

export function setHealth(worker: Worker, health: Health): void {
  worker.health = health;
  worker.isSuspect = health.kind === "suspect";
  worker.isInService = isReady(worker);
}

export function isReady(worker: Worker): boolean {
  const { kind } = worker.health;
  if (worker.isGone || kind === "dead" || kind === "hung") return false;
  return worker.progress === null || worker.progress.state === "ready";
}
