// What a router wants of a fleet, and what it is answered.

import type { RequestClass } from "./request-class.ts";

export interface Wish {
  readonly model: string;
  readonly promptTokens: number;
  readonly outputTokensExpected: number;
  /** Chain hashes of the prompt's whole blocks, first to last (prefix-hash.ts); empty: none. */
  readonly prefix: readonly bigint[];
  readonly session: string | null;
  /** To go on with a stream: only this numerics class, or a worker that may be crossed to. */
  readonly classId: string | null;
  readonly needs: { readonly resume: boolean; readonly masks: boolean };
  readonly exclude: ReadonlySet<string>;
  readonly priority: RequestClass;
}

/** `none`: nobody can take it; `saturated`: those that can are full; `quota`: the caller's own. */
export type RefusalReason = "none" | "saturated" | "quota";

export type Choice =
  | { readonly kind: "worker"; readonly key: string }
  | { readonly kind: "refused"; readonly reason: RefusalReason; readonly retryAfterMs: number };
