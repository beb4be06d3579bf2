// Builders for tests of the fleet: workers, reports and wishes with what a test does not care about
// filled in.

import { checkInvariants } from "./invariants.ts";
import { FLEET_DEFAULTS, newFleet, onDispatched, onProgress, onWorkerUp, pick } from "./fleet.ts";
import type { Fleet, FleetOptions, Progress, Wish, WorkerSpec } from "./fleet.ts";

export const MODEL = "m";
const NOBODY: ReadonlySet<string> = new Set();
const NOTHING: ReadonlyMap<string, number> = new Map();

export function specOf(key: string, over: Partial<WorkerSpec> = {}): WorkerSpec {
  return {
    ...{ key, model: MODEL, classId: "c", sequencesMax: 64, blocks: 4096, blockTokens: 32 },
    ...{ resume: true, masks: true, isCrossable: false, ...over },
  };
}

export function wishOf(over: Partial<Wish> = {}): Wish {
  return {
    ...{ model: MODEL, promptTokens: 512, outputTokensExpected: 64, prefix: [], session: null },
    ...{ classId: null, needs: { resume: false, masks: false }, exclude: NOBODY },
    ...{ priority: "normal", ...over },
  };
}

export function progressOf(sequence: number, over: Partial<Progress> = {}): Progress {
  return {
    ...{ sequence, seen: 0, engineStep: sequence, tokensOut: 0, lastStepMs: 20, running: 0 },
    ...{ waiting: 0, promptTokensLeft: 0, promptTokens: 0, blocksFree: 4096, blocks: 4096 },
    state: "ready",
    ...{ walltimeLeftMs: null, loopLagMs: 0, beat: 0, seenOf: NOTHING, ...over },
  };
}

/** Workers w0, w1, … that have reported once and are past slow start. */
export function fleetOf(count: number, over: Partial<FleetOptions> = {}, seed = 1): Fleet {
  const fleet = newFleet({ ...FLEET_DEFAULTS, slowStartMs: 0, ...over }, seed, 0);
  for (let i = 0; i < count; i++) {
    onWorkerUp(fleet, specOf(`w${i}`), 0);
    onProgress(fleet, `w${i}`, progressOf(1), 0);
  }
  checkInvariants(fleet, 0);
  return fleet;
}

/** The worker that was picked and sent to; throws on a refusal. */
export function send(fleet: Fleet, id: string, wish: Wish, nowMs: number): string {
  const choice = pick(fleet, wish, nowMs);
  if (choice.kind !== "worker") throw new Error(`${id}: ${choice.reason}`);
  onDispatched(fleet, choice.key, id, wish, nowMs);
  checkInvariants(fleet, nowMs);
  return choice.key;
}
