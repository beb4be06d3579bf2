// What the scheduler says: commands, acknowledgements, welcomes.
//
// A command is acknowledged when its rows are on disk and not before (A7); while the journal
// cannot be written new work is refused, unacknowledged, and comes again on the next link.

import type { AttemptSpec } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { evidenceOf, isOver, newAttempt } from "./attempt.ts";
import { addAttempt, dropAttempt, endSeqOf, journal } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { finish, neverRanEnd } from "./ending.ts";
import type { Attempt } from "./attempt.ts";
import type { Command, Outbox } from "./wishes.ts";

/** More than this many attempts at once are refused: the scheduler's slots are far below. */
const ATTEMPTS_MAX = 100_000;
const NO_TOKEN = "" as AttemptToken;

export function onWelcomed(
  core: ClusterCore,
  outbox: Outbox,
  epoch: number,
  reportSeen: number,
  nowMs: number,
): void {
  if (!acceptEpoch(core, outbox, epoch, nowMs)) return;
  core.linked = true;
  onReportsAcked(core, reportSeen, nowMs);
  if (core.reports.durableSeq > core.reports.ackedSeq) {
    outbox.wish({ kind: "send-reports", upTo: core.reports.durableSeq });
  }
}

export function onCommand(
  core: ClusterCore,
  outbox: Outbox,
  seq: number,
  epoch: number,
  command: Command,
  nowMs: number,
): void {
  // After a refusal nothing is taken until the next welcome: what came after the refused command
  // would hide that it is missing.
  if (!core.linked) return;
  if (!acceptEpoch(core, outbox, epoch, nowMs)) return;
  if (seq <= core.commandSeen) {
    // Heard before. Acknowledge again what is durable: the first acknowledgement may be lost.
    if (seq <= core.commandDurable) outbox.wish({ kind: "ack-commands", seq: core.commandDurable });
    return;
  }
  if (core.journal.problem !== null) {
    refuse(core, outbox, core.journal.problem);
    return;
  }
  if (command.kind === "submit" && core.attempts.size >= ATTEMPTS_MAX) {
    refuse(core, outbox, `the agent already has ${ATTEMPTS_MAX} attempts`);
    return;
  }
  core.commandSeen = seq;
  switch (command.kind) {
    case "submit":
      onSubmit(core, command.spec, nowMs);
      break;
    case "refuse":
      onSubmit(core, command.spec, nowMs);
      onUnreadable(core, outbox, command.spec.token, command.reason, nowMs);
      break;
    case "cancel":
      onCancel(core, command.token, command.reason, nowMs);
      break;
    case "forget":
      onForget(core, command.token, nowMs);
  }
  // A forget may wait for the next batch; everything else is waited for.
  journal(core, { table: "command-seen", seq }, command.kind !== "forget", nowMs);
}

export function onReportsAcked(core: ClusterCore, seq: number, nowMs: number): void {
  const { reports } = core;
  const upTo = Math.min(seq, reports.durableSeq);
  if (upTo <= reports.ackedSeq) return;
  for (let acked = reports.ackedSeq + 1; acked <= upTo; acked++) {
    const attempt = core.attempts.get(reports.unacked.get(acked)?.token ?? NO_TOKEN);
    reports.unacked.delete(acked);
    if (attempt?.state.kind !== "reported" || attempt.state.seq !== acked) continue;
    attempt.forgetAsked = true; // Its end is committed: nobody will ask for it again.
    core.touched.add(attempt.token);
  }
  reports.ackedSeq = upTo;
  journal(core, { table: "reports-acked", seq: upTo }, false, nowMs);
}

/**
 * Takes the attempt out for good: its end is reported and the scheduler has it. Its directory stays
 * until the row is durable, or a crash in between would leave nothing that knows of its end.
 */
export function forgetAttempt(core: ClusterCore, attempt: Attempt, nowMs: number): void {
  journal(core, { table: "forget", token: attempt.token }, false, nowMs);
  dropAttempt(core, attempt);
}

function onSubmit(core: ClusterCore, spec: AttemptSpec, nowMs: number): void {
  // Sent again after the journal was lost: found already.
  if (core.attempts.has(spec.token)) return;
  if (endSeqOf(core, spec.token) !== null) return; // Its end is on its way.
  const proof = evidenceOf("agent", "intent", nowMs);
  addAttempt(core, newAttempt(spec, nowMs, proof));
  journal(core, { table: "intent", token: spec.token, spec, atMs: nowMs }, true, nowMs);
}

function onUnreadable(
  core: ClusterCore,
  outbox: Outbox,
  token: AttemptToken,
  reason: string,
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt?.state.kind !== "intended") return;
  finish(core, outbox, attempt, neverRanEnd("refused", reason, "refused", nowMs), nowMs);
}

function onCancel(core: ClusterCore, token: AttemptToken, reason: string, nowMs: number): void {
  const attempt = core.attempts.get(token);
  // Unknown here means forgotten here: its end was reported and committed.
  if (attempt === undefined || isOver(attempt)) return;
  if (attempt.cancel !== null) return;
  wishCancel(core, attempt, "cancelled", reason, nowMs);
}

export function wishCancel(
  core: ClusterCore,
  attempt: Attempt,
  cause: "cancelled" | "timeout",
  reason: string,
  nowMs: number,
): void {
  const { token } = attempt;
  attempt.cancel = {
    cause,
    reason,
    atMs: nowMs,
    durable: false,
    askedAtMs: null,
    tries: 0,
    nextAskMs: nowMs,
  };
  core.touched.add(token);
  journal(core, { table: "cancel", token, cause, reason, atMs: nowMs }, true, nowMs);
}

function onForget(core: ClusterCore, token: AttemptToken, nowMs: number): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined) return;
  attempt.forgetAsked = true;
  if (attempt.state.kind === "reported") forgetAttempt(core, attempt, nowMs);
}

/** A6: whoever speaks with a lower epoch has been replaced. */
function acceptEpoch(core: ClusterCore, outbox: Outbox, epoch: number, nowMs: number): boolean {
  if (epoch < core.epochSeen) {
    refuse(core, outbox, `epoch ${epoch} is older than ${core.epochSeen}`);
    return false;
  }
  if (epoch > core.epochSeen) {
    core.epochSeen = epoch;
    journal(core, { table: "epoch-seen", epoch }, false, nowMs);
  }
  return true;
}

function refuse(core: ClusterCore, outbox: Outbox, reason: string): void {
  core.linked = false;
  outbox.wish({ kind: "refuse-commands", reason });
}
