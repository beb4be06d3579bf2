// What runs in the progress thread: a progress link to every router, and figures on each of them
// every PROGRESS_MS, whatever the event loop of the main thread is doing.
//
//   T1. Sequence numbers begin at 1 on every connection and have no gaps.
//   T2. A router that does not read is skipped, not waited for: what is unsent is bounded.

import { signalbox } from "#proto/signalbox.js";
import type { Socket } from "node:net";
import { encodeFrame } from "#shared/mesh/worker-link-frames.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import { encodeProgress } from "./encode-response.ts";
import { KeptLink, type LinkWorld } from "./kept-link.ts";
import { sharedNowMs, type ProgressBoard } from "./progress-board.ts";

export interface RouterAddress {
  readonly address: string;
  /** Of all links to it. */
  readonly link: string;
}

export interface WorkerIdentity {
  readonly worker: string;
  readonly epoch: string;
  readonly secret: string | null;
  readonly tls: TlsFiles;
}

export interface ProgressOptions {
  readonly identity: WorkerIdentity;
  readonly routers: readonly RouterAddress[];
  /** By the wall clock; null: the worker's allocation has no end. */
  readonly endsAtMs: number | null;
}

export const PROGRESS_MS = 250;
/** Some hundred messages: a router that is minutes behind. */
const UNSENT_BYTES_MAX = 64 * 1024;
const { Progress } = signalbox.inference.v1;

interface Sending {
  readonly socket: Socket;
  sequence: number;
}

export class ProgressLinks {
  readonly #options: ProgressOptions;
  readonly #board: ProgressBoard;
  readonly #world: LinkWorld;
  readonly #links: readonly KeptLink[];
  readonly #sending = new Map<number, Sending>();
  readonly #beat: NodeJS.Timeout;

  constructor(options: ProgressOptions, board: ProgressBoard, world: LinkWorld) {
    this.#options = options;
    this.#board = board;
    this.#world = world;
    this.#links = options.routers.map((router, index) => this.#keep(router, index));
    this.#beat = setInterval(() => this.sendAll(), PROGRESS_MS);
  }

  sendAll(): void {
    for (const router of this.#sending.keys()) this.#send(router);
  }

  /** Dials this router anew: its other link is gone, and TCP may not notice for many minutes. */
  cut(router: number): void {
    this.#links[router]?.cut();
  }

  /** After a last message on every link. */
  async close(): Promise<void> {
    clearInterval(this.#beat);
    this.sendAll();
    const ended = [...this.#sending.values()].map(({ socket }) => flushed(socket));
    await Promise.all(ended);
    await Promise.all(this.#links.map((it) => it.close()));
  }

  #keep({ address, link }: RouterAddress, index: number): KeptLink {
    const options = { ...this.#options.identity, address, link, role: "progress" } as const;
    return new KeptLink(options, this.#world, {
      onUp: ({ socket }) => {
        this.#sending.set(index, { socket, sequence: 0 });
        this.#board.setLinkUp(index, true);
        socket.resume(); // A router says nothing here; its end must be heard.
        this.#send(index);
      },
      onDown: () => {
        this.#sending.delete(index);
        this.#board.setLinkUp(index, false);
      },
    });
  }

  #send(router: number): void {
    const sending = this.#sending.get(router);
    const reading = this.#board.read();
    if (sending === undefined || reading === null || !sending.socket.writable) return;
    if (sending.socket.writableLength > UNSENT_BYTES_MAX) return;
    sending.sequence += 1;
    const { endsAtMs } = this.#options;
    const progress = encodeProgress(reading.figures, {
      sequence: sending.sequence,
      seen: reading.seen[router] ?? 0,
      loopLagMs: Math.max(0, sharedNowMs() - reading.beatMs),
      walltimeLeftS:
        endsAtMs === null ? null : Math.max(0, (endsAtMs - this.#world.clock.nowMs()) / 1000),
    });
    sending.socket.write(encodeFrame(Progress.encode(progress).finish()));
  }
}

/** What was written has gone to the system, or never will. */
function flushed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.end(() => resolve());
  });
}
