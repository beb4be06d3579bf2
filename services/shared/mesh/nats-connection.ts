// Connections to NATS: one per server, so that a dead or stopped one is left behind instead of
// waited for. A request goes to one server; when it fails, the next request goes to another.
//
//   N1. A request ends: with its answer, its timeout, or the loss of its connection, whichever is
//       first. The client library alone would leave it waiting for its timeout after a disconnect.
//   N2. Nothing is sent on a connection known to be down: the library would keep it and send it
//       later, after its caller has given up.
//
// Every failure is a Failure UNAVAILABLE: whether the request arrived is not known.

import { connect, credsAuthenticator, headers } from "@nats-io/transport-node";
import type { ConnectionOptions, Msg, NatsConnection } from "@nats-io/transport-node";
import { Failure } from "#shared/base/errors.ts";

export interface NatsOptions {
  /** `nats://HOST:PORT` or `tls://HOST:PORT`, one per server. No secrets in here. */
  readonly urls: readonly string[];
  /** What a credentials file says: `USER:PASSWORD`, or a NATS .creds file. `null` for none. */
  readonly credentials: string | null;
  /** Shown in the server's lists. */
  readonly name: string;
}

export interface RequestOptions {
  readonly timeoutMs: number;
  readonly headers?: { readonly [name: string]: string };
}

const CONNECT_DEADLINE_MS = 5_000;
const CONNECT_RETRY_MS = 200;
/** A stopped server is noticed by requests; this is for connections that stand idle. */
const PING_MS = 2_000;

interface Link {
  readonly url: string;
  connection: NatsConnection | null;
  up: boolean;
  /** Of the requests under way: called when the connection is lost. */
  readonly onLost: Set<(reason: Error) => void>;
}

export class NatsConnections {
  readonly #links: Link[];
  #current = 0;
  #closed = false;

  private constructor(urls: readonly string[]) {
    this.#links = urls.map((url) => ({ url, connection: null, up: false, onLost: new Set() }));
  }

  /** Resolves once one server is connected; the others follow. Rejects with Failure UNAVAILABLE. */
  static async open(options: NatsOptions): Promise<NatsConnections> {
    if (options.urls.length === 0) throw new Failure("INVALID", "nats.url names no server");
    const nats = new NatsConnections(options.urls);
    let last: unknown = null;
    let settled = false;
    const first = Promise.any(
      nats.#links.map((link) => nats.#keep(link, options, (reason) => void (last = reason))),
    );
    const deadline = new Promise<never>((_, reject) => {
      const timer = setTimeout(
        () => !settled && reject(unreachable(options.urls, last)),
        CONNECT_DEADLINE_MS,
      );
      void first.finally(() => clearTimeout(timer)).catch(() => {});
    });
    try {
      await Promise.race([first, deadline]);
      settled = true;
      return nats;
    } catch (reason) {
      await nats.close();
      const refusals = reason instanceof AggregateError ? reason.errors : [reason];
      throw refusals.find((it) => it instanceof Failure) ?? unreachable(options.urls, last);
    }
  }

  /**
   * A connection that is up, for what the client library does itself: streams, buckets, consumers.
   */
  get connection(): NatsConnection {
    const link = this.#pick();
    if (link?.connection == null) throw this.#down();
    return link.connection;
  }

  /** Versions of the servers that are connected, with their URLs. */
  get servers(): readonly { readonly url: string; readonly version: string }[] {
    return this.#links.flatMap(({ url, connection }) => {
      const version = connection?.info?.version;
      return version === undefined ? [] : [{ url, version }];
    });
  }

  /** One try on one server. */
  async request(
    subject: string,
    payload: Uint8Array | string,
    options: RequestOptions,
  ): Promise<Msg> {
    const link = this.#pick();
    if (link?.connection == null) throw this.#down();
    const { promise: lost, reject: onLost } = Promise.withResolvers<never>();
    link.onLost.add(onLost);
    try {
      const answer = link.connection.request(subject, payload, requestOptions(options));
      answer.catch(() => {}); // Lost first: its own timeout comes later and means nothing.
      return await Promise.race([answer, lost]);
    } catch (cause) {
      this.#leave(link);
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Failure("UNAVAILABLE", `${link.url} did not answer: ${why}`, { cause });
    } finally {
      link.onLost.delete(onLost);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { connection } of this.#links) await connection?.close();
  }

  /** Connects until it succeeds or all is closed; from then on the library reconnects. */
  async #keep(link: Link, options: NatsOptions, onError: (reason: unknown) => void): Promise<void> {
    while (!this.#closed) {
      try {
        const connection = await connect(connectOptions(link.url, options));
        if (this.#closed) return await connection.close();
        link.connection = connection;
        link.up = true;
        void this.#watch(link, connection);
        return;
      } catch (reason) {
        onError(reason);
        if (isRefusal(reason))
          throw new Failure("UNAUTHENTICATED", `${link.url} refuses these credentials`, {
            cause: reason,
          });
        await new Promise((resolve) => setTimeout(resolve, CONNECT_RETRY_MS).unref());
      }
    }
  }

  async #watch(link: Link, connection: NatsConnection): Promise<void> {
    for await (const status of connection.status()) {
      if (status.type === "reconnect") link.up = true;
      if (status.type === "ldm") this.#leave(link);
      if (
        status.type === "disconnect" ||
        status.type === "staleConnection" ||
        status.type === "close"
      ) {
        link.up = false;
        this.#leave(link);
        for (const onLost of link.onLost) onLost(new Error("the connection was lost"));
      }
    }
  }

  /** The current server if it is up, else the next one that is. */
  #pick(): Link | undefined {
    for (let step = 0; step < this.#links.length; step++) {
      const at = (this.#current + step) % this.#links.length;
      if (this.#links[at]?.up !== true) continue;
      this.#current = at;
      return this.#links[at];
    }
    return undefined;
  }

  #leave(link: Link): void {
    if (this.#links[this.#current] === link)
      this.#current = (this.#current + 1) % this.#links.length;
  }

  #down(): Failure {
    return new Failure(
      "UNAVAILABLE",
      `no NATS server is connected (${this.#links.map(({ url }) => url).join(", ")})`,
    );
  }
}

function connectOptions(url: string, { credentials, name }: NatsOptions): ConnectionOptions {
  return {
    servers: [url],
    name,
    timeout: 2_000,
    ignoreClusterUpdates: true,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 50,
    reconnectJitter: 20,
    pingInterval: PING_MS,
    maxPingOut: 2,
    ...natsAuthentication(credentials),
  };
}

/** INVALID for what is neither USER:PASSWORD nor a .creds file. */
export function natsAuthentication(credentials: string | null): ConnectionOptions {
  if (credentials === null) return {};
  if (credentials.includes("-----BEGIN NATS USER JWT-----")) {
    return { authenticator: credsAuthenticator(new TextEncoder().encode(credentials)) };
  }
  const at = credentials.indexOf(":");
  if (at < 1) throw new Failure("INVALID", "NATS credentials are USER:PASSWORD or a .creds file");
  return { user: credentials.slice(0, at), pass: credentials.slice(at + 1) };
}

function requestOptions({
  timeoutMs,
  headers: given,
}: RequestOptions): Parameters<NatsConnection["request"]>[2] {
  if (given === undefined) return { timeout: timeoutMs };
  const sent = headers();
  for (const [name, value] of Object.entries(given)) sent.set(name, value);
  return { timeout: timeoutMs, headers: sent };
}

function isRefusal(reason: unknown): boolean {
  return (
    reason instanceof Error &&
    /authorization|authentication/i.test(`${reason.name} ${reason.message}`)
  );
}

function unreachable(urls: readonly string[], cause: unknown): Failure {
  return new Failure("UNAVAILABLE", `no NATS server answers at ${urls.join(", ")}`, {
    cause,
    hint: 'Start nats-server there, correct nats.url, or set log.driver = "embedded".',
  });
}
