// What a simulated engine can be made to suffer.

import type { Timers } from "#shared/base/clock.ts";
import { EngineFailure, type EngineErrorCode } from "../errors.ts";

export type Fault =
  /** Nothing moves any more. After `reportAfterMs` the engine notices and fails as `stalled`. */
  | { readonly kind: "stall"; readonly reportAfterMs: number | null }
  /** Steps that begin from now on take `factor` times as long. */
  | { readonly kind: "slow"; readonly factor: number }
  /** The engine fails once `afterTokens` more tokens were drawn, of all requests together. */
  | { readonly kind: "die"; readonly afterTokens: number; readonly code: EngineErrorCode }
  /** Requests are refused as `busy`. */
  | { readonly kind: "refuse" };

interface Listener {
  readonly onLifted: () => void;
  readonly onFailure: (failure: EngineFailure) => void;
}

interface Active {
  readonly fault: Fault;
  /** Of the engine, when the fault came. */
  readonly tokensOut: number;
  readonly cancel: () => void;
}

/** The faults there are now; of the same kind there may be several. */
export class FaultSwitch {
  readonly #timers: Timers;
  readonly #listener: Listener;
  readonly #active = new Set<Active>();

  constructor(timers: Timers, listener: Listener) {
    this.#timers = timers;
    this.#listener = listener;
  }

  inject(fault: Fault, tokensOut: number): () => void {
    const active: Active = { fault, tokensOut, cancel: this.#schedule(fault) };
    this.#active.add(active);
    return () => {
      if (!this.#active.delete(active)) return;
      active.cancel();
      this.#listener.onLifted();
    };
  }

  get stalled(): boolean {
    return this.#any("stall") !== null;
  }

  get slowness(): number {
    let factor = 1;
    for (const { fault } of this.#active) if (fault.kind === "slow") factor *= fault.factor;
    return factor;
  }

  checkAdmission(): void {
    if (this.#any("refuse") !== null) {
      throw new EngineFailure("busy", "the engine was told to refuse requests");
    }
  }

  /** The failure that is due once so many tokens were drawn. */
  deathAt(tokensOut: number): EngineFailure | null {
    for (const it of this.#active) {
      if (it.fault.kind !== "die" || tokensOut - it.tokensOut < it.fault.afterTokens) continue;
      return new EngineFailure(it.fault.code, "the engine was told to die");
    }
    return null;
  }

  /** No timer is left behind. */
  dispose(): void {
    for (const { cancel } of this.#active) cancel();
    this.#active.clear();
  }

  #any(kind: Fault["kind"]): Active | null {
    for (const it of this.#active) if (it.fault.kind === kind) return it;
    return null;
  }

  #schedule(fault: Fault): () => void {
    if (fault.kind !== "stall" || fault.reportAfterMs === null) return () => {};
    const after = fault.reportAfterMs;
    return this.#timers.after(after, () => {
      const message = `rank 0 did not reach its step within ${after} ms`;
      this.#listener.onFailure(new EngineFailure("stalled", message));
    });
  }
}
