// Reading what a server of somebody else's answers: every member may be absent or of another kind.

import type { TokenLogprob, TokenLogprobs } from "../engine.ts";
import { EngineFailure } from "../errors.ts";

/** Undefined where `value` is no object or has no such member. */
export function member(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as { readonly [name: string]: unknown })[name];
}

export function numberAt(value: unknown, name: string): number | null {
  const found = member(value, name);
  return typeof found === "number" && Number.isFinite(found) ? found : null;
}

export function textAt(value: unknown, name: string): string | null {
  const found = member(value, name);
  return typeof found === "string" ? found : null;
}

/** Empty where there is none. */
export function listAt(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : [];
}

export function positive(value: number | null): number | null {
  return value !== null && value > 0 ? Math.floor(value) : null;
}

/** The message of an error as OpenAI's, vLLM's, SGLang's or llama.cpp's API has it. */
export function errorText(value: unknown): string | null {
  const error = member(value, "error");
  if (typeof error === "string") return error;
  return textAt(error, "message") ?? textAt(value, "message") ?? textAt(value, "detail");
}

/** As servers have them: likeliest first, and the drawn one may stand among them or not. */
export function logprobsOf(
  drawn: TokenLogprob,
  alternatives: readonly TokenLogprob[],
  most: number,
): TokenLogprobs {
  const sorted = alternatives.toSorted((one, other) => other.logprob - one.logprob);
  return { logprob: drawn.logprob, alternatives: sorted.slice(0, most) };
}

export function strange(server: string, what: string): EngineFailure {
  return new EngineFailure("internal", `${server} answered ${what}`);
}
