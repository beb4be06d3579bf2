// How an attempt ends: which witness is believed, and the way from the evidence to a report.
//
// The queue's or accounting's word for a special end (timeout, out_of_memory, …) beats the exit
// code; an exit code other than zero beats the word "completed"; a wish to cancel names the end it
// brought about. Silence ends nothing: `End` has no proof for it (A3).

import assert from "node:assert/strict";
import type { EndCause, Outcome } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { evidenceOf } from "./attempt.ts";
import type { Attempt, End, EndProof, Word } from "./attempt.ts";
import { enter, journal, report } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import type { ExitLine, Sealed } from "./observations.ts";
import type { Outbox } from "./wishes.ts";

/** What never ran has nothing to show. */
const NOTHING_SEALED = { outputs: [], receipt: null, receiptDigest: null, pushes: [] } as const;
const SEAL_RETRY_FIRST_MS = 500;
const SEAL_RETRY_MAX_MS = 60_000;

/** At least one witness must have spoken. */
export function judge(
  attempt: Attempt,
  exit: ExitLine | null,
  word: Word | null,
  nowMs: number,
): End {
  assert(exit !== null || word !== null, "an end needs a witness");
  const cause = causeOf(attempt, exit, word);
  const exitCode = exit?.code ?? word?.entry.exitCode ?? null;
  const signal = exit?.signal ?? word?.entry.signal ?? null;
  const believed = believedOf(cause, exit, word, nowMs);
  const inferred = cause === "unknown_outcome";
  const outcome: Outcome = {
    cause,
    exitCode,
    signal,
    confidence: inferred ? "inferred" : "proven",
    startedAtMs: attempt.claim?.atMs ?? word?.entry.startedAtMs ?? null,
    endedAtMs: exit?.atMs ?? word?.entry.endedAtMs ?? null,
    cpuMs: exit?.cpuMs ?? null,
    maxRssKb: exit?.maxRssKb ?? null,
    message: messageOf(attempt, cause, exitCode, signal, word),
  };
  const ran = attempt.claim !== null || exit !== null;
  return { outcome, evidence: believed.evidence, proof: believed.proof, ran };
}

/** It is over, and nothing says how. */
export function goneEnd(attempt: Attempt, raw: string, nowMs: number): End {
  const outcome = plainOutcome("unknown_outcome", `nothing says how it ended: ${raw}`, nowMs);
  return {
    outcome: { ...outcome, confidence: "inferred", startedAtMs: attempt.claim?.atMs ?? null },
    evidence: evidenceOf("agent", raw, nowMs),
    proof: "gone",
    ran: true,
  };
}

export function neverRanEnd(cause: EndCause, message: string, proof: EndProof, nowMs: number): End {
  const source = proof === "refused" ? "controller" : "agent";
  return {
    outcome: plainOutcome(cause, message, nowMs),
    evidence: evidenceOf(source, message, nowMs),
    proof,
    ran: false,
  };
}

export function finish(
  core: ClusterCore,
  outbox: Outbox,
  attempt: Attempt,
  end: End,
  nowMs: number,
): void {
  assert(attempt.state.kind !== "reported" && attempt.state.kind !== "reporting");
  if (!end.ran && attempt.directoryExists && attempt.claim === null) {
    // Whoever finds this directory later, a late job or an agent with no journal, must not run it.
    const { cause, message } = end.outcome;
    enter(core, attempt, { kind: "fencing", cause, message, retryAtMs: null, end });
    outbox.wish({ kind: "take-claim", token: attempt.token });
    return;
  }
  if (!end.ran) {
    reportEnd(core, attempt, end, { outcome: end.outcome, ...NOTHING_SEALED }, nowMs);
    return;
  }
  enter(core, attempt, { kind: "sealing", end, tries: 1, retryAtMs: null });
  outbox.wish({ kind: "seal", token: attempt.token, outcome: end.outcome });
}

export function onSealed(
  core: ClusterCore,
  token: AttemptToken,
  sealed: Sealed,
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "sealing") return;
  reportEnd(core, attempt, attempt.state.end, sealed, nowMs);
}

/** Nothing was sealed: the disk is full, a file cannot be read now. Try again, for ever. */
export function onSealFailed(core: ClusterCore, token: AttemptToken, nowMs: number): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "sealing") return;
  const { tries } = attempt.state;
  const waitMs = Math.min(SEAL_RETRY_MAX_MS, SEAL_RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 20));
  enter(core, attempt, { ...attempt.state, tries: tries + 1, retryAtMs: nowMs + waitMs });
}

export function sealAgain(core: ClusterCore, outbox: Outbox, attempt: Attempt): void {
  assert(attempt.state.kind === "sealing");
  enter(core, attempt, { ...attempt.state, retryAtMs: null });
  outbox.wish({ kind: "seal", token: attempt.token, outcome: attempt.state.end.outcome });
}

/** The end's rows are on disk. */
export function onEndDurable(
  core: ClusterCore,
  outbox: Outbox,
  token: AttemptToken,
  seq: number,
  nowMs: number,
): void {
  const attempt = core.attempts.get(token);
  if (attempt === undefined || attempt.state.kind !== "reporting") return;
  const { outcome } = attempt.state.sealed;
  for (const digest of attempt.state.sealed.pushes) {
    if (core.pushes.has(digest)) continue;
    core.pushes.set(digest, { token, tries: 0, nextAtMs: nowMs, inFlight: false });
  }
  enter(core, attempt, { kind: "reported", seq });
  if (attempt.directoryExists) outbox.wish({ kind: "note", token, outcome });
}

function reportEnd(
  core: ClusterCore,
  attempt: Attempt,
  end: End,
  sealed: Sealed,
  nowMs: number,
): void {
  const { token, nativeId } = attempt;
  core.reports.later.delete(`phase/${token}`);
  core.reports.later.delete(`reach/${token}`);
  enter(core, attempt, { kind: "reporting", end, sealed });
  attempt.proof = end.evidence;
  const { outcome, outputs, receipt, receiptDigest } = sealed;
  const { evidence } = end;
  const ended = {
    kind: "ended",
    nativeId,
    outcome,
    outputs,
    receipt,
    receiptDigest,
    evidence,
  } as const;
  const seq = report(core, token, ended, nowMs);
  journal(core, { table: "end", token, seq }, true, nowMs);
  for (const digest of sealed.pushes) {
    if (!core.pushes.has(digest)) journal(core, { table: "push", digest, token }, true, nowMs);
  }
}

function causeOf(attempt: Attempt, exit: ExitLine | null, word: Word | null): EndCause {
  const said = word?.entry.cause ?? null;
  const special = said !== null && said !== "ok" && said !== "failed" && said !== "unknown_outcome";
  if (special && said !== "cancelled") return said;
  const plain = plainCauseOf(attempt, exit, word);
  const { cancel } = attempt;
  const endedAtMs = exit?.atMs ?? word?.entry.endedAtMs ?? attempt.exitHeardAtMs;
  if (said === "cancelled") {
    // Somebody else's doing when it was over before we wished for it.
    const ours = cancel !== null && cancel.askedAtMs !== null;
    return ours && (endedAtMs ?? Infinity) >= cancel.atMs ? cancel.cause : "cancelled";
  }
  if (cancel === null || cancel.askedAtMs === null) return plain;
  // What ended well before the cluster was asked to stop it ended by itself; what failed, before
  // anybody wished for its end.
  const sinceMs = plain === "ok" ? cancel.askedAtMs : cancel.atMs - 1;
  const byItself =
    plain === "ok" ? sinceMs >= (endedAtMs ?? 0) : sinceMs >= (endedAtMs ?? Infinity);
  return byItself ? plain : cancel.cause;
}

function plainCauseOf(attempt: Attempt, exit: ExitLine | null, word: Word | null): EndCause {
  const said = word?.entry.cause ?? null;
  if (exit !== null)
    return exit.code === 0 && exit.signal === null && said !== "failed" ? "ok" : "failed";
  if (said === "failed") return "failed";
  // The queue calls a job completed that left neither claim nor exit line: it was not ours to run.
  if (said === "ok" && attempt.claim !== null) return "ok";
  return "unknown_outcome";
}

function believedOf(
  cause: EndCause,
  exit: ExitLine | null,
  word: Word | null,
  nowMs: number,
): Pick<End, "evidence" | "proof"> {
  const wordDecides =
    word !== null && (exit === null || word.entry.cause === cause) && cause !== "ok";
  if (word !== null && (wordDecides || exit === null)) {
    const atMs = word.entry.endedAtMs ?? nowMs;
    const proof = word.source === "queue" ? "queue-word" : "accounting-word";
    return { evidence: evidenceOf(word.source, word.entry.raw, atMs), proof };
  }
  assert(exit !== null);
  return { evidence: evidenceOf("supervisor", exit.raw, exit.atMs), proof: "exit-line" };
}

function messageOf(
  attempt: Attempt,
  cause: EndCause,
  exitCode: number | null,
  signal: number | null,
  word: Word | null,
): string {
  const how =
    signal !== null
      ? `killed by signal ${signal}`
      : exitCode === null
        ? ""
        : `exit code ${exitCode}`;
  const said = word === null ? "" : word.entry.raw;
  const both = [how, said].filter((part) => part !== "").join(", ");
  switch (cause) {
    case "ok":
      return how === "" ? "completed" : how;
    case "failed":
      return how === "" ? `failed: ${said}` : how;
    case "timeout":
      return attempt.cancel?.cause === "timeout" ? attempt.cancel.reason : `timeout: ${both}`;
    case "cancelled":
      return attempt.cancel === null ? `cancelled: ${both}` : attempt.cancel.reason;
    case "unknown_outcome":
      return `nothing says how it ended${both === "" ? "" : `: ${both}`}`;
    default:
      return `${cause}: ${both}`;
  }
}

function plainOutcome(cause: EndCause, message: string, nowMs: number): Outcome {
  return {
    cause,
    exitCode: null,
    signal: null,
    confidence: "proven",
    startedAtMs: null,
    endedAtMs: nowMs,
    cpuMs: null,
    maxRssKb: null,
    message,
  };
}
