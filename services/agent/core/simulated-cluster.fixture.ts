// A cluster, a disk and a scheduler around one core, played from a seed: every wish may be carried
// out late, partly or not at all, and the agent may die between any two of them.
//
// It keeps its own books, which know nothing of the core's: what was really submitted, who really
// claimed, how a job really ended. violations() compares.

import { seededRandom, randomInt } from "#shared/base/prng.ts";
import type { Random } from "#shared/base/prng.ts";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { AttemptReport, AttemptSpec, EndCause } from "#shared/base/job.ts";
import { parseAttemptToken } from "#shared/base/ids.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { nextWakeMs, onEvents } from "./cluster-core.ts";
import type { ClusterCore, CoreConfig } from "./core-state.ts";
import { checkInvariants } from "./invariants.ts";
import { FENCE_NATIVE_ID } from "./observations.ts";
import type { JobStatus, QueueEntry } from "./observations.ts";
import { EMPTY_JOURNAL, restoreCore } from "./restore.ts";
import type { FoundDirectory, JournalContent } from "./restore.ts";
import type { AgentEvent, Command, JournalRow, Wish } from "./wishes.ts";

export const SIM_CONFIG: CoreConfig = {
  adoptWaitMs: 60_000,
  pollMinMs: 2_000,
  pollMaxMs: 300_000,
  pollsQueue: true,
  heartbeatS: 30,
  statusEveryMs: 1_000,
  witnessGraceMs: 10_000,
  callsPerS: 5,
  callsDepth: 20,
  submitsInFlightMax: 4,
};

/** The longest an accepted submission stays invisible: below what the core waits for. */
const LATE_MS_MAX = 20_000;

interface QueueJob {
  readonly token: AttemptToken;
  readonly nativeId: string;
  readonly visibleAtMs: number;
  phase: "queued" | "running" | "ended" | "forgotten";
  cause: EndCause | null;
  /** It won the claim: the program runs in it. */
  won: boolean;
}

interface Directory {
  readonly spec: AttemptSpec;
  readonly atMs: number;
  claimedBy: string | null;
  statusBytes: number;
  exit: { readonly code: number; readonly atMs: number } | null;
}

export function specOf(ordinal: number, extra: Partial<AttemptSpec> = {}): AttemptSpec {
  return {
    token: parseAttemptToken(`abcdefgh23456722-${ordinal}-1`),
    name: "relax",
    namespace: "lab",
    run: "abcdefgh23456722",
    task: `t${ordinal}`,
    attempt: 1,
    program: { kind: "exec", argv: ["true"] },
    env: {},
    stdin: null,
    files: [],
    outputs: [],
    resources: DEFAULT_RESOURCES,
    timeoutMs: null,
    needsReceipts: [],
    traceparent: null,
    ...extra,
  };
}

export class SimulatedCluster {
  readonly random: Random;
  core: ClusterCore;
  nowMs = 1_000_000;
  wishes: Wish[] = [];
  readonly jobs: QueueJob[] = [];
  readonly directories = new Map<AttemptToken, Directory>();
  readonly #retired = new Map<AttemptToken, Directory>();
  readonly problems: string[] = [];
  faults = true;
  #rows: JournalRow[] = [];
  #journalId = 1;
  #nextNative = 1;
  // The scheduler's side.
  readonly placed = new Map<AttemptToken, AttemptSpec>();
  readonly ended = new Map<AttemptToken, AttemptReport & { kind: "ended" }>();
  readonly everPlaced: AttemptToken[] = [];
  #commands: { seq: number; command: Command }[] = [];
  #commandSeq = 0;
  #reportSeen = 0;
  #seenOfJournal = 0;
  #linked = false;
  #linkAtMs = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.core = restoreCore(SIM_CONFIG, EMPTY_JOURNAL, [], this.nowMs);
  }

  // --- the scheduler ---

  place(spec: AttemptSpec): void {
    this.placed.set(spec.token, spec);
    this.everPlaced.push(spec.token);
    this.#command({ kind: "submit", spec });
  }

  cancel(token: AttemptToken): void {
    this.#command({ kind: "cancel", token, reason: "the user said so" });
  }

  link(): void {
    if (this.#linked || this.nowMs < this.#linkAtMs) return;
    this.#linked = true;
    if (this.#seenOfJournal !== this.#journalId) {
      this.#seenOfJournal = this.#journalId;
      this.#reportSeen = 0;
      const waiting = new Set(
        this.#commands.map(({ command }) => (command.kind === "submit" ? command.spec.token : "")),
      );
      for (const spec of this.placed.values()) {
        if (!waiting.has(spec.token)) this.#command({ kind: "submit", spec });
      }
    }
    this.feed({ kind: "welcomed", epoch: 1, reportSeen: this.#reportSeen });
    for (const { seq, command } of this.#commands)
      this.feed({ kind: "command", seq, epoch: 1, command });
  }

  cut(): void {
    this.#linked = false;
    this.feed({ kind: "unlinked" });
  }

  // --- the agent ---

  feed(event: AgentEvent): void {
    onEvents(this.core, { wish: (wish) => this.#onWish(wish) }, [event], this.nowMs);
    checkInvariants(this.core, this.nowMs);
  }

  /** The agent dies, perhaps in the middle of carrying out what it wished for, and comes back. */
  crash(loseJournal: boolean): void {
    for (const wish of this.wishes) if (this.#chance(0.5)) this.#carryOut(wish);
    this.wishes = [];
    this.#linked = false;
    if (loseJournal) {
      this.#rows = [];
      this.#journalId += 1;
    }
    this.core = restoreCore(SIM_CONFIG, contentOf(this.#rows), this.#scan(), this.nowMs);
    this.feed({ kind: "tick" });
  }

  /** Carries out one waiting wish, chosen by chance, and tells the core. */
  complete(): void {
    if (this.wishes.length === 0) return;
    const [wish] = this.wishes.splice(randomInt(this.random, this.wishes.length), 1);
    const event = this.#carryOut(wish as Wish);
    if (event !== null) this.feed(event);
  }

  advance(ms: number): void {
    this.nowMs += ms;
    this.feed({ kind: "tick" });
  }

  /** Time passes until the core wants to be woken. */
  sleep(): void {
    const wakeMs = nextWakeMs(this.core, this.nowMs);
    this.advance(wakeMs === null ? 1_000 : Math.max(1, wakeMs - this.nowMs));
  }

  // --- the world ---

  /** One job starts, goes on, ends or is forgotten. */
  progress(): void {
    const live = this.jobs.filter((job) => job.phase === "queued" || job.phase === "running");
    const job = live[randomInt(this.random, Math.max(1, live.length))];
    if (job === undefined || job.visibleAtMs > this.nowMs) return;
    const directory = this.directories.get(job.token);
    if (job.phase === "queued") {
      if (this.faults && this.#chance(0.05)) {
        job.phase = "forgotten"; // The controller died within seconds of the accept.
        return;
      }
      job.phase = "running";
      if (directory === undefined || directory.claimedBy !== null) {
        Object.assign(job, { phase: "ended", cause: "ok" }); // It lost: it exits 0.
        return;
      }
      directory.claimedBy = job.nativeId;
      directory.statusBytes = 10;
      job.won = true;
      return;
    }
    if (directory === undefined) return;
    directory.statusBytes += 5;
    if (!this.#chance(0.5)) return;
    this.#end(job, this.#chance(0.7) ? 0 : 3);
  }

  /** No faults from here: what was placed must end, once each. */
  settle(): void {
    this.faults = false;
    for (let turn = 0; turn < 20_000 && this.ended.size < this.everPlaced.length; turn++) {
      this.link();
      if (this.wishes.length > 0) this.complete();
      else if (this.#chance(0.3)) this.progress();
      else this.sleep();
    }
    for (const token of this.everPlaced) {
      if (!this.ended.has(token)) this.problems.push(`${token} never ended`);
    }
  }

  // --- carrying out wishes ---

  #onWish(wish: Wish): void {
    if (
      wish.kind === "submit" &&
      !this.#rows.some((row) => row.table === "intent" && row.token === wish.token)
    ) {
      this.problems.push(`${wish.token} is submitted without a durable intent`);
    }
    if (wish.kind === "ack-commands") {
      const durable = Math.max(
        0,
        ...this.#rows.map((row) => (row.table === "command-seen" ? row.seq : 0)),
      );
      if (wish.seq > durable)
        this.problems.push(`command ${wish.seq} acknowledged before it was durable`);
    }
    this.wishes.push(wish);
  }

  #carryOut(wish: Wish): AgentEvent | null {
    const noAnswer = { kind: "no-answer", reason: "Unable to contact slurm controller" } as const;
    const silent = this.faults && this.#chance(0.15);
    switch (wish.kind) {
      case "journal":
        if (this.faults && this.#chance(0.05))
          return { kind: "journal-failed", batch: wish.batch, reason: "disk full" };
        this.#rows.push(...wish.rows);
        return { kind: "journalled", batch: wish.batch };
      case "ack-commands":
        this.#commands = this.#commands.filter(({ seq }) => seq > wish.seq);
        return null;
      case "refuse-commands":
        this.#linked = false;
        this.#linkAtMs = this.nowMs + 500;
        return { kind: "unlinked" };
      case "send-reports":
        return this.#linked ? this.#takeReports(wish.upTo) : null;
      case "prepare":
        return this.#prepare(wish.token);
      case "adopt":
        return {
          kind: "adopted",
          tokens: wish.tokens,
          answer: silent ? noAnswer : { kind: "answer", present: this.#queue() },
          statuses: wish.tokens.map((token) => this.#status(token)),
        };
      case "submit":
        return this.#submit(wish.token);
      case "take-claim": {
        const directory = this.directories.get(wish.token);
        if (directory === undefined)
          return { kind: "claim-failed", token: wish.token, reason: "gone" };
        directory.claimedBy ??= FENCE_NATIVE_ID;
        const nativeId = directory.claimedBy;
        return {
          kind: "claim-taken",
          token: wish.token,
          claim: { nativeId, raw: `claim ${nativeId}`, atMs: this.nowMs },
        };
      }
      case "poll":
        return {
          kind: "polled",
          startedAtMs: this.nowMs,
          answer: silent ? noAnswer : { kind: "answer", present: this.#queue() },
        };
      case "history":
        return { kind: "history", tokens: wish.tokens, answer: noAnswer };
      case "read-status":
        return { kind: "statuses", statuses: wish.tokens.map((token) => this.#status(token)) };
      case "cancel":
        if (!silent) this.#cancelJobs(wish.jobs.map(({ nativeId }) => nativeId));
        return {
          kind: "cancel-asked",
          tokens: wish.jobs.map(({ token }) => token),
          answered: !silent,
          reason: "",
        };
      case "seal":
        if (silent) return { kind: "seal-failed", token: wish.token, reason: "disk full" };
        return {
          kind: "sealed",
          token: wish.token,
          sealed: {
            outcome: wish.outcome,
            outputs: [],
            receipt: "{}",
            receiptDigest: null,
            pushes: [],
          },
        };
      case "push":
        return { kind: "pushed", digest: wish.digest };
      case "retire":
        this.#move(wish.token, this.directories, this.#retired);
        return null;
      case "note":
        return null;
    }
  }

  #prepare(token: AttemptToken): AgentEvent {
    if (this.faults && this.#chance(0.05))
      return { kind: "prepare-failed", token, reason: "ENOSPC", retry: "later" };
    this.#move(token, this.#retired, this.directories);
    const existed = this.directories.has(token);
    const spec = this.placed.get(token);
    if (!existed && spec !== undefined) {
      this.directories.set(token, {
        spec,
        atMs: this.nowMs,
        claimedBy: null,
        statusBytes: 0,
        exit: null,
      });
    }
    return { kind: "prepared", token, existed };
  }

  #move(
    token: AttemptToken,
    from: Map<AttemptToken, Directory>,
    to: Map<AttemptToken, Directory>,
  ): void {
    const directory = from.get(token);
    if (directory === undefined) return;
    from.delete(token);
    to.set(token, directory);
  }

  #submit(token: AttemptToken): AgentEvent {
    const answer = (result: (AgentEvent & { kind: "submitted" })["result"]): AgentEvent => ({
      kind: "submitted",
      token,
      result,
      watched: false,
    });
    const dice = this.faults ? this.random.next() : 1;
    if (dice < 0.05) return answer({ kind: "later", reason: "QOSMaxSubmitJobPerUserLimit" });
    if (dice < 0.08) return answer({ kind: "refused", reason: "Invalid account" });
    if (dice < 0.15) return answer({ kind: "ambiguous", reason: "Socket timed out" });
    const living = this.jobs.filter((job) => job.token === token && job.phase !== "forgotten");
    if (living.length > 0) this.problems.push(`${token} is in the queue twice`);
    const late = dice < 0.35;
    const visibleAtMs = this.nowMs + (late ? randomInt(this.random, LATE_MS_MAX) : 0);
    const nativeId = String(this.#nextNative++);
    this.jobs.push({ token, nativeId, visibleAtMs, phase: "queued", cause: null, won: false });
    if (late) return answer({ kind: "ambiguous", reason: "Socket timed out" });
    return answer({ kind: "submitted", nativeId, raw: nativeId });
  }

  #cancelJobs(nativeIds: readonly string[]): void {
    for (const job of this.jobs) {
      if (!nativeIds.includes(job.nativeId)) continue;
      if (job.phase === "queued") Object.assign(job, { phase: "ended", cause: "cancelled" });
      if (job.phase === "running") this.#end(job, 143);
    }
  }

  #end(job: QueueJob, code: number): void {
    const directory = this.directories.get(job.token);
    if (directory === undefined) return;
    directory.exit = { code, atMs: this.nowMs };
    directory.statusBytes += 10;
    job.phase = "ended";
    job.cause = code === 0 ? "ok" : code === 143 ? "cancelled" : "failed";
  }

  #queue(): QueueEntry[] {
    return this.jobs
      .filter((job) => job.phase !== "forgotten" && job.visibleAtMs <= this.nowMs)
      .map((job) => ({
        nativeId: job.nativeId,
        queueName: `relax-${job.token}`,
        phase: job.phase as "queued" | "running" | "ended",
        cause: job.cause,
        exitCode: null,
        signal: null,
        raw: job.phase,
        reason: null,
        submittedAtMs: null,
        startedAtMs: null,
        endedAtMs: null,
      }));
  }

  #status(token: AttemptToken): JobStatus {
    const directory = this.directories.get(token);
    const nativeId = directory?.claimedBy ?? null;
    const atMs = directory?.atMs ?? 0;
    const exit = directory?.exit ?? null;
    return {
      token,
      directoryExists: directory !== undefined,
      claim: nativeId === null ? null : { nativeId, raw: `claim ${nativeId}`, atMs },
      startedAtMs: nativeId === null ? null : atMs,
      statusBytes: directory?.statusBytes ?? 0,
      exit:
        exit === null
          ? null
          : {
              code: exit.code,
              signal: null,
              cpuMs: null,
              maxRssKb: null,
              atMs: exit.atMs,
              raw: `exit ${exit.code}`,
            },
    };
  }

  #scan(): FoundDirectory[] {
    return [...this.directories].map(([token, { spec, atMs }]) => ({
      token,
      spec,
      intendedAtMs: atMs,
      nativeId: null,
      status: this.#status(token),
    }));
  }

  #takeReports(upTo: number): AgentEvent {
    for (let seq = this.#reportSeen + 1; seq <= upTo; seq++) {
      const entry = this.core.reports.unacked.get(seq);
      if (entry === undefined) {
        this.problems.push(`report ${seq} is missing`);
        break;
      }
      this.#reportSeen = seq;
      const { token, report } = entry;
      if (report.kind !== "ended" || !this.placed.has(token)) continue;
      this.#checkEnd(token, report);
      this.ended.set(token, report);
      this.placed.delete(token);
      // The acknowledgement says it too.
      if (this.#chance(0.3)) this.#command({ kind: "forget", token });
    }
    return { kind: "reports-acked", seq: this.#reportSeen };
  }

  /** Does the report tell what really happened? */
  #checkEnd(token: AttemptToken, report: AttemptReport & { kind: "ended" }): void {
    const { cause } = report.outcome;
    const directory = this.directories.get(token);
    const code = directory?.exit?.code ?? null;
    const running = this.jobs.some(
      (job) => job.token === token && job.won && job.phase === "running",
    );
    if (running) this.problems.push(`${token} ended as ${cause} while it runs`);
    if (cause === "ok" && code !== 0) this.problems.push(`${token} ended ok with exit ${code}`);
    if (cause === "failed" && (code === null || code === 0))
      this.problems.push(`${token} ended failed with exit ${code}`);
    // A fence whose reason went with the journal is the one end that nothing explains.
    const fenced = directory?.claimedBy === FENCE_NATIVE_ID;
    if (cause === "unknown_outcome" && !fenced)
      this.problems.push(`${token}: the files say how it ended`);
  }

  #command(command: Command): void {
    this.#commandSeq += 1;
    this.#commands.push({ seq: this.#commandSeq, command });
    if (this.#linked) this.feed({ kind: "command", seq: this.#commandSeq, epoch: 1, command });
  }

  #chance(p: number): boolean {
    return this.random.next() < p;
  }
}

/** What journal.ts would read back. */
export function contentOf(rows: readonly JournalRow[]): JournalContent {
  const intents = new Map<AttemptToken, JournalContent["intents"][number]>();
  const bindings = new Map<AttemptToken, { nativeId: string; atMs: number }>();
  const cancels = new Map<
    AttemptToken,
    { cause: "cancelled" | "timeout"; reason: string; atMs: number }
  >();
  const ends = new Map<AttemptToken, number>();
  const reports = new Map<number, JournalContent["reports"][number]>();
  const pushes = new Map<string, { digest: string; token: AttemptToken }>();
  let [commandSeen, epochSeen, reportsAcked] = [0, 0, 0];
  for (const row of rows) {
    if (row.table === "intent") intents.set(row.token, row);
    else if (row.table === "binding") bindings.set(row.token, row);
    else if (row.table === "cancel") cancels.set(row.token, row);
    else if (row.table === "end") ends.set(row.token, row.seq);
    else if (row.table === "report") reports.set(row.seq, row);
    else if (row.table === "push") pushes.set(row.digest, row);
    else if (row.table === "pushed") pushes.delete(row.digest);
    else if (row.table === "command-seen") commandSeen = Math.max(commandSeen, row.seq);
    else if (row.table === "epoch-seen") epochSeen = row.epoch;
    else if (row.table === "reports-acked") reportsAcked = row.seq;
    else for (const table of [intents, bindings, cancels, ends]) table.delete(row.token);
  }
  return {
    commandSeen,
    epochSeen,
    reportsAcked,
    intents: [...intents.values()],
    bindings,
    cancels,
    ends,
    reports: [...reports.values()].filter(({ seq }) => seq > reportsAcked),
    pushes: [...pushes.values()],
  };
}
