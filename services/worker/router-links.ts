// The serve links of a worker: one to each router, on which the worker's gRPC server answers.
//
//   R1. A router is known by the peer of its link while that link stands, and only then.

import type { Logger } from "#shared/telemetry/logger.ts";
import type { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { KeptLink, type LinkWorld } from "./kept-link.ts";
import type { RouterAddress, WorkerIdentity } from "./progress-link.ts";

export interface RouterLinksOptions {
  readonly identity: WorkerIdentity;
  readonly routers: readonly RouterAddress[];
  readonly server: GrpcServer;
  readonly logger: Logger;
  /** A link that stood is gone; index of its router. */
  readonly onDown: (router: number) => void;
}

/** A router that does not want a worker closes sooner. */
const STOOD_MS = 1_000;

export class RouterLinks {
  readonly #options: RouterLinksOptions;
  readonly #world: LinkWorld;
  readonly #links: readonly KeptLink[];
  readonly #routerOf = new Map<string, number>();
  /** Links that have stood for a while: the router did not refuse them. */
  readonly #stood = new Set<number>();

  constructor(options: RouterLinksOptions, world: LinkWorld) {
    this.#options = options;
    this.#world = world;
    this.#links = options.routers.map((router, index) => this.#keep(router, index));
  }

  get up(): number {
    return this.#links.filter((it) => it.up).length;
  }

  /** Links that their routers keep. */
  get stood(): number {
    return this.#stood.size;
  }

  /** By a call's peer; null: the caller dialled us. */
  routerOf(peer: string): number | null {
    return this.#routerOf.get(peer) ?? null;
  }

  /** Dials nobody again: connections end with what goes on over them. */
  retire(): void {
    for (const it of this.#links) it.retire();
  }

  async close(): Promise<void> {
    await Promise.all(this.#links.map((it) => it.close()));
  }

  #keep({ address, link }: RouterAddress, index: number): KeptLink {
    const { identity, server, logger, onDown } = this.#options;
    let peer = "";
    let heard = "";
    let stoodUp = false;
    let cancel: () => void = () => {};
    const options = { ...identity, address, link, role: "serve" } as const;
    return new KeptLink(options, this.#world, {
      onUp: ({ router, socket, rest }) => {
        // As grpc-js names it.
        peer = `${socket.remoteAddress}:${socket.remotePort}`;
        this.#routerOf.set(peer, index);
        stoodUp = false;
        cancel = this.#world.timers.after(STOOD_MS, () => {
          stoodUp = true;
          this.#stood.add(index);
          logger.info({ router, address }, "linked");
        });
        if (rest.length > 0) socket.unshift(rest);
        server.inject(socket);
      },
      onDown: (failure) => {
        cancel();
        this.#stood.delete(index);
        const wasUp = this.#routerOf.delete(peer);
        if (wasUp) onDown(index);
        // A router that refuses says nothing: it closes.
        const refused = wasUp && !stoodUp ? " at once: does it have the same secret?" : "";
        const reason = `${failure.message}${refused}`;
        // The same again and again is told once.
        if (reason !== heard) logger.warn({ address, reason }, "no link");
        heard = stoodUp ? "" : reason;
      },
    });
  }
}
