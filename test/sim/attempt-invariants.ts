// What must hold of attempts: what the log says of them against what really happened on the
// cluster.
//
//   I3. An attempt has at most one claim and its program runs at most once, for what it was meant
//       to be: the right arguments, after everything its task needs has succeeded.
//   I4. An attempt is placed once and ends once, and a job has one open attempt at a time.
//   I5. No end without evidence: nothing of the attempt runs when its end is logged nor starts
//       later, and the end that is logged is the one that happened.
//   I6. No blind submission: between two submissions of one attempt the queue was asked twice and
//       did not know it, and the time has passed in which the first could still have appeared.

import { LogFold, tokenParts } from "./history-invariants.ts";
import type { Report, SeenEnd, SeenEvent, SeenRecord, SeenRun, SeenTask } from "./observed.ts";

/** A process's exit is heard at most this much later (sim-local.ts). */
export const EXIT_HEARD_WITHIN_MS = 5;

interface Submission {
  readonly atMs: number;
  emptyLooks: number;
  lastLookFound: boolean;
  tookNothing: boolean;
}

interface Execution {
  readonly nativeId: string;
  end: SeenEnd | null;
}

export interface AttemptRules {
  /** How long a submission that was not answered is waited for at least (DESIGN §5). */
  readonly adoptWaitMs: number;
}

export class AttemptInvariants {
  readonly folds = new Map<number, LogFold>();
  readonly executions = new Map<string, Execution>();
  readonly cancelAsked = new Set<string>();
  readonly #report: Report;
  readonly #rules: AttemptRules;
  readonly #runs = new Map<string, SeenRun>();
  readonly #claims = new Map<string, string>();
  readonly #submissions = new Map<string, Submission>();
  /** Attempts that lost their node before their program began. */
  readonly #nodeLost = new Set<string>();
  readonly #fenced = new Set<string>();

  constructor(report: Report, rules: AttemptRules) {
    this.#report = report;
    this.#rules = rules;
  }

  planned(run: SeenRun): void {
    this.#runs.set(run.id, run);
  }

  // --- what the log says ---

  record({ partition, entries }: SeenRecord): void {
    const fold = this.#foldOf(partition);
    for (const { actor, events } of fold.complete(entries)) {
      for (const event of events) {
        if (event.type === "job.attempt-ended") this.#ended(event);
        fold.apply(actor, event, this.#report);
      }
    }
  }

  /** The log lost its tail: what it says now is `records`. */
  rewind(partition: number, records: readonly SeenRecord[]): void {
    this.folds.delete(partition);
    const fold = this.#foldOf(partition);
    for (const { entries } of records) {
      for (const { actor, events } of fold.complete(entries))
        for (const event of events) fold.apply(actor, event, () => {});
    }
  }

  #ended(event: SeenEvent): void {
    const token = String(event["token"]);
    const outcome = event["outcome"] as {
      cause: string;
      exitCode: number | null;
      signal: number | null;
    };
    const evidence = event["evidence"] as { raw?: string } | undefined;
    const execution = this.executions.get(token);
    const wrong = (why: string): void =>
      this.#report("I5", `${token} was ended as ${outcome.cause}: ${why}`);
    if (evidence?.raw === undefined || evidence.raw === "") wrong("its evidence says nothing");
    if (execution !== undefined && execution.end === null) {
      wrong(`its program is running as ${execution.nativeId}`);
      return;
    }
    const end = execution?.end ?? null;
    const happened = end === null ? "it never ran" : `${end.how}, exit code ${end.exitCode}`;
    if (!this.#agrees(token, outcome, end)) wrong(`what happened: ${happened}`);
  }

  #agrees(
    token: string,
    outcome: { cause: string; exitCode: number | null; signal: number | null },
    end: SeenEnd | null,
  ): boolean {
    const { run, task } = this.#taskOf(token);
    switch (outcome.cause) {
      case "ok":
        return end?.how === "exit" && end.exitCode === 0;
      case "failed":
        if (end?.how === "killed") return outcome.signal !== null || outcome.exitCode !== 0;
        return end?.how === "exit" && end.exitCode !== 0 && end.exitCode === outcome.exitCode;
      case "cancelled":
        return end?.how === "killed" || this.#wasCancelled(run, task);
      case "timeout":
        if (end === null) return this.#nodeLost.has(token) && task?.timeoutMs !== null;
        return ranTooLong(task, end, end.how === "node" ? EXIT_HEARD_WITHIN_MS : 0);
      case "node_fail":
        return end?.how === "node" || this.#nodeLost.has(token);
      case "refused":
        return end === null;
      case "unknown_outcome":
        if (end !== null) return !end.written;
        return this.#nodeLost.has(token) || this.#fenced.has(token);
      default:
        return false;
    }
  }

  // --- what happens on the cluster ---

  claimed(token: string, nativeId: string): void {
    const winner = this.#claims.get(token);
    if (winner !== undefined)
      this.#report("I3", `${token} was claimed by ${winner} and by ${nativeId}`);
    this.#claims.set(token, nativeId);
  }

  started(token: string, nativeId: string, argv: readonly string[]): void {
    const before = this.executions.get(token);
    if (before !== undefined)
      this.#report("I3", `${token} ran as ${before.nativeId} and runs again as ${nativeId}`);
    this.executions.set(token, { nativeId, end: null });
    const { run, task, ordinal } = this.#taskOf(token);
    const fold = [...this.folds.values()].find((each) => each.tokens.has(token));
    if (fold === undefined) this.#report("I3", `${token} runs and no log knows it`);
    if (fold?.tokens.get(token) === "ended")
      this.#report("I5", `${token} runs after its end was logged`);
    if (task === undefined || run === undefined) {
      this.#report("I3", `${token} is task ${ordinal} of no run that was planned`);
      return;
    }
    if (argv.join(" ") !== task.argv.join(" "))
      this.#report("I3", `${token} runs ${argv.join(" ")} instead of ${task.argv.join(" ")}`);
    for (const need of task.needs) {
      const needed = run.tasks.find(({ id }) => id === need);
      if (needed !== undefined && !this.#succeeded(run.id, needed.ordinal))
        this.#report("I3", `${token} runs before ${need} has succeeded`);
    }
  }

  finished(token: string, end: SeenEnd): void {
    const execution = this.executions.get(token);
    if (execution !== undefined) execution.end = end;
  }

  /** The agent took the claim; if it then lost its journal, nothing says why. */
  fenced(token: string): void {
    this.#fenced.add(token);
  }

  nodeLost(token: string): void {
    this.#nodeLost.add(token);
  }

  // --- what the agent asks of the cluster ---

  submitting(token: string, nowMs: number): void {
    const before = this.#submissions.get(token);
    if (before !== undefined && !before.tookNothing) {
      const waitedMs = nowMs - before.atMs;
      const why = before.lastLookFound
        ? "the queue had just named it"
        : before.emptyLooks < 2
          ? `the queue was asked ${before.emptyLooks} times`
          : waitedMs < this.#rules.adoptWaitMs
            ? `only ${waitedMs} ms had passed`
            : null;
      if (why !== null) this.#report("I6", `${token} was submitted again: ${why}`);
    }
    this.#submissions.set(token, {
      atMs: nowMs,
      emptyLooks: 0,
      lastLookFound: false,
      tookNothing: false,
    });
  }

  /** The cluster said that it took nothing. */
  refused(token: string): void {
    const submission = this.#submissions.get(token);
    if (submission !== undefined) submission.tookNothing = true;
  }

  /** A healthy answer by name reached the agent. */
  looked(token: string, found: boolean): void {
    const submission = this.#submissions.get(token);
    if (submission === undefined) return;
    submission.lastLookFound = found;
    if (!found) submission.emptyLooks += 1;
  }

  /** Why a task may have ended without success; null when nothing happened to it. */
  excuseOf(token: string): string | null {
    const { task } = this.#taskOf(token);
    if (task?.placeable === false) return "its cluster does not exist";
    if (this.#nodeLost.has(token)) return "its node died";
    if (this.#fenced.has(token)) return "the agent took its claim";
    const end = this.executions.get(token)?.end ?? null;
    if (end === null) return null;
    if (ranTooLong(task, end)) return "it ran longer than its timeout";
    return end.how === "exit" && end.exitCode === 0 ? null : `${end.how} ${end.exitCode}`;
  }

  #succeeded(run: string, ordinal: number): boolean {
    for (const [token, { end }] of this.executions) {
      const parts = tokenParts(token);
      if (
        parts.run === run &&
        parts.ordinal === ordinal &&
        end?.how === "exit" &&
        end.exitCode === 0
      )
        return true;
    }
    return false;
  }

  #wasCancelled(run: SeenRun | undefined, task: SeenTask | undefined): boolean {
    if (run === undefined || task === undefined) return false;
    return this.cancelAsked.has(run.id) || this.cancelAsked.has(`${run.id}/${task.id}`);
  }

  #taskOf(token: string): {
    run: SeenRun | undefined;
    task: SeenTask | undefined;
    ordinal: number;
  } {
    const { run: id, ordinal } = tokenParts(token);
    const run = this.#runs.get(id);
    return { run, task: run?.tasks[ordinal], ordinal };
  }

  #foldOf(partition: number): LogFold {
    let fold = this.folds.get(partition);
    if (fold === undefined) {
      fold = new LogFold();
      this.folds.set(partition, fold);
    }
    return fold;
  }
}

/** Whose death is not heard yet is still counted as running, for `unheardMs` at most. */
function ranTooLong(task: SeenTask | undefined, end: SeenEnd, unheardMs = 0): boolean {
  return task !== undefined && task.timeoutMs !== null && end.ranMs + unheardMs >= task.timeoutMs;
}
