// What requests came to, summed by the hour, namespace, key and model. Pure.

export interface UsageRecord {
  readonly id: string;
  readonly namespace: string;
  /** Null: nobody asks for keys. */
  readonly key: string | null;
  /** Null: the request named none that is served. */
  readonly model: string | null;
  readonly route: string;
  readonly status: number;
  readonly finish: string | null;
  readonly prompt_tokens: number;
  readonly cached_tokens: number;
  readonly completion_tokens: number;
  /** Of all its streams together, at whichever workers. */
  readonly worker_seconds: number;
  /** Milliseconds since 1970. */
  readonly started_ms: number;
  readonly ended_ms: number;
}

export interface UsageCell {
  readonly key: string | null;
  readonly model: string | null;
  requests: number;
  /** Of them without an answer: a status from 400 on. */
  failed: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  worker_seconds: number;
}

/** By hour since 1970, then namespace, then key and model. */
export type UsageSums = Map<number, Map<string, Map<string, UsageCell>>>;

export interface UsageSpan {
  readonly namespace: string;
  /** Whole hours: those that begin at `fromMs` or later, and before `toMs`. */
  readonly fromMs: number;
  readonly toMs: number;
}

export const HOUR_MS = 3_600_000;

/** A request counts in the hour in which it ended. */
export function addRecord(sums: UsageSums, record: UsageRecord): void {
  const hour = Math.floor(record.ended_ms / HOUR_MS);
  const namespaces = madeIn(sums, hour, () => new Map<string, Map<string, UsageCell>>());
  const cells = madeIn(namespaces, record.namespace, () => new Map<string, UsageCell>());
  addTo(cells, record, 1, record.status >= 400 ? 1 : 0);
}

/** Adds what `sums` has of the span to `cells`, which may hold other sums already. */
export function addSpan(cells: Map<string, UsageCell>, sums: UsageSums, span: UsageSpan): void {
  for (const [hour, namespaces] of sums) {
    if (hour * HOUR_MS < span.fromMs || hour * HOUR_MS >= span.toMs) continue;
    for (const cell of namespaces.get(span.namespace)?.values() ?? []) {
      addTo(cells, cell, cell.requests, cell.failed);
    }
  }
}

/** Null for what is no record: the end of a line that a crash cut. */
export function parseRecord(line: string): UsageRecord | null {
  try {
    const record = JSON.parse(line) as UsageRecord;
    const isWhole = typeof record.namespace === "string" && Number.isFinite(record.ended_ms);
    return isWhole && Number.isFinite(record.completion_tokens) ? record : null;
  } catch {
    return null;
  }
}

type Counts = Pick<UsageCell, "prompt_tokens" | "cached_tokens" | "completion_tokens"> &
  Pick<UsageCell, "key" | "model" | "worker_seconds">;

function addTo(
  cells: Map<string, UsageCell>,
  counts: Counts,
  requests: number,
  failed: number,
): void {
  const { key, model } = counts;
  const cell = madeIn(cells, JSON.stringify([key, model]), () => ({
    ...{ key, model, requests: 0, failed: 0 },
    ...{ prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, worker_seconds: 0 },
  }));
  cell.requests += requests;
  cell.failed += failed;
  cell.prompt_tokens += counts.prompt_tokens;
  cell.cached_tokens += counts.cached_tokens;
  cell.completion_tokens += counts.completion_tokens;
  cell.worker_seconds += counts.worker_seconds;
}

function madeIn<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
}
