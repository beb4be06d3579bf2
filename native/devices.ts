// The GPUs of this machine, read by a thread of the addon's: a driver that stands still costs
// whoever asks no more than a wait that ends.

import { setTimeout as sleep } from "node:timers/promises";

import { findAddon, type AddonDevices, type Device } from "./binding.ts";

export interface DevicesReading {
  /** How old it is; a driver that stands still gives no newer one. */
  readonly ageMs: number;
  /** Why there is nothing to read, as a sentence; null: there is. */
  readonly missing: string | null;
  readonly driver: string | null;
  /** By NVML's index. */
  readonly devices: readonly Device[];
}

/** A driver that has to be woken takes a second or two. */
const WAIT_MS = 10_000;
/** A reading takes some milliseconds; one that hangs is looked for less and less often. */
const POLL_MS = 5;
const POLL_MS_MAX = 250;

/**
 * A new reading, or after `waitMs`, or when `signal` is aborted, the last one there was: `missing`
 * says so where there was none, as it says that there is no driver or no addon.
 */
export async function readDevices(
  waitMs: number = WAIT_MS,
  signal?: AbortSignal,
): Promise<DevicesReading> {
  const found = findAddon();
  if (found.addon === null) {
    return nothing(`the engine reads GPUs, and there is none: ${found.why}; ${found.wayOut}`);
  }
  const { addon } = found;
  let wanted: number;
  try {
    wanted = addon.readDevices();
  } catch (reason) {
    // No thread is left for it.
    return nothing(`GPUs cannot be read: ${reason instanceof Error ? reason.message : "why?"}`);
  }
  const endMs = performance.now() + waitMs;
  let latest = addon.devices();
  for (let pollMs = POLL_MS; (latest?.number ?? 0) < wanted; pollMs = pollMs * 1.5) {
    const leftMs = endMs - performance.now();
    if (leftMs <= 0 || signal?.aborted === true) break;
    const ms = Math.min(pollMs, leftMs, POLL_MS_MAX);
    await sleep(ms, undefined, { signal }).catch(() => {}); // Aborted.
    latest = addon.devices();
  }
  if (latest === null) return nothing(`the NVIDIA driver has not answered for ${waitMs / 1000} s`);
  const { number: _, ...reading }: AddonDevices = latest;
  return reading;
}

function nothing(missing: string): DevicesReading {
  return { ageMs: 0, missing, driver: null, devices: [] };
}
