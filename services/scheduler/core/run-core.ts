// A run: which of its tasks may start, and how it ends. It interprets the compiled plan; jobs tell
// it how they ended.
//
// Invariants, checked by checkRun() after every turn in tests:
//
//   R1. A task begins only when every task it needs has succeeded.
//   R2. A task ends once. A task that needs one that did not succeed is skipped with the reason.
//   R3. The run has ended exactly when every task has ended or was skipped.
//   R4. The counters agree with the tasks.

import assert from "node:assert/strict";
import { Failure, unreachable } from "#shared/base/errors.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import type { RunEvent } from "./events.ts";
import { type RunMessage, jobAddress } from "./messages.ts";
import type { JobActorState, RunState } from "./state.ts";
import { jobSpecOf } from "./task-spec.ts";
import type { Turn } from "./turn.ts";

/** Tasks of one `run.planned`: small events, so that any plan fits into records. */
const PLAN_BYTES_PER_EVENT = 48 * 1024;

type RunTurn = Turn<RunEvent>;

export function onRunMessage(
  run: RunState | undefined,
  message: RunMessage,
  turn: RunTurn,
): unknown {
  if (message.kind === "submit") return onSubmit(run, message, turn);
  if (run === undefined || run.phase === "receiving") {
    if (message.kind === "wake") return undefined;
    throw new Failure("NOT_FOUND", `there is no run ${turn.address.split("/").at(-1)}`);
  }
  switch (message.kind) {
    case "cancel":
      return onCancel(run, message.reason, turn);
    case "cancel-task":
      return onCancelTask(run, message.task, message.reason, turn);
    case "retry":
      return onRetry(run, turn);
    case "attach-receipt":
      if (ended(run) && run.receipt === null)
        turn.emit({ type: "run.receipt", receipt: message.receipt });
      return undefined;
    case "job-ended":
      return onJobEnded(run, message, turn);
    case "wake":
      return onWake(run, turn);
    default:
      return unreachable(message);
  }
}

/** Idempotent: the same content again says so, and a submission cut off by a crash goes on. */
function onSubmit(
  run: RunState | undefined,
  message: Extract<RunMessage, { kind: "submit" }>,
  turn: RunTurn,
): { existed: boolean } {
  if (run !== undefined && run.meta.digest !== message.meta.digest) {
    throw new Failure("ALREADY_EXISTS", `run ${message.meta.id} exists with another content`, {
      hint: "the same idempotency key was used for another manifest: use a new key",
    });
  }
  if (run !== undefined && run.phase !== "receiving") return { existed: true };
  if (run === undefined) turn.emit({ type: "run.submitted", meta: message.meta });
  for (const tasks of parts(message.tasks.slice(run?.tasks.length ?? 0))) {
    turn.emit({ type: "run.planned", tasks });
  }
  turn.emit({ type: "run.accepted" });
  turn.send(turn.address, { kind: "wake" }); // In a turn of its own: that one sees the new state.
  return { existed: false };
}

/** Begins every task that waits for nothing. */
function startReady(run: RunState, turn: RunTurn): void {
  for (const task of run.tasks) {
    const progress = run.progress[task.ordinal];
    if (progress?.kind === "blocked" && progress.missing === 0) begin(run, task, turn);
  }
  endIfDone(run, turn);
}

function begin(run: RunState, task: PlanTask, turn: RunTurn): void {
  const { ordinal } = task;
  const again = run.begun[ordinal] === true;
  const spec = specOrReason(run, task);
  if (typeof spec !== "string") {
    turn.emit({ type: "run.task-begun", ordinal });
    sendToJob(run, task, spec, again ? "restart" : "create", turn);
    return;
  }
  const end = { end: "failed", reason: spec, outputs: [], receiptDigest: null } as const;
  turn.emit({ type: "run.task-ended", ordinal, ...end });
  skipDependents(run, ordinal, `needs ${task.id}, which failed: ${spec}`, turn);
}

/** A value that must not become code refuses its task; the reason says which. */
function specOrReason(run: RunState, task: PlanTask): JobActorState["spec"] | string {
  try {
    return jobSpecOf(run, task);
  } catch (error) {
    if (error instanceof Failure && error.code === "INVALID") return error.message;
    throw error;
  }
}

function sendToJob(
  run: RunState,
  task: PlanTask,
  spec: JobActorState["spec"],
  kind: "create" | "restart",
  turn: RunTurn,
): void {
  const { namespace, id } = run.meta;
  const address = jobAddress(namespace, id, task.id);
  if (kind === "restart") {
    turn.send(address, { kind, spec });
    return;
  }
  assert(task.cluster !== null, "the shell names a cluster for every task");
  const { ordinal, cluster, priority, retry } = task;
  const job = { run: id, namespace, task: task.id, ordinal, cluster, priority, retry, spec };
  turn.send(address, { kind, job });
}

function onJobEnded(
  run: RunState,
  message: Extract<RunMessage, { kind: "job-ended" }>,
  turn: RunTurn,
): void {
  const at = message.ordinal;
  const task = run.tasks[at];
  assert(task?.id === message.task);
  if (run.progress[at]?.kind !== "started") return; // Told twice.
  const { end, outputs, receiptDigest, reason } = message;
  turn.emit({ type: "run.task-ended", ordinal: at, end, reason, outputs, receiptDigest });
  if (end === "succeeded") beginDependents(run, at, turn);
  else skipDependents(run, at, `needs ${task.id}, which ${verbOf(end)}: ${reason}`, turn);
  endIfDone(run, turn);
}

function beginDependents(run: RunState, ordinal: number, turn: RunTurn): void {
  if (run.phase !== "running") return;
  for (const dependent of run.dependents[ordinal] ?? []) {
    const progress = run.progress[dependent];
    const task = run.tasks[dependent];
    assert(task !== undefined);
    if (progress?.kind === "blocked" && progress.missing === 0) begin(run, task, turn);
  }
}

/** A reason names the task before and the one it began with: as long however long the chain is. */
function skipDependents(run: RunState, ordinal: number, reason: string, turn: RunTurn): void {
  const queue = [{ ordinal, reason }];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    for (const dependent of run.dependents[next.ordinal] ?? []) {
      const task = run.tasks[dependent];
      if (task === undefined || run.progress[dependent]?.kind !== "blocked") continue;
      turn.emit({ type: "run.task-skipped", ordinal: dependent, reason: next.reason });
      queue.push({
        ordinal: dependent,
        reason: `needs ${task.id}, which was skipped (${reason})`,
      });
    }
  }
}

function onCancel(run: RunState, reason: string, turn: RunTurn): void {
  if (ended(run)) {
    throw new Failure("CONFLICT", `run ${run.meta.id} has already ended: ${run.phase}`);
  }
  if (run.phase === "running") turn.emit({ type: "run.cancelling", reason });
  for (const task of run.tasks) {
    const progress = run.progress[task.ordinal];
    if (progress?.kind === "blocked") {
      turn.emit({
        type: "run.task-skipped",
        ordinal: task.ordinal,
        reason: `the run was cancelled: ${reason}`,
      });
    } else if (progress?.kind === "started") {
      turn.send(jobAddress(run.meta.namespace, run.meta.id, task.id), { kind: "cancel", reason });
    }
  }
  endIfDone(run, turn);
}

function onCancelTask(run: RunState, id: string, reason: string, turn: RunTurn): void {
  const task = run.tasks[run.ordinals.get(id) ?? -1];
  if (task === undefined) throw new Failure("NOT_FOUND", `run ${run.meta.id} has no task ${id}`);
  const progress = run.progress[task.ordinal];
  if (progress?.kind === "started") {
    turn.send(jobAddress(run.meta.namespace, run.meta.id, id), { kind: "cancel", reason });
  } else if (progress?.kind === "blocked") {
    turn.emit({ type: "run.task-skipped", ordinal: task.ordinal, reason: `cancelled: ${reason}` });
    skipDependents(run, task.ordinal, `needs ${id}, which was cancelled: ${reason}`, turn);
    endIfDone(run, turn);
  } else {
    throw new Failure("CONFLICT", `job ${run.meta.id}/${id} has already ended`);
  }
}

function onRetry(run: RunState, turn: RunTurn): { tasks: number } {
  if (!ended(run)) {
    throw new Failure("CONFLICT", `run ${run.meta.id} has not ended: it is ${run.phase}`, {
      hint: "watch it, or cancel it first",
    });
  }
  const ordinals = run.tasks
    .map((task) => task.ordinal)
    .filter((ordinal) => !succeeded(run, ordinal));
  if (ordinals.length === 0) {
    throw new Failure("CONFLICT", `every task of run ${run.meta.id} succeeded: nothing to retry`);
  }
  turn.emit({ type: "run.retried", ordinals });
  startReady(run, turn);
  return { tasks: ordinals.length };
}

/** After a restart a turn may have been cut between records: say again what may have been lost. */
function onWake(run: RunState, turn: RunTurn): void {
  for (const task of run.tasks) {
    if (run.progress[task.ordinal]?.kind !== "started") continue;
    sendToJob(run, task, jobSpecOf(run, task), "create", turn); // A job that exists ignores it.
    if (run.phase !== "cancelling") continue;
    const reason = run.cancelReason ?? "";
    turn.send(jobAddress(run.meta.namespace, run.meta.id, task.id), { kind: "cancel", reason });
  }
  if (run.phase === "running") startReady(run, turn);
  else endIfDone(run, turn);
}

function endIfDone(run: RunState, turn: RunTurn): void {
  if (ended(run)) return;
  const done = run.succeeded + run.failed + run.cancelled + run.skipped;
  if (done < run.tasks.length) return;
  const failedTask = run.tasks.find(({ ordinal }) => {
    const progress = run.progress[ordinal];
    return progress?.kind === "ended" && progress.end === "failed";
  });
  const atMs = turn.nowMs;
  if (run.succeeded === run.tasks.length) {
    turn.emit({ type: "run.ended", phase: "succeeded", reason: "", atMs });
  } else if (run.cancelReason !== null || failedTask === undefined) {
    turn.emit({ type: "run.ended", phase: "cancelled", reason: run.cancelReason ?? "", atMs });
  } else {
    turn.emit({ type: "run.ended", phase: "failed", reason: `${failedTask.id} failed`, atMs });
  }
}

export function applyRun(state: RunState | undefined, event: RunEvent): RunState {
  if (event.type === "run.submitted") return newRun(event.meta);
  assert(state !== undefined, `${event.type} before run.submitted`);
  switch (event.type) {
    case "run.planned":
      for (const task of event.tasks) addTask(state, task);
      break;
    case "run.accepted":
      state.phase = "running";
      break;
    case "run.task-begun":
      state.progress[event.ordinal] = { kind: "started" };
      state.begun[event.ordinal] = true;
      break;
    case "run.task-ended": {
      const { end, reason, outputs, receiptDigest } = event;
      state.progress[event.ordinal] = { kind: "ended", end, reason, outputs, receiptDigest };
      state[end] += 1;
      if (end === "succeeded") unblock(state, event.ordinal, -1);
      break;
    }
    case "run.task-skipped":
      state.progress[event.ordinal] = { kind: "skipped", reason: event.reason };
      state.skipped += 1;
      break;
    case "run.cancelling":
      state.phase = "cancelling";
      state.cancelReason = event.reason;
      break;
    case "run.ended":
      state.phase = event.phase;
      state.reason = event.reason;
      state.endedAtMs = event.atMs;
      break;
    case "run.retried":
      retry(state, event.ordinals);
      break;
    case "run.receipt":
      state.receipt = event.receipt;
      break;
    default:
      unreachable(event);
  }
  return state;
}

function newRun(meta: RunState["meta"]): RunState {
  return {
    meta,
    phase: "receiving",
    reason: "",
    endedAtMs: null,
    tasks: [],
    progress: [],
    begun: [],
    dependents: [],
    ordinals: new Map(),
    cancelReason: null,
    succeeded: 0,
    failed: 0,
    skipped: 0,
    cancelled: 0,
    receipt: null,
  };
}

/** Tasks come in order, so everything a task needs is there already. */
function addTask(state: RunState, task: PlanTask): void {
  assert.equal(task.ordinal, state.tasks.length);
  state.tasks.push(task);
  state.ordinals.set(task.id, task.ordinal);
  state.progress.push({ kind: "blocked", missing: task.needs.length });
  state.begun.push(false);
  state.dependents.push([]);
  if (task.needs.length === 0) return;
  for (const need of task.needs) state.dependents[ordinalOf(state, need)]?.push(task.ordinal);
}

function unblock(state: RunState, ordinal: number, by: 1 | -1): void {
  for (const dependent of state.dependents[ordinal] ?? []) {
    const progress = state.progress[dependent];
    if (progress?.kind === "blocked") progress.missing += by;
  }
}

function retry(state: RunState, ordinals: readonly number[]): void {
  state.phase = "running";
  state.reason = "";
  state.endedAtMs = null;
  state.cancelReason = null;
  state.receipt = null;
  state.failed = 0;
  state.skipped = 0;
  state.cancelled = 0;
  for (const ordinal of ordinals) {
    const needs = state.tasks[ordinal]?.needs ?? [];
    const missing = needs.filter((need) => !succeeded(state, ordinalOf(state, need))).length;
    state.progress[ordinal] = { kind: "blocked", missing };
  }
}

function ordinalOf(state: RunState, id: string): number {
  const ordinal = state.ordinals.get(id);
  assert(ordinal !== undefined, `no task ${id}`);
  return ordinal;
}

export function ended(run: RunState): boolean {
  return run.phase === "succeeded" || run.phase === "failed" || run.phase === "cancelled";
}

function succeeded(run: RunState, ordinal: number): boolean {
  const progress = run.progress[ordinal];
  return progress?.kind === "ended" && progress.end === "succeeded";
}

function verbOf(end: "failed" | "cancelled"): string {
  return end === "failed" ? "failed" : "was cancelled";
}

function* parts(tasks: readonly PlanTask[]): Generator<readonly PlanTask[]> {
  let part: PlanTask[] = [];
  let bytes = 0;
  for (const task of tasks) {
    const size = JSON.stringify(task).length;
    if (bytes + size > PLAN_BYTES_PER_EVENT && part.length > 0) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(task);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

/** Fails when an invariant does not hold; for tests and simulations. */
export function checkRun(run: RunState): void {
  if (run.phase === "receiving") return;
  const counts = { succeeded: 0, failed: 0, cancelled: 0, skipped: 0, open: 0 };
  for (const task of run.tasks) {
    const progress = run.progress[task.ordinal];
    assert(progress !== undefined);
    if (progress.kind === "ended") counts[progress.end] += 1;
    else if (progress.kind === "skipped") counts.skipped += 1;
    else counts.open += 1;
    if (progress.kind !== "started") continue;
    for (const need of task.needs) assert(succeeded(run, ordinalOf(run, need)), `R1: ${task.id}`);
  }
  const { open, ...ends } = counts;
  const { succeeded: ok, failed, cancelled, skipped } = run;
  assert.deepEqual(ends, { succeeded: ok, failed, cancelled, skipped }, "R4");
  assert.equal(ended(run), open === 0, `R3: ${run.phase} with ${open} tasks open`);
}
