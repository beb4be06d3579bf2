// Reads the GPUs that the engine computes on every READ_MS, and says what became of them. It waits
// for a driver that stands still as little as anybody: the reading goes on in a thread of the
// addon's, and the event loop turns.

import {
  namedDevices,
  readDevices,
  visibleDevices,
  type Device,
  type DevicesReading,
} from "#native/index.ts";
import type { Timers } from "#shared/base/clock.ts";
import type { WorkerConfig } from "#shared/config/load-config.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import {
  createGpuCore,
  onReading,
  sicknessOf,
  type GpuCore,
  type GpuReport,
} from "./core/gpu-health.ts";
import { sharedNowMs } from "./progress-board.ts";

export interface GpuWatchOptions {
  readonly choice: WorkerConfig["gpus"];
  readonly env: NodeJS.ProcessEnv;
  readonly timers: Timers;
  readonly logger: Logger;
  /** How a reading is had within so many milliseconds; tests put their own in. */
  readonly read?: (waitMs: number, signal: AbortSignal) => Promise<DevicesReading>;
}

/** Told of each reading; `sickened`: the worker has just become sick. */
export type OnGpuReport = (report: GpuReport, sickened: boolean) => void;

/** An Xid is seen within this; a reading costs the driver some milliseconds. */
const READ_MS = 5_000;

/**
 * Which GPUs the worker's engine computes on: with "auto" those that are left to our own engine on
 * a device, or to a server on this machine. CUDA's numbers are not the driver's: which of several
 * is `cuda:0` cannot be told here.
 */
export function watchedGpus(config: WorkerConfig): WorkerConfig["gpus"] {
  const { gpus, server, engineOptions } = config;
  if (gpus !== "auto") return gpus;
  if (server === null) return engineOptions.device?.startsWith("cuda") === true ? "auto" : "none";
  const host = server.url === null ? "" : (URL.parse(server.url)?.hostname ?? "");
  const isHere = server.command !== null || /^(?:localhost|127\..*|\[::1\])$/u.test(host);
  return isHere ? "auto" : "none";
}

export class GpuWatch {
  readonly #options: GpuWatchOptions;
  readonly #core: GpuCore = createGpuCore();
  #onReport: OnGpuReport = () => {};
  #cancel: () => void = () => {};
  readonly #closing = new AbortController();
  #said = "";

  constructor(options: GpuWatchOptions) {
    this.#options = options;
  }

  /** Null before the first reading, and where the worker has no GPUs. */
  get report(): GpuReport | null {
    return this.#core.report;
  }

  /** Why the worker should get no new requests. */
  get sickness(): string | null {
    return sicknessOf(this.#core);
  }

  /** The first reading; settled within `waitMs`, whatever the driver does. */
  async first(waitMs: number): Promise<void> {
    if (this.#options.choice !== "none") await this.#read(waitMs);
  }

  /** Goes on reading; what is known already is told at once. */
  watch(onReport: OnGpuReport): void {
    if (this.#options.choice === "none") return;
    this.#onReport = onReport;
    if (this.report !== null) onReport(this.report, false);
    this.#plan();
  }

  close(): void {
    this.#closing.abort();
    this.#cancel();
  }

  #plan(): void {
    if (this.#closing.signal.aborted) return;
    this.#cancel = this.#options.timers.after(READ_MS, () => {
      void this.#read(READ_MS).then(() => this.#plan());
    });
  }

  async #read(waitMs: number): Promise<void> {
    const { signal } = this.#closing;
    const reading = await (this.#options.read ?? readDevices)(waitMs, signal);
    if (signal.aborted) return;
    const problem = reading.missing ?? this.#problemOf(reading);
    this.#sayOnce(problem);
    if (reading.missing !== null) return;
    const wasSick = this.sickness !== null;
    const own = this.#own(reading.devices);
    for (const { kind, ...facts } of onReading(this.#core, own, reading.ageMs, sharedNowMs())) {
      if (kind === "fault") this.#options.logger.error(facts, "a GPU is broken: no new streams");
      else this.#options.logger.warn(facts, "a GPU reported an Xid");
    }
    const { report } = this.#core;
    if (report !== null) this.#onReport(report, !wasSick && this.sickness !== null);
  }

  #own(devices: readonly Device[]): readonly Device[] {
    const { choice, env } = this.#options;
    if (choice === "none") return [];
    return choice === "auto" ? visibleDevices(devices, env) : namedDevices(devices, choice).found;
  }

  #problemOf({ devices }: DevicesReading): string | null {
    const { choice } = this.#options;
    if (typeof choice === "string") return null;
    const { unknown } = namedDevices(devices, choice);
    const there = devices.map(({ index, uuid }) => `${index} (${uuid ?? "no UUID"})`).join(", ");
    if (unknown.length === 0) return null;
    return `worker.gpus names ${unknown.join(", ")}; there are ${there === "" ? "none" : there}`;
  }

  /** The same again and again is told once. */
  #sayOnce(problem: string | null): void {
    if (problem !== null && problem !== this.#said) {
      this.#options.logger.warn({ reason: problem }, "GPUs cannot be watched");
    }
    this.#said = problem ?? "";
  }
}
