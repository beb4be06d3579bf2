// The main thread's end of the heartbeats: samples figures every BEAT_MS into shared memory, from
// which the progress thread sends them.
//
//   H1. A beat is written after the figures were sampled on the event loop that serves requests: a
//       loop that does not turn stops it, and its age is what routers are told.
//   H2. `seen` of a router never goes back while its connection stands, and begins anew with it.

import { Worker } from "node:worker_threads";
import type { Figures } from "./core/figures.ts";
import type { GpuReport } from "./core/gpu-health.ts";
import { mainThreadTimes } from "./main-thread.ts";
import { ProgressBoard, sharedNowMs } from "./progress-board.ts";
import type { ProgressOptions } from "./progress-link.ts";
import type { ThreadMessage, ThreadOptions } from "./progress-thread.ts";

/** A fifth of a router's interval, so that what it hears is nearly as fresh as can be. */
export const BEAT_MS = 50;
const CLOSE_MS = 2_000;
const EXTENSION = import.meta.filename.endsWith(".ts") ? "ts" : "js";
const THREAD = new URL(`./progress-thread.${EXTENSION}`, import.meta.url);

export class ProgressSender {
  readonly #board: ProgressBoard;
  readonly #seen: number[];
  readonly #sample: () => Figures;
  readonly #thread: Worker;
  readonly #beat: NodeJS.Timeout;
  readonly #exited: Promise<void>;
  #lagMs = 0;
  #beatMs = sharedNowMs();

  /** `onFault` is told when the thread ends by itself, which is a bug. */
  constructor(options: ProgressOptions, sample: () => Figures, onFault: (reason: Error) => void) {
    const routers = options.routers.length;
    this.#board = new ProgressBoard(routers);
    this.#seen = Array.from({ length: routers }, () => 0);
    this.#sample = sample;
    this.#write();
    const workerData: ThreadOptions = { ...options, memory: this.#board.memory };
    this.#thread = new Worker(THREAD, { workerData });
    this.#thread.on("error", onFault);
    this.#exited = new Promise((resolve) => this.#thread.once("exit", () => resolve()));
    this.#beat = setInterval(() => this.#write(), BEAT_MS);
  }

  /** The router may take this dispatch of its own as included in the figures. */
  onDispatch(router: number, dispatch: number): void {
    this.#seen[router] = Math.max(this.#seen[router] ?? 0, dispatch);
  }

  /** It counts from 1 again over a new connection. */
  onServeLinkDown(router: number): void {
    this.#seen[router] = 0;
    this.#write();
    this.#post(router);
  }

  /** How late the event loop came to the last beat. */
  get loopLagMs(): number {
    return this.#lagMs;
  }

  get linksUp(): number {
    return this.#board.linksUp;
  }

  /** Goes with the messages that have GPUs in them. */
  setGpus(report: GpuReport): void {
    this.#post(report);
  }

  /** Samples and has the thread send it: a change of state does not wait for the next beat. */
  tellNow(): void {
    this.#write();
    this.#post("now");
  }

  /** After a last message to every router. */
  async close(): Promise<void> {
    clearInterval(this.#beat);
    this.#write();
    this.#post("close");
    const late = setTimeout(() => void this.#thread.terminate(), CLOSE_MS);
    await this.#exited;
    clearTimeout(late);
  }

  #write(): void {
    const figures = this.#sample();
    const nowMs = sharedNowMs();
    this.#lagMs = Math.max(0, nowMs - this.#beatMs - BEAT_MS);
    this.#beatMs = nowMs;
    const thread = mainThreadTimes();
    this.#board.write({ figures, seen: this.#seen, beatMs: nowMs, thread });
  }

  #post(message: ThreadMessage): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window, no origins
    this.#thread.postMessage(message);
  }
}
