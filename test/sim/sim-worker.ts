// A worker process of play-seeds.ts: plays the seeds it is sent and answers with the sums.

import { noFaults } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import type { Turn, TurnResult } from "./play-seeds.ts";
import { runWorld } from "./world.ts";

process.on("message", (message) => {
  void play(message as Turn).then((result) => process.send?.(result));
});

async function play({ firstSeed, seeds, mutant }: Turn): Promise<TurnResult> {
  const faultsHit = noFaults();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const result = await runWorld({ seed, mutant, trace: false });
    for (const kind of Object.keys(faultsHit) as FaultKind[])
      faultsHit[kind] += result.faultsHit[kind];
    if (result.violation !== null)
      return { seeds: seed - firstSeed + 1, faultsHit, failure: result };
  }
  return { seeds, faultsHit, failure: null };
}
