// What requests to models came to, as the command line shows it and --json prints it.

import type { signalbox } from "#proto/signalbox.js";

export const USAGE_FIELDS = ["day", "key", "model"] as const;
export type UsageField = (typeof USAGE_FIELDS)[number];

export interface UsageView {
  /** In UTC; empty: days so long ago that they are kept in one sum. */
  readonly day: string;
  /** Empty: none was asked for. */
  readonly key: string;
  readonly model: string;
  readonly requests: number;
  readonly failed: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
  readonly workerMs: number;
}

const DAY_MS = 86_400_000;

/** Days since 1970, in UTC. */
export function dayOf(atMs: number): number {
  return Math.floor(atMs / DAY_MS);
}

export function parseUsage(wire: signalbox.control.v1.IUsageCell): UsageView {
  const day = wire.day ?? 0;
  return {
    day: day === 0 ? "" : new Date(day * DAY_MS).toISOString().slice(0, 10),
    ...{ key: wire.key ?? "", model: wire.model ?? "" },
    ...{ requests: wire.requests ?? 0, failed: wire.failed ?? 0 },
    ...{ promptTokens: wire.promptTokens ?? 0, cachedTokens: wire.cachedTokens ?? 0 },
    ...{ completionTokens: wire.completionTokens ?? 0, workerMs: wire.workerMs ?? 0 },
  };
}

/** One for each value of the fields; the others are empty. In order of the fields. */
export function summedBy(
  cells: readonly UsageView[],
  fields: readonly UsageField[],
): readonly UsageView[] {
  const sums = new Map<string, UsageView>();
  for (const cell of cells) {
    const by = (field: UsageField): string => (fields.includes(field) ? cell[field] : "");
    const name = { day: by("day"), key: by("key"), model: by("model") };
    const before = sums.get(JSON.stringify(name));
    sums.set(JSON.stringify(name), {
      ...name,
      requests: (before?.requests ?? 0) + cell.requests,
      failed: (before?.failed ?? 0) + cell.failed,
      promptTokens: (before?.promptTokens ?? 0) + cell.promptTokens,
      cachedTokens: (before?.cachedTokens ?? 0) + cell.cachedTokens,
      completionTokens: (before?.completionTokens ?? 0) + cell.completionTokens,
      workerMs: (before?.workerMs ?? 0) + cell.workerMs,
    });
  }
  const order = USAGE_FIELDS.filter((field) => fields.includes(field));
  const text = (view: UsageView): string => order.map((field) => view[field]).join("\0");
  return [...sums.values()].toSorted((a, b) => (text(a) < text(b) ? -1 : 1));
}
