// The shared-prefix workload: two tenants who ask about the same documents and hold conversations,
// and how many of its prompts' tokens could come from the cache.

import { readFileSync } from "node:fs";
import { join } from "node:path";

export const PREFIX_WORKLOAD = join(import.meta.dirname, "shared-prefixes.json");
/** Tokens in a block of our cache: only whole blocks are shared. */
const BLOCK = 32;

/** The first `prefixTokens` of a text called `prefix`, then `tokens` that nobody else has. */
export interface PrefixPrompt {
  /** Whose it is: tenants share nothing. */
  readonly salt: string;
  readonly prefix: string;
  readonly prefixTokens: number;
  readonly tokens: number;
}

export function readWorkload(path: string): readonly PrefixPrompt[] {
  return (JSON.parse(readFileSync(path, "utf8")) as { prompts: PrefixPrompt[] }).prompts;
}

/** Tokens in whole blocks with which an earlier prompt of the same tenant has begun too. */
export function shareableTokens(prompts: readonly PrefixPrompt[]): number {
  const longest = new Map<string, number>();
  let sum = 0;
  for (const { salt, prefix, prefixTokens } of prompts) {
    const text = JSON.stringify([salt, prefix]);
    const earlier = longest.get(text) ?? 0;
    sum += Math.floor(Math.min(earlier, prefixTokens) / BLOCK) * BLOCK;
    longest.set(text, Math.max(earlier, prefixTokens));
  }
  return sum;
}
