// Core NATS for what may get lost: figures that routers and workers tell each other.
//
//   U1. It never fails and never waits: without a server what is published is dropped, and
//       subscriptions are made when one is there again.
//   U2. Nothing is kept to be sent later: old figures are worse than none.
//   U3. Subscribers hear what others publish, not what this process does.

import { connect } from "@nats-io/transport-node";
import type { ConnectionOptions, NatsConnection, Subscription } from "@nats-io/transport-node";
import { backoffMs } from "#shared/base/backoff.ts";
import type { Random } from "#shared/base/prng.ts";
import { readSecret, type NatsConfig } from "#shared/config/load-config.ts";
import { natsAuthentication, type NatsOptions } from "./nats-connection.ts";

export interface BusListener {
  /** A connection stands, or is gone; with why it could not be had. Told when it changes. */
  onChange?(up: boolean, why: string): void;
  onMessage?(direction: "in" | "out"): void;
}

const RETRY = { firstMs: 200, maxMs: 5_000 };
const CONNECT_MS = 2_000;
/** A stopped server is noticed after two of them. */
const PING_MS = 2_000;

/** `inference` subjects: `signalbox.inference.KIND.MODEL`. */
export function inferenceSubject(kind: "progress" | "load", model: string): string {
  // Names of models have dots, slashes and spaces, which mean something to NATS.
  return `signalbox.inference.${kind}.${Buffer.from(model).toString("base64url")}`;
}

/** Null: no server is configured. INVALID or NOT_FOUND for credentials that are not there. */
export function natsOptions(config: NatsConfig, name: string): NatsOptions | null {
  const { urls, credentialsFile } = config;
  if (urls.length === 0) return null;
  const credentials = credentialsFile === null ? null : readSecret(credentialsFile);
  natsAuthentication(credentials);
  return { urls, credentials, name };
}

export class NatsBus {
  readonly #options: NatsOptions;
  readonly #random: Random;
  readonly #listener: BusListener;
  readonly #wanted = new Map<string, (payload: Uint8Array) => void>();
  readonly #subscriptions = new Map<string, Subscription>();
  #connection: NatsConnection | null = null;
  #up = false;
  #told: boolean | null = null;
  readonly #closed = new AbortController();
  readonly #over: Promise<void>;

  /** Connects in the background, for as long as it is open. */
  constructor(options: NatsOptions, random: Random, listener: BusListener = {}) {
    this.#options = options;
    this.#random = random;
    this.#listener = listener;
    this.#over = this.#run();
  }

  get up(): boolean {
    return this.#up;
  }

  /** False: it was dropped. */
  publish(subject: string, payload: Uint8Array): boolean {
    if (!this.#up || this.#connection === null) return false;
    this.#connection.publish(subject, payload);
    this.#listener.onMessage?.("out");
    return true;
  }

  /** One listener for each subject. The payload is its own until it returns. */
  subscribe(subject: string, listener: (payload: Uint8Array) => void): void {
    this.#wanted.set(subject, listener);
    if (this.#connection !== null) this.#subscribeOn(this.#connection, subject);
  }

  unsubscribe(subject: string): void {
    this.#wanted.delete(subject);
    this.#subscriptions.get(subject)?.unsubscribe();
    this.#subscriptions.delete(subject);
  }

  /** What was published before has left, if a server takes it. */
  async close(): Promise<void> {
    this.#closed.abort();
    if (this.#up) await Promise.race([this.#connection?.flush(), pause(CONNECT_MS)]).catch(ignore);
    this.#up = false;
    await this.#connection?.close().catch(ignore);
    await this.#over;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closed;
    for (let tries = 1; !signal.aborted; tries++) {
      try {
        const connection = await connect(connectOptions(this.#options));
        if (signal.aborted) return await connection.close();
        tries = 0;
        await this.#hold(connection);
      } catch (reason) {
        this.#tell(false, reason instanceof Error ? reason.message : String(reason));
      }
      await pause(backoffMs(RETRY, Math.max(1, tries), this.#random), signal);
    }
  }

  /** Until the library gives it up: it reconnects by itself, but not after a refusal. */
  async #hold(connection: NatsConnection): Promise<void> {
    this.#connection = connection;
    for (const subject of this.#wanted.keys()) this.#subscribeOn(connection, subject);
    this.#turn(true, connection.getServer());
    const statuses = connection.status();
    const watching = (async () => {
      for await (const status of statuses) {
        if (status.type === "reconnect") this.#turn(true, connection.getServer());
        const isLost = status.type === "disconnect" || status.type === "staleConnection";
        if (isLost) this.#turn(false, "the connection was lost");
      }
    })();
    const reason = await connection.closed();
    await watching;
    this.#connection = null;
    this.#subscriptions.clear();
    this.#turn(false, reason instanceof Error ? reason.message : "the connection was closed");
  }

  #subscribeOn(connection: NatsConnection, subject: string): void {
    const callback = (error: Error | null, message: { readonly data: Uint8Array }): void => {
      if (error !== null) return; // The server refuses this subject: told by its log.
      this.#listener.onMessage?.("in");
      this.#wanted.get(subject)?.(message.data);
    };
    this.#subscriptions.set(subject, connection.subscribe(subject, { callback }));
  }

  #turn(up: boolean, why: string): void {
    this.#up = up && !this.#closed.signal.aborted;
    this.#tell(up, why);
  }

  #tell(up: boolean, why: string): void {
    if (this.#told === up || this.#closed.signal.aborted) return;
    this.#told = up;
    this.#listener.onChange?.(up, why);
  }
}

function connectOptions({ urls, credentials, name }: NatsOptions): ConnectionOptions {
  return {
    ...{ servers: [...urls], name, timeout: CONNECT_MS, noEcho: true },
    ...{ maxReconnectAttempts: -1, reconnectTimeWait: 200, reconnectJitter: 200 },
    ...{ pingInterval: PING_MS, maxPingOut: 2 },
    ...natsAuthentication(credentials),
  };
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", over);
      resolve();
    };
    const timer = setTimeout(over, ms);
    signal?.addEventListener("abort", over);
    if (signal?.aborted === true) over();
  });
}

function ignore(): void {}
