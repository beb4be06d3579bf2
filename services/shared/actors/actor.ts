// What an actor is: a state that only events change, and a function that answers a message with
// events, messages to others, timers and a reply. Both are pure; the partition does the rest.

import type { LogEvent } from "#shared/state/log.ts";
import type { Random } from "#shared/base/prng.ts";

/** Where a turn's wishes go. Time and randomness come from here and nowhere else. */
export interface Turn {
  readonly address: string;
  readonly nowMs: number;
  readonly random: Random;
  /** Records a fact and applies it at once: what follows in this turn already sees it. */
  emit(event: LogEvent): void;
  /** Delivered exactly once, in order per pair of actors, after this turn is durable. */
  send(to: string, message: object): void;
  /** Delivers `{kind: "timer", timer: id}` at `atMs`; a second call moves it, `null` clears it. */
  timer(id: string, atMs: number | null): void;
}

/**
 * `S` is the state, `undefined` for an actor nothing has happened to. `M` is what it can be sent.
 */
export interface ActorType<S, M> {
  readonly kind: string;
  /** Changes `state` in place or makes the first one. Never fails on an event it once emitted. */
  apply(state: S | undefined, event: LogEvent, address: string): S;
  /**
   * One turn; the result is the reply. To refuse, throw a Failure before emitting anything. Any
   * other error is a bug: the turn is undone and the partition reloads.
   */
  receive(state: S | undefined, message: M, turn: Turn): unknown;
  /**
   * Whether an actor wants `{kind: "wake", reloaded}` when it was loaded: it has work of its own to
   * go on with. `reloaded`: this process had it before and read its log again.
   */
  wakes(state: S): boolean;
  /** The state as plain JSON-able data, for the state hash. */
  plain(state: S): unknown;
}

/** Actor types by kind; the message type is checked where an actor is asked, not here. */
// oxlint-disable-next-line typescript/no-explicit-any -- each entry has types of its own
export type ActorTypes = ReadonlyMap<string, ActorType<any, any>>;

export function kindOf(address: string): string {
  const at = address.indexOf("/");
  return at < 0 ? address : address.slice(0, at);
}
