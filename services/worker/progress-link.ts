// What runs in the progress thread: a progress link to every router, and figures on each of them
// every PROGRESS_MS, whatever the event loop of the main thread is doing. Where there is NATS every
// second of them goes there too, for routers whose link is lost.
//
//   T1. Sequence numbers begin at 1 on every connection and have no gaps.
//   T2. A router that does not read is skipped, not waited for: what is unsent is bounded.
//   T3. One number (`beat`), one reading, over all ways; NATS is never waited for.

import { signalbox } from "#proto/signalbox.js";
import type { Socket } from "node:net";
import { inferenceSubject, NatsBus } from "#shared/mesh/nats-bus.ts";
import type { NatsOptions } from "#shared/mesh/nats-connection.ts";
import { encodeFrame } from "#shared/mesh/worker-link-frames.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import { STATE_NUMBERS } from "./core/figures.ts";
import type { GpuReport } from "./core/gpu-health.ts";
import { stallMs } from "./core/loop-stall.ts";
import { encodeGpus, encodeProgress } from "./encode-response.ts";
import { KeptLink, type LinkWorld } from "./kept-link.ts";
import { mainThreadNow } from "./main-thread.ts";
import { sharedNowMs, type BoardReading, type ProgressBoard } from "./progress-board.ts";

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
  readonly model: string;
  /** Of package and engine, as its numerics class has it. */
  readonly build: string;
  /** Null: there is no NATS. */
  readonly nats: NatsOptions | null;
}

export const PROGRESS_MS = 250;
/** Some hundred messages: a router that is minutes behind. */
const UNSENT_BYTES_MAX = 64 * 1024;
/** Over NATS every so many beats: below what makes figures old (three beats). */
const NATS_BEATS = 2;
/** GPUs are in every so many messages (5 s): they are read no more often. */
const GPU_BEATS = 20;
/** Told of, to all of them. */
const ROUTERS_MAX = 64;
const { Progress, WorkerReport } = signalbox.inference.v1;

interface Sending {
  readonly router: string;
  readonly socket: Socket;
  sequence: number;
}

export class ProgressLinks {
  readonly #options: ProgressOptions;
  readonly #board: ProgressBoard;
  readonly #world: LinkWorld;
  readonly #links: readonly KeptLink[];
  readonly #sending = new Map<number, Sending>();
  readonly #timer: NodeJS.Timeout;
  readonly #bus: NatsBus | null;
  #beat = 0;
  #state = 0;
  #gpus: GpuReport | null = null;

  constructor(options: ProgressOptions, board: ProgressBoard, world: LinkWorld) {
    this.#options = options;
    this.#board = board;
    this.#world = world;
    this.#links = options.routers.map((router, index) => this.#keep(router, index));
    this.#timer = setInterval(() => this.sendAll(), PROGRESS_MS);
    this.#bus = options.nats === null ? null : new NatsBus(options.nats, world.random);
  }

  sendAll(): void {
    this.#beat += 1;
    for (const router of this.#sending.keys()) this.#send(router);
    this.#publish();
  }

  /** What is said of the GPUs from now on; its times are of the clock that all threads share. */
  setGpus(report: GpuReport): void {
    this.#gpus = report;
  }

  /** Dials this router anew: its other link is gone, and TCP may not notice for many minutes. */
  cut(router: number): void {
    this.#links[router]?.cut();
  }

  /** After a last message on every link. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    this.sendAll();
    const ended = [...this.#sending.values()].map(({ socket }) => flushed(socket));
    await Promise.all([...ended, this.#bus?.close()]);
    await Promise.all(this.#links.map((it) => it.close()));
  }

  #keep({ address, link }: RouterAddress, index: number): KeptLink {
    const options = { ...this.#options.identity, address, link, role: "progress" } as const;
    return new KeptLink(options, this.#world, {
      onUp: ({ router, socket }) => {
        this.#sending.set(index, { router, socket, sequence: 0 });
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
    const own = { sequence: sending.sequence, seen: reading.seen[router] ?? 0 };
    const progress = this.#progress(reading, own);
    sending.socket.write(encodeFrame(Progress.encode(progress).finish()));
  }

  /** A change of state at once. */
  #publish(): void {
    const reading = this.#board.read();
    if (this.#bus === null || reading === null) return;
    const { state } = reading.figures;
    if (this.#beat % NATS_BEATS !== 0 && state === this.#state) return;
    this.#state = state;
    const { identity, model, build } = this.#options;
    const progress = this.#progress(reading, { sequence: 0, seen: 0 });
    const report = { worker: `${identity.worker}/${identity.epoch}`, build, progress };
    this.#bus.publish(inferenceSubject("progress", model), WorkerReport.encode(report).finish());
  }

  #progress(
    { figures, seen, beatMs, thread }: BoardReading,
    own: { readonly sequence: number; readonly seen: number },
  ): signalbox.inference.v1.IProgress {
    const { endsAtMs } = this.#options;
    const isSick = figures.state === STATE_NUMBERS.sick;
    const withGpus = isSick || own.sequence === 1 || this.#beat % GPU_BEATS === 0;
    const linked = [...this.#sending].slice(0, ROUTERS_MAX);
    return encodeProgress(figures, {
      ...own,
      loopLagMs: stallMs(sharedNowMs() - beatMs, thread, mainThreadNow()),
      walltimeLeftS:
        endsAtMs === null ? null : Math.max(0, (endsAtMs - this.#world.clock.nowMs()) / 1000),
      beat: this.#beat,
      routers: linked.map(([index, { router }]) => ({ router, seen: seen[index] ?? 0 })),
      gpus: withGpus ? encodeGpus(this.#gpus, sharedNowMs()) : [],
    });
  }
}

/** What was written has gone to the system, or never will. */
function flushed(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.once("close", () => resolve());
    socket.end(() => resolve());
  });
}
