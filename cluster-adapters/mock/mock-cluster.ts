// A batch scheduler in memory that fails on request. It has no time, no randomness and no processes
// of its own: all three are given to it, so a simulation owns them.
//
//   M1. Same clock, timers, random numbers and requests: same answers.
//   M2. What it accepted it starts, unless it was told to lose it. It never tells an end that did
//       not happen.
//   M3. A fault asked for with `inject` strikes once, in the order asked; `rates` strike at random.

import type { Clock, Timers } from "#shared/base/clock.ts";
import type { EndCause } from "#shared/base/job.ts";
import type { Random } from "#shared/base/prng.ts";

export type SubmitFault =
  /** Taken, and the answer lost. */
  | "ambiguous_after_accept"
  /** Not taken, and nobody says so. */
  | "ambiguous_before_accept"
  /** The answer is lost now; the job turns up after the message timeout. */
  | "accepted_late"
  | "refuse"
  | "later";

export type QueryFault =
  | "no_answer"
  /** Answers after `slowMs`. */
  | "slow"
  /** A clean answer that leaves out half of the rows. */
  | "absent_rows"
  /** Every state word is one that nobody knows. */
  | "garbage_words";

export interface MockRates {
  readonly submit?: { readonly [fault in SubmitFault]?: number };
  readonly query?: { readonly [fault in QueryFault]?: number };
}

export interface MockEnd {
  readonly exitCode: number;
  readonly signal: number | null;
}

/** How a job is run: a real process for the conformance suite, a model for a simulation. */
export type MockStart = (
  job: MockStarting,
  onEnd: (end: MockEnd) => void,
) => { kill(signal: "TERM" | "KILL"): void };

export interface MockStarting {
  readonly nativeId: string;
  readonly directory: string;
  readonly name: string;
  readonly restartCount: number;
}

export interface MockClusterOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly start: MockStart;
  readonly rates?: MockRates;
  /** Jobs that run at once. Default 1,000. */
  readonly slots?: number;
  /** From accepting a job to starting it. Default 0. */
  readonly startDelayMs?: number;
  /** How long the queue remembers an ended job. Default 300 s. */
  readonly minJobAgeMs?: number;
  /** Default 10 s. */
  readonly messageTimeoutMs?: number;
  /** How long the slow answer takes. Default 5 s. */
  readonly slowMs?: number;
  /** Between TERM and KILL. Default 30 s. */
  readonly killWaitMs?: number;
  /** Whether history is kept. Default true. */
  readonly accounting?: boolean;
}

export interface MockJob extends MockStarting {
  restartCount: number;
  phase: "queued" | "held" | "running" | "ended";
  /** The scheduler's own word, as Slurm would say it. */
  word: string;
  cause: EndCause | null;
  end: MockEnd | null;
  cancelled: boolean;
  /** How many runs of it are going on: two after duplicateStart. */
  running: number;
  readonly submittedAtMs: number;
  startedAtMs: number | null;
  endedAtMs: number | null;
  kills: ((signal: "TERM" | "KILL") => void)[];
}

export class MockCluster {
  readonly options: Required<Omit<MockClusterOptions, "rates">> & { readonly rates: MockRates };
  /** Calls that a real scheduler would have had to answer. */
  calls = 0;
  /** False: every call goes unanswered, running jobs go on. */
  up = true;
  /** What it accepted and how often: `held` counts jobs lost by the controller, too. */
  readonly accepted: MockJob[] = [];
  readonly #queue = new Map<string, MockJob>();
  readonly #history = new Map<string, MockJob>();
  readonly #submitFaults: SubmitFault[] = [];
  readonly #queryFaults: QueryFault[] = [];
  #nextId = 1;

  constructor(options: MockClusterOptions) {
    this.options = {
      rates: {},
      slots: 1000,
      startDelayMs: 0,
      minJobAgeMs: 300_000,
      messageTimeoutMs: 10_000,
      slowMs: 5000,
      killWaitMs: 30_000,
      accounting: true,
      ...options,
    };
  }

  injectSubmit(...faults: readonly SubmitFault[]): void {
    this.#submitFaults.push(...faults);
  }

  injectQuery(...faults: readonly QueryFault[]): void {
    this.#queryFaults.push(...faults);
  }

  nextSubmitFault(): SubmitFault | null {
    return this.#submitFaults.shift() ?? this.#drawn(this.options.rates.submit);
  }

  nextQueryFault(): QueryFault | null {
    return this.#queryFaults.shift() ?? this.#drawn(this.options.rates.query);
  }

  #drawn<F extends string>(rates: { readonly [fault in F]?: number } | undefined): F | null {
    for (const [fault, rate] of Object.entries(rates ?? {}) as [F, number][]) {
      if (this.options.random.next() < rate) return fault;
    }
    return null;
  }

  submit(name: string, directory: string): MockJob {
    const job: MockJob = {
      nativeId: String(this.#nextId++),
      name,
      directory,
      restartCount: 0,
      phase: "queued",
      word: "PENDING",
      cause: null,
      end: null,
      cancelled: false,
      running: 0,
      submittedAtMs: this.options.clock.nowMs(),
      startedAtMs: null,
      endedAtMs: null,
      kills: [],
    };
    this.#queue.set(job.nativeId, job);
    this.accepted.push(job);
    this.options.timers.after(this.options.startDelayMs, () => this.#startWaiting());
    return job;
  }

  /** What the queue knows now; ended jobs older than minJobAgeMs are forgotten. */
  queue(): MockJob[] {
    const oldestMs = this.options.clock.nowMs() - this.options.minJobAgeMs;
    for (const [id, job] of this.#queue) {
      if (job.endedAtMs !== null && job.endedAtMs < oldestMs) this.#queue.delete(id);
    }
    return [...this.#queue.values()];
  }

  history(): MockJob[] {
    return this.options.accounting ? [...this.#history.values()] : [];
  }

  cancel(nativeId: string): void {
    const job = this.#queue.get(nativeId);
    if (job === undefined || job.phase === "ended") return;
    job.cancelled = true;
    if (job.running === 0) return this.#settle(job, { exitCode: 0, signal: 15 });
    for (const kill of job.kills) kill("TERM");
    this.options.timers.after(this.options.killWaitMs, () => {
      if (job.phase !== "ended") for (const kill of job.kills) kill("KILL");
    });
  }

  /**
   * Starts a job that runs already once more, as a network split does (SLURM_RESTART_COUNT + 1).
   */
  duplicateStart(nativeId: string): void {
    const job = this.#queue.get(nativeId);
    if (job === undefined) return;
    job.restartCount++;
    this.#run(job);
  }

  /**
   * The controller dies without saving: what it accepted in the last `lostMs` it never heard of,
   * its ids are given out again, and what of that was running goes on unseen.
   */
  forgetLast(lostMs: number): void {
    const sinceMs = this.options.clock.nowMs() - lostMs;
    for (const [id, job] of this.#queue) {
      if (job.submittedAtMs < sinceMs) continue;
      this.#queue.delete(id);
      this.#history.delete(id);
      this.#nextId = Math.min(this.#nextId, Number(id));
    }
  }

  #startWaiting(): void {
    let free = this.options.slots;
    for (const job of this.#queue.values()) if (job.phase === "running") free--;
    for (const job of this.#queue.values()) {
      if (free <= 0) return;
      if (job.phase !== "queued") continue;
      free--;
      this.#run(job);
    }
  }

  #run(job: MockJob): void {
    job.phase = "running";
    job.word = "RUNNING";
    job.startedAtMs ??= this.options.clock.nowMs();
    job.running++;
    const { nativeId, directory, name, restartCount } = job;
    const run = this.options.start({ nativeId, directory, name, restartCount }, (end) => {
      job.running--;
      // The run that did the work says how it ended, not a duplicate that found the claim.
      if (job.end === null || job.end.exitCode === 0) job.end = end;
      if (job.running === 0) this.#settle(job, job.end);
    });
    job.kills.push((signal) => run.kill(signal));
  }

  #settle(job: MockJob, end: MockEnd): void {
    job.phase = "ended";
    job.end = end;
    job.endedAtMs = this.options.clock.nowMs();
    const ok = end.exitCode === 0 && end.signal === null;
    job.cause = job.cancelled ? "cancelled" : ok ? "ok" : "failed";
    job.word = job.cancelled ? "CANCELLED" : ok ? "COMPLETED" : "FAILED";
    job.kills = [];
    if (this.#queue.get(job.nativeId) === job) this.#history.set(job.nativeId, job);
    this.#startWaiting();
  }
}
