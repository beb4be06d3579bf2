// The thread that tells routers how the worker is getting on, whatever keeps the main one busy.
// Started by progress-sender.ts. Told `now` to send at once, `close` to end, by the index of a
// router to dial that one anew, and what was read of the GPUs.

import { parentPort, workerData } from "node:worker_threads";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import type { GpuReport } from "./core/gpu-health.ts";
import { ProgressBoard } from "./progress-board.ts";
import { ProgressLinks, type ProgressOptions } from "./progress-link.ts";

export interface ThreadOptions extends ProgressOptions {
  readonly memory: SharedArrayBuffer;
}

export type ThreadMessage = "now" | "close" | number | GpuReport;

const { memory, ...options } = workerData as ThreadOptions;
const board = new ProgressBoard(options.routers.length, memory);
const world = { clock: systemClock, timers: systemTimers, random: systemRandom };
const links = new ProgressLinks(options, board, world);

parentPort?.on("message", (message: ThreadMessage) => {
  if (typeof message === "number") return links.cut(message);
  if (typeof message === "object") return links.setGpus(message);
  if (message === "now") return links.sendAll();
  void links.close().finally(() => parentPort?.close());
});
