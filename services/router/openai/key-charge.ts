// One request against the limits of its key: charged by estimate when it starts, settled when it
// has ended. Clients see what is left in OpenAI's x-ratelimit headers.
//
// State: what was charged.
//
//   C1. What was charged is settled once, however the request ends.

import type { ServerResponse } from "node:http";
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
import { ApiError } from "./api-error.ts";

const WHAT: Readonly<Record<Limited, string>> = {
  requests: "requests per minute",
  tokens: "tokens per minute",
  concurrent: "requests at once",
};

export class KeyCharge {
  readonly #use: KeyUse;
  readonly #clock: Clock;
  readonly #response: ServerResponse;
  #charged: number | null = null;

  constructor(use: KeyUse, clock: Clock, response: ServerResponse) {
    this.#use = use;
    this.#clock = clock;
    this.#response = response;
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
    this.#tellOne("requests", remainingRequests(this.#use, nowMs));
    this.#tellOne("tokens", remainingTokens(this.#use, nowMs));
  }

  #tellOne(what: string, left: Remaining | null): void {
    if (left === null || this.#response.headersSent) return;
    this.#response.setHeader(`x-ratelimit-limit-${what}`, left.limit);
    this.#response.setHeader(`x-ratelimit-remaining-${what}`, left.remaining);
    this.#response.setHeader(`x-ratelimit-reset-${what}`, spanText(left.resetMs));
  }
}

/** As OpenAI writes it: 20ms, 1.5s, 6m0s. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  const seconds = Math.ceil(ms / 10) / 100;
  if (seconds < 60) return `${seconds}s`;
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}m${whole % 60}s`;
}
