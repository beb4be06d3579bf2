// What a worker notes of the requests that it runs, so that one which was killed can say at its
// next start whom it had in hand. Small records, no prompt and no token; written by somebody else,
// a batch at a time.
//
// Pure. Owned by the shell's StateWriter (../state-writer.ts), which has one batch out at a time.
//
//   N1. A request that runs has a row from the first batch after it began until the batch after it
//       ended; one that was shorter has none but its ended row.
//   N2. At most REQUESTS_KEPT ended rows are kept: a newer one takes the oldest one's place.
//   N3. A token costs one addition: how far a request is goes into a batch PROGRESS_MS after the
//       last time at the earliest.
//   N4. A batch that could not be written is told again, as things are then. Of ended requests that
//       the disk knows nothing of so many are kept for it; the oldest of more are dropped, counted.

import {
  REQUESTS_KEPT,
  requestKey,
  WORKER_TABLES,
  type RequestRow,
} from "#shared/base/worker-state.ts";

const PENDING_MAX = REQUESTS_KEPT;
const PROGRESS_MS = 1_000;

export interface NotedRequest {
  readonly row: Omit<RequestRow, "tokens" | "end" | "endedMs">;
  tokens: number;
  /** Its row says so many; null: it has no row, or an older one. */
  tokensNoted: number | null;
  notedAtMs: number;
  /** There is, or may be, a row that says that it runs. */
  hasRow: boolean;
}

interface EndedRequest {
  readonly row: RequestRow;
  readonly request: Pick<NotedRequest, "hasRow">;
}

export interface RequestJournal {
  readonly running: Map<number, NotedRequest>;
  /** In no batch yet, oldest first. */
  ended: EndedRequest[];
  next: number;
  dropped: number;
}

/** A row by table and key, null to remove it. */
export interface JournalWrite {
  readonly table: string;
  readonly key: string;
  readonly row: unknown;
}

/** To be written all or nothing. */
export interface JournalBatch {
  readonly writes: readonly JournalWrite[];
  readonly ended: readonly EndedRequest[];
  /** That have their first row in it. */
  readonly begun: readonly NotedRequest[];
}

/** `next`: the first serial that no row of this state directory has. */
export function createRequestJournal(next: number): RequestJournal {
  return { running: new Map(), ended: [], next, dropped: 0 };
}

export function onRequest(
  journal: RequestJournal,
  request: Omit<NotedRequest["row"], "serial">,
): NotedRequest {
  const serial = journal.next++;
  const row = { serial, ...request };
  const noted = { row, tokens: 0, tokensNoted: null, notedAtMs: 0, hasRow: false };
  journal.running.set(serial, noted);
  return noted;
}

/** Told once of each. */
export function onRequestEnded(
  journal: RequestJournal,
  request: NotedRequest,
  end: string,
  endedMs: number,
): void {
  journal.running.delete(request.row.serial);
  addEnded(journal, { row: { ...request.row, tokens: request.tokens, end, endedMs }, request });
}

/** Rows of requests that the last worker ran when it died. */
export function onFoundRunning(
  journal: RequestJournal,
  rows: readonly RequestRow[],
  nowMs: number,
): void {
  for (const row of rows) {
    const lost = { ...row, end: "lost", endedMs: nowMs };
    addEnded(journal, { row: lost, request: { hasRow: true } });
  }
}

/** Null: there is nothing to write. onRefused() must follow where it is not written. */
export function takeBatch(journal: RequestJournal, nowMs: number): JournalBatch | null {
  const { running, ended, about } = WORKER_TABLES;
  const due = [...journal.running.values()].filter((it) => isDue(it, nowMs));
  if (due.length === 0 && journal.ended.length === 0) return null;
  const writes: JournalWrite[] = [];
  for (const { row, request } of journal.ended) {
    const key = requestKey(row.serial);
    if (request.hasRow) writes.push({ table: running, key, row: null });
    writes.push({ table: ended, key: requestKey(row.serial % REQUESTS_KEPT), row });
  }
  for (const it of due) {
    const row: RequestRow = { ...it.row, tokens: it.tokens, end: null, endedMs: null };
    writes.push({ table: running, key: requestKey(row.serial), row });
  }
  writes.push({ table: about, key: "next", row: journal.next });
  const batch = { writes, ended: journal.ended, begun: due.filter((it) => !it.hasRow) };
  journal.ended = [];
  for (const it of due) Object.assign(it, { tokensNoted: it.tokens, notedAtMs: nowMs });
  for (const it of batch.begun) it.hasRow = true;
  return batch;
}

export function onRefused(journal: RequestJournal, batch: JournalBatch): void {
  for (const it of batch.begun) it.hasRow = false;
  for (const it of journal.running.values()) it.tokensNoted = null;
  const newer = journal.ended;
  journal.ended = [...batch.ended];
  for (const it of newer) addEnded(journal, it);
}

function isDue(it: NotedRequest, nowMs: number): boolean {
  if (it.tokensNoted === null) return true;
  return it.tokens !== it.tokensNoted && nowMs - it.notedAtMs >= PROGRESS_MS;
}

function addEnded(journal: RequestJournal, ended: EndedRequest): void {
  journal.ended.push(ended);
  if (journal.ended.length <= PENDING_MAX) return;
  // Whoever has a row that says it runs stays: else it would be found as lost one day.
  const at = journal.ended.findIndex(({ request }) => !request.hasRow);
  if (at < 0) return;
  journal.ended.splice(at, 1);
  journal.dropped += 1;
}
