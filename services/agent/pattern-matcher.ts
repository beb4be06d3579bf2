// Regular expressions of users, over outputs of their jobs, with an end: a pattern that backtracks
// for ever must not hold the agent. V8 gives up at the deadline only for code run through node:vm.

import { createContext, Script } from "node:vm";
import type { Context } from "node:vm";
import { Failure } from "#shared/base/errors.ts";

const MATCH_MS = 1_000;
const LAST_MATCH = `
  let last = null;
  for (const match of text.matchAll(new RegExp(pattern, "gm"))) last = match[1] ?? match[0];
  last;
`;

export class PatternMatcher {
  #script: Script | null = null;
  #context: Context | null = null;

  /**
   * The last match's first group, or the whole match; `null` without one. INVALID when it takes too
   * long.
   */
  lastMatch(pattern: string, text: string): string | null {
    this.#script ??= new Script(`{${LAST_MATCH}}`);
    this.#context ??= createContext({ text: "", pattern: "" });
    Object.assign(this.#context, { text, pattern });
    try {
      return this.#script.runInContext(this.#context, { timeout: MATCH_MS }) as string | null;
    } catch (cause) {
      throw new Failure("INVALID", `the pattern ${pattern} found no end in ${MATCH_MS} ms`, {
        cause,
      });
    } finally {
      Object.assign(this.#context, { text: "", pattern: "" }); // Holds on to no output.
    }
  }
}
