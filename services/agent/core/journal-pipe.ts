// Rows on their way to the disk: one batch at a time, and what may happen once it is there.
//
//   A7. A command is acknowledged, and a report sent, only when it is on disk.
//
// A batch that could not be written stays first in line; nothing of it is lost or reordered.

import { report } from "./core-state.ts";
import type { ClusterCore } from "./core-state.ts";
import { onEndDurable } from "./ending.ts";
import { onIntentDurable } from "./submission.ts";
import type { JournalRow, Outbox } from "./wishes.ts";

const JOURNAL_RETRY_MS = 1_000;

/** Facts that have waited long enough become numbered reports. */
export function writeLater(core: ClusterCore, nowMs: number): void {
  const { reports } = core;
  if (reports.laterAtMs === null || nowMs < reports.laterAtMs) return;
  for (const fact of reports.later.values()) report(core, fact.token, fact.report, nowMs);
  reports.later.clear();
  reports.laterAtMs = null;
}

export function wishJournal(core: ClusterCore, outbox: Outbox, nowMs: number): void {
  const { journal } = core;
  if (journal.inFlight !== null || journal.pending.length === 0) return;
  const flush = journal.flushAtMs !== null && nowMs >= journal.flushAtMs;
  if (!journal.urgent && !flush) return;
  if (journal.problem !== null && nowMs < journal.retryAtMs) return;
  journal.inFlight = { batch: journal.nextBatch, rows: journal.pending };
  journal.nextBatch += 1;
  journal.pending = [];
  journal.urgent = false;
  journal.flushAtMs = null;
  outbox.wish({ kind: "journal", ...journal.inFlight });
}

export function onJournalled(
  core: ClusterCore,
  outbox: Outbox,
  batch: number,
  nowMs: number,
): void {
  const { journal } = core;
  if (journal.inFlight?.batch !== batch) return;
  const { rows } = journal.inFlight;
  journal.inFlight = null;
  journal.problem = null;
  let acked = false;
  const durableBefore = core.reports.durableSeq;
  for (const row of rows) acked = onRowDurable(core, outbox, row, nowMs) || acked;
  if (acked) outbox.wish({ kind: "ack-commands", seq: core.commandDurable });
  if (core.linked && core.reports.durableSeq > durableBefore) {
    outbox.wish({ kind: "send-reports", upTo: core.reports.durableSeq });
  }
}

/** True for a command that may be acknowledged now. */
function onRowDurable(core: ClusterCore, outbox: Outbox, row: JournalRow, nowMs: number): boolean {
  switch (row.table) {
    case "command-seen":
      core.commandDurable = Math.max(core.commandDurable, row.seq);
      return true;
    case "intent":
      onIntentDurable(core, outbox, row.token);
      return false;
    case "cancel": {
      const attempt = core.attempts.get(row.token);
      if (attempt?.cancel !== undefined && attempt.cancel !== null) {
        attempt.cancel = { ...attempt.cancel, durable: true };
        core.touched.add(row.token);
      }
      return false;
    }
    case "report":
      core.reports.durableSeq = Math.max(core.reports.durableSeq, row.seq);
      return false;
    case "forget":
      outbox.wish({ kind: "retire", token: row.token });
      return false;
    case "end":
      onEndDurable(core, outbox, row.token, row.seq, nowMs);
      return false;
    default:
      return false;
  }
}

/** The rows stay first in line; nothing of them was written, nothing of them is lost. */
export function onJournalFailed(
  core: ClusterCore,
  batch: number,
  reason: string,
  nowMs: number,
): void {
  const { journal } = core;
  if (journal.inFlight?.batch !== batch) return;
  journal.pending = [...journal.inFlight.rows, ...journal.pending];
  journal.inFlight = null;
  journal.urgent = true;
  journal.problem = reason;
  journal.retryAtMs = nowMs + JOURNAL_RETRY_MS;
}
