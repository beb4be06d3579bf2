// Which agents are here now. In memory only: what it knows is gone with the process, and comes back
// with the agents.
//
// Invariants:
//   A1. A cluster has at most one session; a newer stream of the same agent takes the older one's
//       place.
//   A2. An agent silent for SILENT_HEARTBEATS heartbeats is cut off, which ends no job.
//   A3. The cluster's actor is told that an agent was lost only if no newer session took its place;
//       then it is told until it has recorded it.
//   A4. At most CLUSTER_READERS_MAX read logs of a cluster, READERS_MAX of all clusters. What waits
//       for them is within one budget (log-budget.ts).

import { backoffMs } from "#shared/base/backoff.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Random } from "#shared/base/prng.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { clusterAddress } from "../core/messages.ts";
import type { Engine } from "../engine.ts";
import { LogBudget } from "./log-budget.ts";
import type { LogPiece } from "./log-follow.ts";
import type { AgentSession } from "./agent-session.ts";

export interface Presence {
  readonly connected: boolean;
  /** 0 when this process has never heard of it. */
  readonly seenAtMs: number;
  /** reachable, unreachable or unknown. */
  readonly clusterState: string;
  readonly clusterReason: string;
  readonly facts: { readonly [name: string]: string };
  readonly callsPerMinute: number;
}

const NOBODY: Presence = {
  connected: false,
  seenAtMs: 0,
  clusterState: "unknown",
  clusterReason: "",
  facts: {},
  callsPerMinute: 0,
};
const SILENT_HEARTBEATS = 3;
/** How long a reader of logs waits for an agent that is away. */
const RETURN_MS = 30_000;
const LOSS_BACKOFF = { firstMs: 1000, maxMs: 30_000 };
/** Half of what an agent follows at once: a follow that was stopped there takes a moment to end. */
const CLUSTER_READERS_MAX = 128;
const READERS_MAX = 1024;

interface Seat {
  session: AgentSession | null;
  /** Handshakes of this cluster's agent so far: only the latest may take the seat. */
  ticket: number;
  last: Presence;
  readonly waiting: Set<() => void>;
  /** Who read logs through it. */
  readers: number;
}

export interface RegistryOptions {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly heartbeatMs: number;
}

export class AgentRegistry {
  readonly heartbeatMs: number;
  readonly #options: RegistryOptions;
  readonly #seats = new Map<string, Seat>(); // As many as there are clusters with agents.
  readonly #sweep: NodeJS.Timeout;
  readonly #unlisten: () => void;
  readonly #logBudget = new LogBudget();
  #readers = 0;
  #closed = false;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.heartbeatMs = options.heartbeatMs;
    const connected = options.metrics.gauge("signalbox_agents_connected", {});
    options.metrics.onScrape(() =>
      connected.set([...this.#seats.values()].filter(({ session }) => session !== null).length),
    );
    this.#sweep = setInterval(() => this.#cutSilent(), options.heartbeatMs);
    this.#sweep.unref();
    this.#unlisten = options.engine.onCommitted((changes) => {
      for (const { actor } of changes) {
        if (actor.startsWith("cluster/")) this.#seats.get(actor)?.session?.push();
      }
    });
  }

  /** Ends every session with UNAVAILABLE; agents reconnect to whoever serves then. */
  close(): void {
    this.#closed = true;
    clearInterval(this.#sweep);
    this.#unlisten();
    for (const { session } of this.#seats.values())
      session?.end(new Failure("UNAVAILABLE", "the scheduler is stopping"));
  }

  /**
   * Before the handshake's turn: the one who calls last may sit down. Ends the session that sits.
   */
  reserve(namespace: string, cluster: string): number {
    const seat = this.#seatOf(clusterAddress(namespace, cluster));
    const old = seat.session;
    seat.session = null;
    if (old !== null) {
      seat.last = this.#presenceOf(old, false);
      old.end(new Failure("FENCED", "a newer stream of this agent took over"));
    }
    seat.ticket += 1;
    return seat.ticket;
  }

  /** False when a later handshake came in between. */
  sit(session: AgentSession, ticket: number): boolean {
    const seat = this.#seatOf(session.address);
    if (seat.ticket !== ticket) return false;
    seat.session = session;
    for (const wake of seat.waiting) wake();
    session.push();
    return true;
  }

  /** The session's stream is over. */
  leave(session: AgentSession): void {
    const seat = this.#seatOf(session.address);
    if (seat.session !== session) return; // A3
    seat.session = null;
    seat.last = this.#presenceOf(session, false);
    this.#recordLoss(session.address, seat.ticket);
  }

  /** The handshake that has this ticket came to nothing. */
  abandon(address: string, ticket: number): void {
    this.#recordLoss(address, ticket);
  }

  /** Again until it is recorded or a newer handshake has begun, which then ends here or sits. */
  #recordLoss(address: string, ticket: number, tries = 1): void {
    if (this.#closed) return; // The next owner's first turn says so.
    if (this.#seatOf(address).ticket !== ticket) return; // A3
    const { engine, timers, random, logger } = this.#options;
    engine.ask<"cluster">(address, { kind: "agent-lost" }).catch((reason: unknown) => {
      const { code, retry } = Failure.from(reason);
      logger.warn({ err: reason, cluster: address, tries }, "the loss of an agent is not recorded");
      if (retry === "elsewhere" || code === "NOT_FOUND") return; // Not this process's to record.
      const again = (): void => this.#recordLoss(address, ticket, tries + 1);
      timers.after(backoffMs(LOSS_BACKOFF, tries, random), again);
    });
  }

  presenceOf(namespace: string, cluster: string): Presence {
    const seat = this.#seats.get(clusterAddress(namespace, cluster));
    if (seat === undefined) return NOBODY;
    return seat.session === null ? seat.last : this.#presenceOf(seat.session, true);
  }

  /** Agent and cluster answer, as far as is known. */
  readonly isReachable = (namespace: string, cluster: string): boolean => {
    const { connected, clusterState } = this.presenceOf(namespace, cluster);
    return connected && clusterState !== "unreachable";
  };

  /**
   * An attempt's output as its agent sends it, from the start. Goes on by itself where it was when
   * the caller was slow or the agent was away for less than RETURN_MS. FULL when too many read.
   */
  async *readLogs(
    namespace: string,
    cluster: string,
    what: { readonly token: string; readonly stream: string; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<LogPiece, void, void> {
    const seat = this.#seatOf(clusterAddress(namespace, cluster));
    if (seat.readers >= CLUSTER_READERS_MAX || this.#readers >= READERS_MAX) {
      const whose = seat.readers >= CLUSTER_READERS_MAX ? `cluster ${cluster}` : "this scheduler";
      throw new Failure("FULL", `too many read logs of ${whose} already`, { retryAfterMs: 5000 });
    }
    seat.readers += 1;
    this.#readers += 1;
    try {
      yield* this.#readOn(seat, cluster, what, signal);
    } finally {
      seat.readers -= 1;
      this.#readers -= 1;
    }
  }

  async *#readOn(
    seat: Seat,
    cluster: string,
    what: { readonly token: string; readonly stream: string; readonly follow: boolean },
    signal: AbortSignal,
  ): AsyncGenerator<LogPiece, void, void> {
    const reached = { stdout: 0, stderr: 0 };
    let returnMs = what.follow ? RETURN_MS : 0;
    while (!signal.aborted) {
      const session = await this.#sessionWithin(seat, returnMs, signal);
      if (signal.aborted) return;
      if (session === null) {
        throw new Failure(
          "UNAVAILABLE",
          `the agent of cluster ${cluster} is not connected, and it has the output`,
          {
            hint: `signalbox cluster show ${cluster}`,
            retryAfterMs: 5000,
          },
        );
      }
      const from = { stdoutOffset: reached.stdout, stderrOffset: reached.stderr };
      const follow = session.follow({ ...what, ...from }, this.#logBudget);
      for await (const piece of follow.pieces(signal)) {
        reached[piece.stream] += piece.data.length;
        yield piece;
      }
      if (signal.aborted || follow.outcome?.kind === "complete") return;
      if (follow.outcome?.kind === "failed") throw follow.outcome.failure;
      returnMs = RETURN_MS; // Overrun or lost: on from where it was.
    }
  }

  #sessionWithin(seat: Seat, waitMs: number, signal: AbortSignal): Promise<AgentSession | null> {
    if (seat.session !== null || waitMs === 0) return Promise.resolve(seat.session);
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        seat.waiting.delete(wake);
        signal.removeEventListener("abort", wake);
        resolve(seat.session);
      };
      const timer = setTimeout(wake, waitMs);
      seat.waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  #cutSilent(): void {
    const oldestMs = this.#options.clock.nowMs() - SILENT_HEARTBEATS * this.heartbeatMs;
    for (const { session } of this.#seats.values()) {
      if (session === null || session.seenAtMs >= oldestMs) continue;
      session.end(
        new Failure("UNAVAILABLE", `the agent was silent for ${SILENT_HEARTBEATS} heartbeats`),
      );
    }
  }

  #presenceOf(session: AgentSession, connected: boolean): Presence {
    const { heartbeat } = session;
    return {
      connected,
      seenAtMs: session.seenAtMs,
      clusterState: heartbeat?.clusterState || "unknown",
      clusterReason: heartbeat?.clusterReason ?? "",
      facts: heartbeat?.facts ?? {},
      callsPerMinute: heartbeat?.callsPerMinute ?? 0,
    };
  }

  #seatOf(address: string): Seat {
    let seat = this.#seats.get(address);
    if (seat === undefined) {
      seat = { session: null, ticket: 0, last: NOBODY, waiting: new Set(), readers: 0 };
      this.#seats.set(address, seat);
    }
    return seat;
  }
}
