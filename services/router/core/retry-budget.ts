// How much of the traffic may be retries: when a fleet fails, what is sent twice makes it worse.
//
//   R1. In any window there are at most `share` × its requests and `perSecondMin` × its seconds of
//       retries.

export interface RetryBudgetOptions {
  readonly share: number;
  /** So that a quiet router may retry at all. */
  readonly perSecondMin: number;
  readonly windowS: number;
}

export const RETRY_BUDGET_DEFAULTS: RetryBudgetOptions = {
  ...{ share: 0.2, perSecondMin: 3, windowS: 10 },
};

export interface RetryBudget {
  readonly options: RetryBudgetOptions;
  /** By second modulo the window, and the second each place is about. */
  readonly seconds: { second: number; requests: number; retries: number }[];
}

export function newRetryBudget(options: RetryBudgetOptions): RetryBudget {
  const seconds = Array.from({ length: options.windowS }, () => ({
    ...{ second: -1, requests: 0, retries: 0 },
  }));
  return { options, seconds };
}

/** A request has come in, to be sent for the first time. */
export function onRequest(budget: RetryBudget, nowMs: number): void {
  secondAt(budget, nowMs).requests += 1;
}

/** True when a request may be sent once more; it is counted then. */
export function takeRetry(budget: RetryBudget, nowMs: number): boolean {
  const { options } = budget;
  const current = secondAt(budget, nowMs);
  let requests = 0;
  let retries = 0;
  for (const { second, ...counts } of budget.seconds) {
    if (second <= current.second - options.windowS) continue;
    requests += counts.requests;
    retries += counts.retries;
  }
  if (retries + 1 > options.share * requests + options.perSecondMin * options.windowS) return false;
  current.retries += 1;
  return true;
}

function secondAt(
  budget: RetryBudget,
  nowMs: number,
): { second: number; requests: number; retries: number } {
  const second = Math.floor(nowMs / 1000);
  const place = budget.seconds[second % budget.seconds.length];
  if (place === undefined) throw new RangeError(`no second ${second}`);
  if (place.second !== second) {
    place.second = second;
    place.requests = 0;
    place.retries = 0;
  }
  return place;
}
