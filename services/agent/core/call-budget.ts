// How often the cluster may be called: a token bucket for the rate, a breaker for a cluster that
// does not answer, and a count of the last minute that everybody can see.
//
//   B1. In any window of W seconds at most depth + W × rate calls are taken.
//   B2. While the breaker is open no call is taken but one probe each time its wait has passed.

export interface CallBudget {
  /** Calls a second; 0 where calls cost nobody anything (local processes): counted, not limited. */
  readonly perS: number;
  readonly depth: number;
  tokens: number;
  refilledAtMs: number;
  /** Calls in a row that were not answered. */
  misses: number;
  /** `null` while closed. */
  openUntilMs: number | null;
  openMs: number;
  /** Calls by second of the last minute, and the second each slot is about. */
  readonly perSecond: { readonly second: number[]; readonly calls: number[] };
}

/** Misses in a row that open the breaker: one lost answer is common, five are an outage. */
const MISSES_MAX = 5;
const OPEN_FIRST_MS = 5_000;
/** An outage of ten minutes then costs at most a call a minute (notes/hpc.md §5.3, test 2). */
const OPEN_MAX_MS = 60_000;
const WINDOW_S = 60;

export function newCallBudget(perS: number, depth: number, nowMs: number): CallBudget {
  return {
    perS,
    depth,
    tokens: depth,
    refilledAtMs: nowMs,
    misses: 0,
    openUntilMs: null,
    openMs: OPEN_FIRST_MS,
    perSecond: {
      second: Array.from({ length: WINDOW_S }, () => -1),
      calls: Array.from({ length: WINDOW_S }, () => 0),
    },
  };
}

/** Takes one call if it may be made now. `probe` may pass an open breaker whose wait is over. */
export function takeCall(budget: CallBudget, probe: boolean, nowMs: number): boolean {
  if (budget.openUntilMs !== null) {
    if (!probe || nowMs < budget.openUntilMs) return false;
    budget.openUntilMs = nowMs + budget.openMs; // One probe per wait.
  }
  refill(budget, nowMs);
  if (budget.perS > 0) {
    if (budget.tokens < 1) return false;
    budget.tokens -= 1;
  }
  count(budget, nowMs);
  return true;
}

export function onCallAnswered(budget: CallBudget): void {
  budget.misses = 0;
  budget.openUntilMs = null;
  budget.openMs = OPEN_FIRST_MS;
}

export function onCallUnanswered(budget: CallBudget, nowMs: number): void {
  budget.misses += 1;
  if (budget.misses < MISSES_MAX) return;
  if (budget.openUntilMs !== null) budget.openMs = Math.min(budget.openMs * 2, OPEN_MAX_MS);
  budget.openUntilMs = nowMs + budget.openMs;
}

/** When a call that is refused now may be asked for again. */
export function nextCallMs(budget: CallBudget, probe: boolean, nowMs: number): number {
  if (budget.openUntilMs !== null && (!probe || budget.openUntilMs > nowMs)) {
    return Math.max(budget.openUntilMs, nowMs);
  }
  refill(budget, nowMs);
  if (budget.perS === 0 || budget.tokens >= 1) return nowMs;
  return nowMs + Math.ceil(((1 - budget.tokens) * 1000) / budget.perS);
}

export function callsPerMinute(budget: CallBudget, nowMs: number): number {
  const now = Math.floor(nowMs / 1000);
  let sum = 0;
  for (let slot = 0; slot < WINDOW_S; slot++) {
    const second = budget.perSecond.second[slot] ?? -1;
    if (second > now - WINDOW_S && second <= now) sum += budget.perSecond.calls[slot] ?? 0;
  }
  return sum;
}

function refill(budget: CallBudget, nowMs: number): void {
  const elapsedMs = Math.max(0, nowMs - budget.refilledAtMs);
  budget.tokens = Math.min(budget.depth, budget.tokens + (elapsedMs * budget.perS) / 1000);
  budget.refilledAtMs = nowMs;
}

function count(budget: CallBudget, nowMs: number): void {
  const second = Math.floor(nowMs / 1000);
  const slot = ((second % WINDOW_S) + WINDOW_S) % WINDOW_S;
  const { perSecond } = budget;
  if (perSecond.second[slot] !== second) {
    perSecond.second[slot] = second;
    perSecond.calls[slot] = 0;
  }
  perSecond.calls[slot] = (perSecond.calls[slot] ?? 0) + 1;
}
