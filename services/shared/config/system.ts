// The process's own time and chance behind base's ports: what a main.ts hands to everything it
// builds. Nothing below a main.ts takes them from the runtime by itself.

import { randomInt } from "node:crypto";

import type { Clock, Timers } from "#shared/base/clock.ts";
import type { Random } from "#shared/base/prng.ts";

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** Timers do not keep the process alive. */
export const systemTimers: Timers = {
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Uniform in [0, 1) from the system's generator. */
export const systemRandom: Random = {
  next: () => randomInt(2 ** 47) / 2 ** 47,
};
