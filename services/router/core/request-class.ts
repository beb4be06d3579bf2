// How urgent a request is, and its share of a queue that is not empty (RYZ-35).

import type { RequestClass } from "#shared/base/api-key.ts";

export { REQUEST_CLASSES, type RequestClass } from "#shared/base/api-key.ts";

export const CLASS_WEIGHTS: Readonly<Record<RequestClass, number>> = {
  ...{ critical: 8, realtime: 4, high: 2, normal: 1, low: 0.5, bulk: 0.25 },
};
