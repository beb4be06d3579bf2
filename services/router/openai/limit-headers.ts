// What is left of a key's limits, in OpenAI's x-ratelimit headers.

import type { ServerResponse } from "node:http";
import type { Remaining } from "../core/key-limits.ts";

export function writeLimit(
  response: ServerResponse,
  what: "requests" | "tokens",
  left: Remaining,
): void {
  if (response.headersSent) return;
  response.setHeader(`x-ratelimit-limit-${what}`, left.limit);
  response.setHeader(`x-ratelimit-remaining-${what}`, left.remaining);
  response.setHeader(`x-ratelimit-reset-${what}`, spanText(left.resetMs));
}

/** As OpenAI writes it: 20ms, 1.5s, 6m0s. */
export function spanText(ms: number): string {
  if (ms < 1_000) return `${ms}ms`;
  const seconds = Math.ceil(ms / 10) / 100;
  if (seconds < 60) return `${seconds}s`;
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}m${whole % 60}s`;
}
