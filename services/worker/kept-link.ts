// One link to one router, dialled again for as long as it is wanted.
//
//   K1. At most one connection at a time, and none is left after close().
//   K2. It tries for ever, with jittered pauses, and begins with short ones again only after a link
//       that held for a while.

import { once } from "node:events";
import type { Socket } from "node:net";
import { backoffMs } from "#shared/base/backoff.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Random } from "#shared/base/prng.ts";
import { dialLink, type DialledLink, type DialOptions } from "#shared/mesh/worker-link.ts";

export interface LinkWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
}

export interface LinkUse {
  /** The link stands; its socket is the user's until its `close`. */
  readonly onUp: (link: DialledLink) => void;
  /** It is gone, or could not be had. Before the next try. */
  readonly onDown: (failure: Failure) => void;
}

const RETRY = { firstMs: 100, maxMs: 5_000 };
const HELD_MS = 5_000;

export class KeptLink {
  readonly #options: DialOptions;
  readonly #world: LinkWorld;
  readonly #use: LinkUse;
  readonly #closed = new AbortController();
  readonly #over: Promise<void>;
  /** Null while there is no link. */
  #socket: Socket | null = null;
  #retired = false;

  constructor(options: DialOptions, world: LinkWorld, use: LinkUse) {
    this.#options = options;
    this.#world = world;
    this.#use = use;
    this.#over = this.#run();
  }

  get up(): boolean {
    return this.#socket !== null;
  }

  /** Ends the connection that stands, if one does; it is dialled again. */
  cut(): void {
    this.#socket?.destroy();
  }

  /** Does not dial again; a connection that stands goes on. */
  retire(): void {
    this.#retired = true;
  }

  /** Cuts the connection; ends soon after. */
  close(): Promise<void> {
    this.#closed.abort();
    return this.#over;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    for (let tries = 1; !signal.aborted; tries++) {
      const sinceMs = this.#world.clock.monotonicMs();
      const failure = await this.#hold(signal);
      if (signal.aborted || this.#retired) return;
      this.#use.onDown(failure);
      if (this.#world.clock.monotonicMs() - sinceMs > HELD_MS) tries = 1;
      await this.#pause(backoffMs(RETRY, tries, this.#world.random));
    }
  }

  /** From dialling to the end of the connection, however that came. */
  async #hold(signal: AbortSignal): Promise<Failure> {
    try {
      const link = await dialLink({ ...this.#options, signal });
      const { socket } = link;
      if (socket.closed) return new Failure("UNAVAILABLE", `router ${link.router} hung up`);
      const closed = once(socket, "close");
      const cut = (): void => void socket.destroy();
      signal.addEventListener("abort", cut);
      if (signal.aborted) cut();
      this.#socket = socket;
      this.#use.onUp(link);
      await closed;
      signal.removeEventListener("abort", cut);
      return new Failure("UNAVAILABLE", `router ${link.router} closed the connection`);
    } catch (reason) {
      return Failure.from(reason);
    } finally {
      this.#socket = null;
    }
  }

  #pause(ms: number): Promise<void> {
    const { signal } = this.#closed;
    return new Promise((resolve) => {
      const over = (): void => {
        cancel();
        signal.removeEventListener("abort", over);
        resolve();
      };
      const cancel = this.#world.timers.after(ms, over);
      signal.addEventListener("abort", over);
    });
  }
}
