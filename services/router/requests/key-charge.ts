// One request against the limits of its key: charged by estimate when it starts, settled when it
// has ended.
//
// State: what was charged.
//
//   C1. What was charged is settled once, however the request ends.

import type { Clock } from "#shared/base/clock.ts";
import {
  limitedBy,
  remainingRequests,
  remainingTokens,
  settle,
  take,
  type KeyUse,
  type Limited,
  type Remaining,
} from "../core/key-limits.ts";
import { ApiError } from "../openai/api-error.ts";

const WHAT: Readonly<Record<Limited, string>> = {
  requests: "requests per minute",
  tokens: "tokens per minute",
  concurrent: "requests at once",
};

/** What is left of a limit, for a client to see. */
export type TellLimit = (what: "requests" | "tokens", left: Remaining) => void;

export class KeyCharge {
  readonly #use: KeyUse;
  readonly #clock: Clock;
  readonly #tellLimit: TellLimit;
  #charged: number | null = null;

  constructor(use: KeyUse, clock: Clock, tellLimit: TellLimit) {
    this.#use = use;
    this.#clock = clock;
    this.#tellLimit = tellLimit;
  }

  /** Before anything is computed for it: 429 when it would be refused whatever it is. */
  check(): void {
    const limited = limitedBy(this.#use, 1, this.#clock.monotonicMs());
    if (limited !== null) this.#refuse(limited.by, limited.retryAfterMs);
  }

  /** 429 when the key has no such request left. */
  start(tokens: number): void {
    const taken = take(this.#use, tokens, this.#clock.monotonicMs());
    if (taken.kind === "limited") this.#refuse(taken.by, taken.retryAfterMs);
    else this.#charged = taken.tokens;
    this.#tell();
  }

  end(tokens: number): void {
    if (this.#charged === null) return;
    settle(this.#use, this.#charged, tokens, this.#clock.monotonicMs());
    this.#charged = null;
  }

  #refuse(by: Limited, retryAfterMs: number): void {
    this.#tell();
    const { limits } = this.#use;
    const limit = {
      ...{ requests: limits.requestsPerMinute, tokens: limits.tokensPerMinute },
      concurrent: limits.concurrent,
    }[by];
    const said = `This key's limit of ${limit} ${WHAT[by]} is reached.`;
    throw new ApiError(429, said, { code: "rate_limit_exceeded", retryAfterMs });
  }

  #tell(): void {
    const nowMs = this.#clock.monotonicMs();
    const requests = remainingRequests(this.#use, nowMs);
    const tokens = remainingTokens(this.#use, nowMs);
    if (requests !== null) this.#tellLimit("requests", requests);
    if (tokens !== null) this.#tellLimit("tokens", tokens);
  }
}
