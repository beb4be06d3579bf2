// What a core function is handed besides its state: time, randomness, and a place for its wishes.

import type { Random } from "#shared/base/prng.ts";

/** `E` is the kind of event this actor records; recording applies it at once. */
export interface Turn<E> {
  readonly address: string;
  readonly nowMs: number;
  readonly random: Random;
  emit(event: E): void;
  /** Delivered exactly once and in order, after this turn is durable. */
  send(to: string, message: object): void;
  /** `{kind: "timer", timer: id}` comes back at `atMs`; `null` clears it. */
  timer(id: string, atMs: number | null): void;
}
