// Calls to the cluster: batched, one of a kind at a time, within the budget.
//
//   A8. One poll, one adoption, one history question, one cancel call are out at a time.
//
// Whatever is asked about many attempts is one call; submissions are one each and wait in line.

import type { AttemptToken } from "#shared/base/ids.ts";
import { takeCall } from "./call-budget.ts";
import type { ClusterCore } from "./core-state.ts";
import { onReach } from "./observation.ts";
import { expectChange, onPollStarted } from "./poll-schedule.ts";
import { submit } from "./submission.ts";
import type { Outbox } from "./wishes.ts";

const CANCEL_RETRY_FIRST_MS = 2_000;
const CANCEL_AGAIN_FIRST_MS = 5_000;
const CANCEL_AGAIN_MAX_MS = 60_000;

export function wantsPoll(core: ClusterCore): boolean {
  if (core.config.pollsQueue) {
    // A cluster without jobs of ours is left alone, unless it has to be found reachable again.
    return core.attempts.size > 0 || core.budget.misses > 0;
  }
  return core.unwatched.size > 0;
}

/** Whether a call besides the poll could go out, were there budget for it. */
export function callWaits(core: ClusterCore): boolean {
  return (
    (core.toCancel.size > 0 && !core.cancelInFlight) ||
    (core.toAdopt.size > 0 && !core.adoptInFlight) ||
    (core.toHistory.size > 0 && !core.historyInFlight) ||
    (core.toSubmit.size > 0 && core.submitsInFlight < core.config.submitsInFlightMax)
  );
}

export function wishCalls(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  const { schedule, budget } = core;
  const pollDue = wantsPoll(core) && !schedule.inFlight && nowMs >= schedule.nextAtMs;
  if (pollDue && takeCall(budget, true, nowMs)) {
    onPollStarted(schedule, nowMs);
    outbox.wish({ kind: "poll" });
  }
  dropSettledCancels(core);
  const probe = !wantsPoll(core);
  if (core.toCancel.size > 0 && !core.cancelInFlight && takeCall(budget, probe, nowMs)) {
    core.cancelInFlight = true;
    outbox.wish({ kind: "cancel", jobs: takeCancels(core, nowMs) });
  }
  if (core.toAdopt.size > 0 && !core.adoptInFlight && takeCall(budget, probe, nowMs)) {
    core.adoptInFlight = true;
    outbox.wish({ kind: "adopt", tokens: [...core.toAdopt] });
    core.toAdopt.clear();
  }
  if (core.toHistory.size > 0 && !core.historyInFlight && takeCall(budget, probe, nowMs)) {
    core.historyInFlight = true;
    outbox.wish({ kind: "history", tokens: [...core.toHistory] });
    core.toHistory.clear();
  }
  for (const token of core.toSubmit) {
    if (core.submitsInFlight >= core.config.submitsInFlightMax) return;
    if (!takeCall(budget, probe, nowMs)) return;
    core.toSubmit.delete(token);
    const attempt = core.attempts.get(token);
    if (attempt?.state.kind !== "ready") continue;
    core.submitsInFlight += 1;
    submit(core, outbox, attempt);
    core.touched.delete(token); // Nothing to attend: its answer is awaited.
  }
}

function dropSettledCancels(core: ClusterCore): void {
  for (const token of core.toCancel) {
    const kind = core.attempts.get(token)?.state.kind;
    if (kind !== "bound" && kind !== "running") core.toCancel.delete(token);
  }
}

/** From here on the job may end because of it, whatever becomes of the answer. */
function takeCancels(
  core: ClusterCore,
  nowMs: number,
): { token: AttemptToken; nativeId: string }[] {
  const jobs: { token: AttemptToken; nativeId: string }[] = [];
  for (const token of core.toCancel) {
    const attempt = core.attempts.get(token);
    if (attempt === undefined || attempt.cancel === null) continue;
    attempt.cancel = { ...attempt.cancel, askedAtMs: attempt.cancel.askedAtMs ?? nowMs };
    for (const nativeId of attempt.nativeIds) jobs.push({ token, nativeId });
  }
  return jobs;
}

export function onCancelAsked(
  core: ClusterCore,
  tokens: readonly AttemptToken[],
  answered: boolean,
  reason: string,
  nowMs: number,
): void {
  core.cancelInFlight = false;
  onReach(core, answered ? null : reason, nowMs);
  expectChange(core.schedule, nowMs);
  for (const token of tokens) {
    core.toCancel.delete(token);
    core.touched.add(token);
    const attempt = core.attempts.get(token);
    if (attempt === undefined || attempt.cancel === null) continue;
    const { cancel } = attempt;
    const firstMs = answered ? CANCEL_AGAIN_FIRST_MS : CANCEL_RETRY_FIRST_MS;
    const waitMs = Math.min(CANCEL_AGAIN_MAX_MS, firstMs * 2 ** Math.min(cancel.tries, 20));
    attempt.cancel = { ...cancel, tries: cancel.tries + 1, nextAskMs: nowMs + waitMs };
  }
}
