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

export class RouterLinks {
  readonly #options: RouterLinksOptions;
  readonly #world: LinkWorld;
  readonly #links: readonly KeptLink[];
  readonly #routerOf = new Map<string, number>();

  constructor(options: RouterLinksOptions, world: LinkWorld) {
    this.#options = options;
    this.#world = world;
    this.#links = options.routers.map((router, index) => this.#keep(router, index));
  }

  get up(): number {
    return this.#links.filter((it) => it.up).length;
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
    const options = { ...identity, address, link, role: "serve" } as const;
    return new KeptLink(options, this.#world, {
      onUp: ({ router, socket, rest }) => {
        // As grpc-js names it.
        peer = `${socket.remoteAddress}:${socket.remotePort}`;
        this.#routerOf.set(peer, index);
        heard = "";
        logger.info({ router, address }, "linked");
        if (rest.length > 0) socket.unshift(rest);
        server.inject(socket);
      },
      onDown: (failure) => {
        if (this.#routerOf.delete(peer)) onDown(index);
        // The same again and again is told once.
        if (failure.message !== heard) logger.warn({ address, reason: failure.message }, "no link");
        heard = failure.message;
      },
    });
  }
}
