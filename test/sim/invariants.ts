// The checker of a simulated world: it is told what happens and says what must not have. It and the
// files it imports take nothing from services, so that a mistake there is not repeated here.
//
//   I1, I2   the log (log-invariants.ts)
//   I3 - I6  attempts (attempt-invariants.ts)
//   I7   A replay of the log gives the state hash of the process that wrote it.
//   I8   A submission that was acknowledged is never lost.
//   I9   Every wait names what it waits for (wait-invariants.ts).
//   I10  When the faults stop every run ends, and its result is what happened.
//   I11  At most as many programs of a cluster run as it has slots.
//   I12  Nothing fails as a bug: no assertion of the product, no error it has no name for.

import { AttemptInvariants } from "./attempt-invariants.ts";
import { LogInvariants } from "./log-invariants.ts";
import type { SeenRunFold } from "./history-invariants.ts";
import type {
  SeenCluster,
  SeenEnd,
  SeenRecord,
  SeenRun,
  SeenWaits,
  Violation,
} from "./observed.ts";
import { checkCluster, checkWaits } from "./wait-invariants.ts";

export interface CheckerOptions {
  readonly adoptWaitMs: number;
  readonly slots: number;
}

export class Checker {
  readonly violations: Violation[] = [];
  readonly log: LogInvariants;
  readonly attempts: AttemptInvariants;
  readonly #slots: number;
  readonly #planned = new Map<string, SeenRun>();
  readonly #acknowledged = new Set<string>();
  readonly #running = new Set<string>();

  constructor({ adoptWaitMs, slots }: CheckerOptions) {
    const report = this.report.bind(this);
    this.log = new LogInvariants(report);
    this.attempts = new AttemptInvariants(report, { adoptWaitMs });
    this.#slots = slots;
  }

  report(invariant: string, text: string): void {
    this.violations.push({ invariant, text });
  }

  planned(run: SeenRun): void {
    this.#planned.set(run.id, run);
    this.attempts.planned(run);
  }

  recordStored(record: SeenRecord): void {
    if (this.log.stored(record)) this.attempts.record(record);
  }

  recordsLost(partition: number, length: number): void {
    this.log.lost(partition, length);
    this.attempts.rewind(partition, this.log.records(partition));
  }

  runAcknowledged(id: string): void {
    this.#acknowledged.add(id);
    if (this.#foldOf(id)?.accepted !== true)
      this.report("I8", `run ${id} was acknowledged and is not in the log`);
  }

  cancelAsked(run: string, task: string | null): void {
    this.attempts.cancelAsked.add(task === null ? run : `${run}/${task}`);
  }

  started(token: string, nativeId: string, argv: readonly string[]): void {
    this.attempts.started(token, nativeId, argv);
    this.#running.add(token);
    if (this.#running.size > this.#slots) {
      this.report("I11", `${[...this.#running].join(", ")} run on ${this.#slots} slots`);
    }
  }

  finished(token: string, end: SeenEnd): void {
    this.attempts.finished(token, end);
    this.#running.delete(token);
  }

  hashes(live: string, replayed: string, when: string): void {
    if (live !== replayed)
      this.report("I7", `${when}: live ${live.slice(0, 12)}, replayed ${replayed.slice(0, 12)}`);
  }

  cluster(seen: SeenCluster): void {
    checkCluster(seen, this.report.bind(this));
  }

  waits(seen: SeenWaits): void {
    checkWaits(seen, this.report.bind(this));
  }

  /** Whether every acknowledged run has ended, as far as the log says. */
  allEnded(): boolean {
    return [...this.#acknowledged].every(
      (id) => (this.#foldOf(id)?.phase ?? "running") !== "running",
    );
  }

  /** Nothing is left to happen. */
  quiet(): void {
    for (const id of this.#acknowledged) {
      const fold = this.#foldOf(id);
      const run = this.#planned.get(id);
      if (fold === undefined || !fold.accepted || run === undefined) {
        this.report("I8", `run ${id} was acknowledged and is gone`);
      } else if (fold.phase === "running") {
        this.report("I10", `run ${id} never ends: ${this.#openTasks(run, fold)}`);
      } else {
        this.#checkResult(run, fold);
      }
    }
    for (const token of this.#running)
      this.report("I10", `${token} still runs and nobody waits for it`);
  }

  #checkResult(run: SeenRun, fold: SeenRunFold): void {
    const ends = run.tasks.map(({ ordinal }) => fold.tasks.get(ordinal) ?? "nothing");
    const wrong = (why: string): void => this.report("I10", `run ${run.id} ${fold.phase}: ${why}`);
    const cancelled = this.attempts.cancelAsked.has(run.id);
    if ((fold.phase === "succeeded") !== ends.every((end) => end === "succeeded"))
      wrong(`its tasks: ${ends.join(", ")}`);
    if (fold.phase === "failed" && !ends.includes("failed")) wrong("no task failed");
    const someCancelled = run.tasks.some(({ id }) =>
      this.attempts.cancelAsked.has(`${run.id}/${id}`),
    );
    if (fold.phase === "cancelled" && !cancelled && !someCancelled && !ends.includes("cancelled"))
      wrong("nobody cancelled anything");
    for (const task of run.tasks) {
      const end = ends[task.ordinal];
      const token = this.#lastToken(run.id, task.id);
      const why = token === null ? null : this.attempts.excuseOf(token);
      const name = `${task.id} (${token ?? "no attempt"})`;
      if (end === "nothing") wrong(`${name} is not over`);
      if (end === "succeeded" && this.attempts.executions.get(token ?? "")?.end?.exitCode !== 0)
        wrong(`${name} succeeded and did not run to its end`);
      if (end === "failed" && why === null) wrong(`${name} failed and nothing happened to it`);
      if (
        end === "cancelled" &&
        why === null &&
        !cancelled &&
        !this.attempts.cancelAsked.has(`${run.id}/${task.id}`)
      ) {
        wrong(`${name} is cancelled and nobody asked`);
      }
      if (end === "skipped" && !cancelled && !fold.retried)
        this.#checkSkipped(run, task.id, ends, wrong);
    }
  }

  #checkSkipped(
    run: SeenRun,
    id: string,
    ends: readonly string[],
    wrong: (why: string) => void,
  ): void {
    const task = run.tasks.find((each) => each.id === id);
    const needs = run.tasks.filter((each) => task?.needs.includes(each.id) === true);
    const asked = this.attempts.cancelAsked.has(`${run.id}/${id}`);
    if (!asked && needs.every(({ ordinal }) => ends[ordinal] === "succeeded"))
      wrong(`${id} was skipped for no reason`);
  }

  #openTasks(run: SeenRun, fold: SeenRunFold): string {
    return run.tasks
      .map(
        (task) =>
          `${task.id} ${fold.tasks.get(task.ordinal) ?? `open (${this.#lastToken(run.id, task.id) ?? "no attempt"})`}`,
      )
      .join(", ");
  }

  #lastToken(run: string, task: string): string | null {
    for (const fold of this.attempts.folds.values()) {
      for (const [address, job] of fold.jobs)
        if (address.endsWith(`/${run}/${task}`)) return job.last;
    }
    return null;
  }

  #foldOf(run: string): SeenRunFold | undefined {
    for (const fold of this.attempts.folds.values()) {
      const found = fold.runs.get(run);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
