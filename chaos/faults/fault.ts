// What every fault is: how it strikes one worker, or what all of them stand on, while streams run,
// and how the fleet is made whole again afterwards.

import type { Random } from "#shared/base/prng.ts";
import type { ChaosFleet, FleetKind } from "../fleet.ts";
import type { Newcomers } from "../newcomers.ts";

export interface Target {
  readonly worker: string;
  readonly pid: number;
  readonly fleet: ChaosFleet;
  readonly random: Random;
}

/** A fault that has struck. */
export interface Blow {
  /** Resolves when it has an effect; left out: it had one when strike() returned. */
  readonly landed?: Promise<void>;
  /**
   * After the streams have ended, `moved` of which went on elsewhere: undoes it. Returns what did
   * not hold beside the streams.
   */
  mend(moved: number): Promise<readonly string[]>;
  /** After mend(): streams sent while it lasted. Left out, or null: none were. */
  newcomers?(): Newcomers | null;
  /** After mend(): workers that it took beside the target. Left out: none. */
  others?(): readonly string[];
  /** After mend(), when what became of everything is written down. Left out: nothing is left over. */
  leave?(): Promise<unknown>;
  /** After mend(): false when it had no effect that anybody could have seen. Left out: it had. */
  wasFelt?(): boolean;
}

export interface Fault {
  readonly name: string;
  /** `idle`: strikes before the streams begin, because those that run would not notice. */
  readonly when: "streaming" | "idle";
  /** Faults of one kind share a fleet. */
  readonly fleet: FleetKind;
  /**
   * What a round counts as hit: streams that had to go on elsewhere, or, where nobody has to,
   * streams that it met. Whoever moves or is given up there, was so wrongly.
   */
  readonly hits: "moved" | "met";
  /** Why it cannot be done on this machine; null: it can. */
  whyNot(): string | null;
  strike(target: Target): Blow;
}

export const possible = (): null => null;
export const nothingWrong = (): Promise<readonly string[]> => Promise.resolve([]);

/** A worker in the place of one that has ended or is about to. */
export async function replace(
  { worker, fleet }: Target,
  signal: NodeJS.Signals | null = null,
): Promise<readonly string[]> {
  if (signal !== null) fleet.serving.signal(worker, signal);
  fleet.serving.forget(worker);
  await fleet.serving.addWorker();
  return [];
}
