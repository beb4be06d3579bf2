// How full a queue is, in five steps, and who may still join it (RYZ-35): the fuller, the more
// urgent one has to be.

import type { RequestClass } from "./request-class.ts";

export const BACKPRESSURE_LEVELS = ["none", "low", "medium", "high", "critical"] as const;

export type BackpressureLevel = (typeof BACKPRESSURE_LEVELS)[number];

/** From this share of the queue on. */
const FROM: Readonly<Record<BackpressureLevel, number>> = {
  ...{ none: 0, low: 0.25, medium: 0.5, high: 0.75, critical: 0.9 },
};

/** The fullest queue that a class still joins. */
const JOINS_AT: Readonly<Record<RequestClass, BackpressureLevel>> = {
  critical: "critical",
  realtime: "critical",
  high: "high",
  normal: "high",
  low: "medium",
  bulk: "low",
};

export function levelOf(queued: number, queuedMax: number): BackpressureLevel {
  const share = queued / queuedMax;
  return BACKPRESSURE_LEVELS.findLast((level) => share >= FROM[level]) ?? "none";
}

export function mayJoin(requestClass: RequestClass, level: BackpressureLevel): boolean {
  const at = BACKPRESSURE_LEVELS.indexOf(level);
  return at <= BACKPRESSURE_LEVELS.indexOf(JOINS_AT[requestClass]);
}
