// Carries out the core's wishes against the cluster and the files, and feeds back what happened.
//
// What is quick is done at once, in the turn that wished for it: preparing, reading status files,
// sealing values. What waits (the journal's flush, the cluster's commands, artifacts) comes back as
// an event later. Nothing here decides: every failure becomes an event with its reason.

import { join } from "node:path";
import type { Dialect, JobFiles, LiveJob } from "#adapters/adapter.ts";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Outcome } from "#shared/base/job.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { isLive } from "./core/attempt.ts";
import type { Attempt } from "./core/attempt.ts";
import type { ClusterCore } from "./core/core-state.ts";
import type { JobStatus, QueueAnswer, SubmitResult } from "./core/observations.ts";
import type { AgentEvent, JournalRow, Wish } from "./core/wishes.ts";
import type { AgentMetrics, CallKind } from "./agent-metrics.ts";
import type { JobDirectories, JobNote } from "./job-directory.ts";
import type { Journal } from "./journal.ts";
import { seal } from "./sealing.ts";
import type { SealingOptions } from "./sealing.ts";
import { hasArtifacts, stageArtifacts } from "./staging.ts";
import type { StatusWatch } from "./status-watch.ts";

/** What needs the scheduler: the link. */
export interface Uplink {
  ackCommands(seq: number): void;
  sendReports(upTo: number): void;
  refuse(reason: string): void;
  fetchArtifact(digest: string): Promise<void>;
  pushArtifact(digest: string): Promise<void>;
}

export interface ExecutorOptions {
  readonly core: ClusterCore;
  readonly dialect: Dialect;
  readonly journal: Journal;
  readonly directories: JobDirectories;
  readonly sealing: SealingOptions;
  readonly uplink: Uplink;
  readonly watch: StatusWatch;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
  /** Takes an event in; events fed while a turn runs are its next ones. */
  readonly feed: (event: AgentEvent) => void;
  readonly nowMs: () => number;
}

/** job_info.json follows at this pace: nothing rests on it while the agent lives. */
const NOTES_MS = 100;

export class Executor {
  readonly #options: ExecutorOptions;
  /** As they are to be written; an attempt may be forgotten before its last one is. */
  readonly #notes = new Map<AttemptToken, JobNote>();
  #notesTimer: NodeJS.Timeout | null = null;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  carryOut(wish: Wish): void {
    const { uplink, feed } = this.#options;
    switch (wish.kind) {
      case "journal":
        return this.#journal(wish.batch, wish.rows);
      case "ack-commands":
        return uplink.ackCommands(wish.seq);
      case "refuse-commands":
        return uplink.refuse(wish.reason);
      case "send-reports":
        return uplink.sendReports(wish.upTo);
      case "prepare":
        return this.#prepare(wish.token);
      case "adopt":
        return this.#adopt(wish.tokens);
      case "submit":
        return this.#submit(wish.token);
      case "take-claim":
        return this.#takeClaim(wish.token);
      case "poll":
        return this.#poll();
      case "history":
        return this.#history(wish.tokens);
      case "read-status":
        return feed({
          kind: "statuses",
          statuses: wish.tokens.flatMap((token) => this.#status(token)),
        });
      case "cancel":
        return this.#cancel(wish.jobs);
      case "seal":
        return this.#seal(wish.token, wish.outcome);
      case "note":
        return this.note(wish.token, wish.outcome);
      case "push":
        return this.#push(wish.digest);
      case "retire":
        return this.#retire(wish.token);
    }
  }

  /** job_info.json is brought up to date soon. `null`: it has not ended. */
  note(token: AttemptToken, outcome: Outcome | null): void {
    const attempt = this.#options.core.attempts.get(token);
    if (attempt === undefined || this.#notes.get(token)?.state === "ended") return;
    this.#notes.set(
      token,
      this.#noteOf(attempt, outcome === null ? "submitted" : "ended", outcome),
    );
    this.#notesTimer ??= setTimeout(() => this.writeNotes(), NOTES_MS);
  }

  writeNotes(): void {
    if (this.#notesTimer !== null) clearTimeout(this.#notesTimer);
    this.#notesTimer = null;
    for (const token of this.#notes.keys()) this.#writeNote(token);
  }

  #writeNote(token: AttemptToken): void {
    const { directories, logger } = this.#options;
    const note = this.#notes.get(token);
    if (note === undefined) return;
    this.#notes.delete(token);
    try {
      directories.note(note);
    } catch (reason) {
      logger.warn({ err: reason, attempt: token }, "job_info.json was not rewritten");
    }
  }

  #noteOf(attempt: Attempt, state: JobNote["state"], outcome: Outcome | null): JobNote {
    const { token, spec, intendedAtMs, nativeId } = attempt;
    const { cluster } = this.#options.sealing;
    return { version: 1, token, state, cluster, intendedAtMs, nativeId, outcome, spec };
  }

  #journal(batch: number, rows: readonly JournalRow[]): void {
    const { journal, feed, metrics, logger } = this.#options;
    const startedMs = performance.now();
    journal.commit(rows).then(
      () => {
        metrics.flushed((performance.now() - startedMs) / 1000);
        for (const row of rows) if (row.table === "binding") this.note(row.token, null);
        feed({ kind: "journalled", batch });
      },
      (reason: unknown) => {
        const failure = Failure.from(reason);
        logger.error({ err: reason }, "the journal was not written");
        metrics.fault("journal", failure.code);
        feed({ kind: "journal-failed", batch, reason: `the agent's journal: ${failure.message}` });
      },
    );
  }

  #prepare(token: AttemptToken): void {
    const { core, dialect, directories, feed } = this.#options;
    const attempt = core.attempts.get(token);
    if (attempt === undefined) return;
    const { spec } = attempt;
    try {
      if (directories.exists(token)) return feed({ kind: "prepared", token, existed: true });
      const cannot = dialect.unsupported(spec.resources);
      if (cannot.length > 0) {
        return feed({ kind: "prepare-failed", token, reason: cannot.join("; "), retry: "never" });
      }
      const half = directories.begin(this.#noteOf(attempt, "created", null));
      if (hasArtifacts(spec)) return this.#stage(attempt, half);
      return feed({ kind: "prepared", token, existed: !directories.publish(half, token) });
    } catch (reason) {
      return this.#prepareFailed(token, reason);
    }
  }

  #stage(attempt: Attempt, half: string): void {
    const { directories, sealing, uplink, feed } = this.#options;
    const { token, spec } = attempt;
    stageArtifacts(spec, join(half, "work"), sealing.store, uplink.fetchArtifact).then(
      () => {
        try {
          feed({ kind: "prepared", token, existed: !directories.publish(half, token) });
        } catch (reason) {
          this.#prepareFailed(token, reason);
        }
      },
      (reason: unknown) => {
        directories.discard(half);
        this.#prepareFailed(token, reason);
      },
    );
  }

  #prepareFailed(token: AttemptToken, reason: unknown): void {
    const { feed, logger } = this.#options;
    const failure = Failure.from(reason);
    // An artifact may still be on its way to the scheduler; only what can never be made is refused.
    const retry = failure.code === "INVALID" ? "never" : "later";
    logger.warn({ err: reason, attempt: token }, "the job directory was not made");
    feed({ kind: "prepare-failed", token, reason: failure.message, retry });
  }

  #submit(token: AttemptToken): void {
    const { core, dialect, directories, feed, metrics } = this.#options;
    const attempt = core.attempts.get(token);
    if (attempt === undefined) return;
    const onExit = (): void => feed({ kind: "process-exited", token });
    const startedMs = performance.now();
    const answer = (result: SubmitResult): void => {
      const watched = result.kind === "submitted" && !dialect.pollsQueue;
      metrics.submitted(result.kind);
      metrics.called("submit", result.kind !== "ambiguous", (performance.now() - startedMs) / 1000);
      feed({ kind: "submitted", token, result, watched });
    };
    const files = directories.filesOf(attempt.spec);
    dialect.submit(attempt.spec, files, onExit).then(answer, (reason: unknown) =>
      // Whatever broke, it may have broken after the cluster took it.
      answer({ kind: "ambiguous", reason: Failure.from(reason).message }),
    );
  }

  #adopt(tokens: readonly AttemptToken[]): void {
    const { core, dialect, directories, feed } = this.#options;
    const asked = tokens.flatMap((token) => core.attempts.get(token) ?? []);
    const files = asked.map((attempt): JobFiles => directories.filesOf(attempt.spec));
    this.#ask(
      "find",
      () => dialect.find(files),
      (answer) => {
        // The files are read after the queue answered: a job that started in between is seen here.
        const statuses = tokens.flatMap((token) => this.#status(token));
        feed({ kind: "adopted", tokens, answer, statuses });
      },
    );
  }

  #poll(): void {
    const { dialect, feed, nowMs } = this.#options;
    const startedAtMs = nowMs();
    const live = this.#liveJobs((attempt) => isLive(attempt) && !attempt.watched);
    this.#ask(
      "poll",
      () => dialect.poll(live),
      (answer) => feed({ kind: "polled", startedAtMs, answer }),
    );
  }

  #history(tokens: readonly AttemptToken[]): void {
    const { dialect, feed } = this.#options;
    const wanted = new Set(tokens);
    const live = this.#liveJobs((attempt) => wanted.has(attempt.token));
    this.#ask(
      "history",
      () => dialect.history(live),
      (answer) => feed({ kind: "history", tokens, answer }),
    );
  }

  #cancel(jobs: readonly { readonly token: AttemptToken; readonly nativeId: string }[]): void {
    const { core, dialect, directories, feed, metrics } = this.#options;
    const live = jobs.flatMap(({ token, nativeId }): LiveJob[] => {
      const attempt = core.attempts.get(token);
      return attempt === undefined ? [] : [{ ...directories.filesOf(attempt.spec), nativeId }];
    });
    const tokens = [...new Set(jobs.map(({ token }) => token))];
    const startedMs = performance.now();
    const taken = (answered: boolean, reason: string): void => {
      metrics.called("cancel", answered, (performance.now() - startedMs) / 1000);
      feed({ kind: "cancel-asked", tokens, answered, reason });
    };
    dialect.cancel(live).then(
      (answer) => taken(answer.kind === "asked", answer.kind === "asked" ? "" : answer.reason),
      (reason: unknown) => taken(false, Failure.from(reason).message),
    );
  }

  #ask(
    command: CallKind,
    question: () => Promise<QueueAnswer>,
    take: (answer: QueueAnswer) => void,
  ): void {
    const { metrics } = this.#options;
    const startedMs = performance.now();
    const taken = (answer: QueueAnswer): void => {
      metrics.called(command, answer.kind === "answer", (performance.now() - startedMs) / 1000);
      take(answer);
    };
    question().then(taken, (reason: unknown) =>
      taken({ kind: "no-answer", reason: Failure.from(reason).message }),
    );
  }

  #liveJobs(which: (attempt: Attempt) => boolean): LiveJob[] {
    const { core, directories } = this.#options;
    const jobs: LiveJob[] = [];
    for (const attempt of core.attempts.values()) {
      if (attempt.nativeId === null || !which(attempt)) continue;
      jobs.push({ ...directories.filesOf(attempt.spec), nativeId: attempt.nativeId });
    }
    return jobs;
  }

  #status(token: AttemptToken): JobStatus[] {
    const { core, directories, logger, watch, feed } = this.#options;
    const attempt = core.attempts.get(token);
    if (attempt === undefined) return [];
    if (isLive(attempt) && !attempt.watched) {
      watch.add(token, directories.pathOf(token), () => feed({ kind: "files-changed", token }));
    }
    try {
      return [directories.status(token, attempt.nativeId)];
    } catch (reason) {
      logger.warn({ err: reason, attempt: token }, "the job's files could not be read");
      // Nothing seen is nothing known: the core goes on with what it knew.
      const { claim, statusBytes, directoryExists } = attempt;
      return [{ token, directoryExists, claim, startedAtMs: null, statusBytes, exit: null }];
    }
  }

  #takeClaim(token: AttemptToken): void {
    const { directories, feed, nowMs } = this.#options;
    try {
      feed({ kind: "claim-taken", token, claim: directories.takeClaim(token, nowMs()) });
    } catch (reason) {
      feed({ kind: "claim-failed", token, reason: Failure.from(reason).message });
    }
  }

  #seal(token: AttemptToken, outcome: Outcome): void {
    const { core, directories, sealing, feed, watch, metrics, logger } = this.#options;
    const attempt = core.attempts.get(token);
    if (attempt === undefined) return;
    watch.remove(token);
    const fail = (reason: unknown): void => {
      const failure = Failure.from(reason);
      logger.error({ err: reason, attempt: token }, "the attempt's results were not sealed");
      metrics.fault("sealing", failure.code);
      feed({ kind: "seal-failed", token, reason: failure.message });
    };
    try {
      const sealed = seal(attempt, directories.pathOf(token), outcome, sealing);
      if (sealed instanceof Promise)
        sealed.then((all) => feed({ kind: "sealed", token, sealed: all }), fail);
      else feed({ kind: "sealed", token, sealed });
    } catch (reason) {
      fail(reason);
    }
  }

  #push(digest: string): void {
    const { uplink, feed, logger } = this.#options;
    uplink.pushArtifact(digest).then(
      () => feed({ kind: "pushed", digest }),
      (reason: unknown) => {
        const failure = Failure.from(reason);
        logger.warn(
          { code: failure.code, reason: failure.message, digest },
          "an artifact was not pushed",
        );
        feed({ kind: "push-failed", digest, reason: failure.message });
      },
    );
  }

  #retire(token: AttemptToken): void {
    const { directories, logger, watch } = this.#options;
    watch.remove(token);
    this.#writeNote(token);
    try {
      directories.retire(token);
    } catch (reason) {
      logger.warn({ err: reason, attempt: token }, "the job directory was not put away");
    }
  }
}
