// A core again, from what a crash left: the journal's rows and the job directories.
//
// The directories alone are enough (NAM-02): a directory holds the attempt's spec, its claim and
// its exit line. The journal adds what a directory cannot know: bindings, wishes to cancel, reports
// on their way, what the scheduler has said. Where both speak, a claim beats a binding (A5), and a
// directory, once published, means that a submission may have happened.

import type { AttemptReport, AttemptSpec } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import { evidenceOf, newAttempt, newDoubt } from "./attempt.ts";
import type { Attempt, AttemptState } from "./attempt.ts";
import { addAttempt, endSeqOf, journal, newCore } from "./core-state.ts";
import type { ClusterCore, CoreConfig } from "./core-state.ts";
import { FENCE_NATIVE_ID } from "./observations.ts";
import type { JobStatus } from "./observations.ts";
import { startOf } from "./submission.ts";

export interface JournalContent {
  readonly commandSeen: number;
  readonly epochSeen: number;
  readonly reportsAcked: number;
  readonly intents: readonly {
    readonly token: AttemptToken;
    readonly spec: AttemptSpec;
    readonly atMs: number;
  }[];
  readonly bindings: ReadonlyMap<
    AttemptToken,
    { readonly nativeId: string; readonly atMs: number }
  >;
  readonly cancels: ReadonlyMap<
    AttemptToken,
    { readonly cause: "cancelled" | "timeout"; readonly reason: string; readonly atMs: number }
  >;
  readonly ends: ReadonlyMap<AttemptToken, number>;
  readonly reports: readonly {
    readonly seq: number;
    readonly token: AttemptToken;
    readonly report: AttemptReport;
  }[];
  readonly pushes: readonly { readonly digest: string; readonly token: AttemptToken }[];
}

export const EMPTY_JOURNAL: JournalContent = {
  commandSeen: 0,
  epochSeen: 0,
  reportsAcked: 0,
  intents: [],
  bindings: new Map(),
  cancels: new Map(),
  ends: new Map(),
  reports: [],
  pushes: [],
};

/** A directory under ROOT/jobs with a readable job_info.json. */
export interface FoundDirectory {
  readonly token: AttemptToken;
  readonly spec: AttemptSpec;
  readonly intendedAtMs: number;
  /** As noted at the submitted boundary, if it got that far. */
  readonly nativeId: string | null;
  readonly status: JobStatus;
}

/** Deliver a `tick` first: every attempt then asks for what it needs. */
export function restoreCore(
  config: CoreConfig,
  content: JournalContent,
  found: readonly FoundDirectory[],
  nowMs: number,
): ClusterCore {
  const core = newCore(config, nowMs);
  core.commandSeen = content.commandSeen;
  core.commandDurable = content.commandSeen;
  core.epochSeen = content.epochSeen;
  restoreReports(core, content);
  const directories = new Map(found.map((directory) => [directory.token, directory]));
  for (const intent of content.intents) {
    const attempt = newAttempt(intent.spec, intent.atMs, evidenceOf("agent", "journal", nowMs));
    attempt.intentDurable = true;
    const binding = content.bindings.get(intent.token) ?? null;
    const endSeq = content.ends.get(intent.token);
    if (endSeq !== undefined) {
      attempt.state = { kind: "reported", seq: endSeq };
      attempt.directoryExists = directories.has(intent.token);
    } else {
      setState(core, attempt, binding, directories.get(intent.token) ?? null, nowMs);
    }
    setCancel(attempt, content, nowMs);
    addAttempt(core, attempt);
    // Known from its claim alone: written down, in case the directory is not there next time.
    if (binding === null && attempt.nativeId !== null) journalBinding(core, attempt, nowMs);
  }
  for (const directory of found) {
    if (!core.attempts.has(directory.token)) addFound(core, directory, nowMs);
  }
  for (const { digest, token } of content.pushes) {
    core.pushes.set(digest, { token, tries: 0, nextAtMs: nowMs, inFlight: false });
  }
  return core;
}

/** The journal does not know it: it is written in again. */
function addFound(core: ClusterCore, directory: FoundDirectory, nowMs: number): void {
  const { spec, token, intendedAtMs, nativeId } = directory;
  const attempt = newAttempt(spec, intendedAtMs, evidenceOf("agent", "job directory", nowMs));
  const endSeq = endSeqOf(core, token);
  if (endSeq !== null) {
    attempt.state = { kind: "reported", seq: endSeq };
    addAttempt(core, attempt);
    return; // Forgotten, but the crash came before its directory was put away.
  }
  const binding = nativeId === null ? null : { nativeId, atMs: intendedAtMs };
  setState(core, attempt, binding, directory, nowMs);
  addAttempt(core, attempt);
  journal(core, { table: "intent", token, spec, atMs: intendedAtMs }, true, nowMs);
  journalBinding(core, attempt, nowMs);
}

function journalBinding(core: ClusterCore, { token, nativeId }: Attempt, nowMs: number): void {
  if (nativeId === null) return;
  journal(core, { table: "binding", token, nativeId, atMs: nowMs }, true, nowMs);
}

function setState(
  core: ClusterCore,
  attempt: Attempt,
  binding: { readonly nativeId: string; readonly atMs: number } | null,
  directory: FoundDirectory | null,
  nowMs: number,
): void {
  const claim = directory?.status.claim ?? null;
  attempt.directoryExists = directory !== null;
  attempt.statusBytes = directory?.status.statusBytes ?? 0;
  if (directory !== null || binding !== null) attempt.submits = 1;
  if (claim !== null && claim.nativeId === FENCE_NATIVE_ID) {
    const message = "the agent took the claim before any job of it ran; why, its journal knew";
    attempt.state = { kind: "fencing", cause: "unknown_outcome", message, retryAtMs: nowMs };
    return;
  }
  attempt.claim = claim;
  const nativeId = claim?.nativeId ?? binding?.nativeId ?? null;
  for (const id of [binding?.nativeId, claim?.nativeId]) {
    if (id !== undefined && !attempt.nativeIds.includes(id)) attempt.nativeIds.push(id);
  }
  attempt.nativeId = nativeId;
  attempt.boundAtMs = nowMs;
  if (nativeId === null) {
    attempt.state = unboundState(directory !== null, nowMs);
    return;
  }
  // Its files are read, and the queue asked, in the first turn.
  core.toRead.add(attempt.token);
  attempt.state =
    claim === null && core.config.pollsQueue
      ? { kind: "bound" }
      : {
          kind: "running",
          startedAtMs: startOf(attempt, claim?.atMs ?? nowMs, nowMs),
          paused: false,
        };
}

/** A published directory means that the crash may have come after the submission. */
function unboundState(published: boolean, nowMs: number): AttemptState {
  return { kind: published ? "ambiguous" : "adopting", doubt: newDoubt(nowMs) };
}

function setCancel(attempt: Attempt, content: JournalContent, nowMs: number): void {
  const cancel = content.cancels.get(attempt.token);
  if (cancel === undefined) return;
  // Whether the cluster was asked before the crash is not known; asking again does no harm.
  attempt.cancel = { ...cancel, durable: true, askedAtMs: cancel.atMs, tries: 0, nextAskMs: nowMs };
  if (attempt.state.kind !== "fencing") return;
  attempt.state = { ...attempt.state, cause: cancel.cause, message: cancel.reason };
}

function restoreReports(core: ClusterCore, content: JournalContent): void {
  const { reports } = core;
  reports.ackedSeq = content.reportsAcked;
  let last = content.reportsAcked;
  for (const { seq, token, report } of content.reports) {
    if (seq <= content.reportsAcked) continue;
    reports.unacked.set(seq, { token, report });
    last = Math.max(last, seq);
  }
  reports.durableSeq = last;
  reports.nextSeq = last + 1;
}
