// How urgent a request is, and its share of a queue that is not empty (RYZ-35).

export const REQUEST_CLASSES = ["critical", "realtime", "high", "normal", "low", "bulk"] as const;

export type RequestClass = (typeof REQUEST_CLASSES)[number];

export const CLASS_WEIGHTS: Readonly<Record<RequestClass, number>> = {
  ...{ critical: 8, realtime: 4, high: 2, normal: 1, low: 0.5, bulk: 0.25 },
};
