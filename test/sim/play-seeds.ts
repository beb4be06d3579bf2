// Many worlds, on several processes: each takes the next handful of seeds when it is done.

import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { availableParallelism } from "node:os";
import { FAULT_KINDS, noFaults } from "./faults.ts";
import type { FaultCounts, FaultKind } from "./faults.ts";
import type { Mutant } from "./mutants.ts";
import type { WorldResult } from "./world.ts";

/** From this many seeds on every kind of fault must have struck. */
export const FULL_COVERAGE_SEEDS = 200;
/** Seeds handed out at once. */
const SEEDS_PER_TURN = 20;

export interface PlayOptions {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly mutant: Mutant | null;
}

export interface Played {
  readonly seeds: number;
  readonly faultsHit: FaultCounts;
  /** Of the lowest seed that failed. */
  readonly failure: WorldResult | null;
}

export interface Turn {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly mutant: Mutant | null;
}

export interface TurnResult {
  readonly seeds: number;
  readonly faultsHit: FaultCounts;
  readonly failure: WorldResult | null;
}

export async function playSeeds({ firstSeed, seeds, mutant }: PlayOptions): Promise<Played> {
  const faultsHit = noFaults();
  let failure: WorldResult | null = null;
  let next = firstSeed;
  let played = 0;
  const turn = (): Turn | null => {
    if (next >= firstSeed + seeds || failure !== null) return null;
    const count = Math.min(SEEDS_PER_TURN, firstSeed + seeds - next);
    next += count;
    return { firstSeed: next - count, seeds: count, mutant };
  };
  const take = (result: TurnResult): void => {
    played += result.seeds;
    for (const kind of Object.keys(faultsHit) as FaultKind[])
      faultsHit[kind] += result.faultsHit[kind];
    if (result.failure !== null && (failure === null || result.failure.seed < failure.seed))
      failure = result.failure;
  };
  const workers = Math.min(availableParallelism(), Math.ceil(seeds / SEEDS_PER_TURN));
  await Promise.all(Array.from({ length: workers }, () => work(turn, take)));
  return { seeds: played, faultsHit, failure };
}

export function missedFaults(faultsHit: FaultCounts): string[] {
  return (Object.keys(FAULT_KINDS) as FaultKind[]).filter((kind) => faultsHit[kind] === 0);
}

/** One worker process until nothing is left. */
function work(turn: () => Turn | null, take: (result: TurnResult) => void): Promise<void> {
  const child: ChildProcess = fork(new URL("sim-worker.ts", import.meta.url), { stdio: "inherit" });
  return new Promise((resolve, reject) => {
    const go = (): void => {
      const next = turn();
      if (next === null) child.disconnect();
      else child.send(next);
    };
    child.on("message", (result) => {
      take(result as TurnResult);
      go();
    });
    child.on("error", reject);
    child.on("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(`a worker of the simulation ended with ${code}`));
    });
    go();
  });
}
