// How long one decision takes, with everything that it looks at: full reports, streams in flight,
// prompts with prefixes, sessions. Percentiles are of rounds, and of those the median is told: on a
// shared machine a few decisions of some round contain other programs' time slices.

import { seededRandom, randomInt } from "#shared/base/prng.ts";
import {
  FLEET_DEFAULTS,
  newFleet,
  onDispatched,
  onEnded,
} from "../../services/router/core/fleet.ts";
import { onFirstTokens, onProgress, onWorkerUp, pick } from "../../services/router/core/fleet.ts";
import type { Policy, Wish } from "../../services/router/core/fleet.ts";
import { prefixHashes } from "../../services/router/core/prefix-hash.ts";
import { median, percentile, rounded } from "../figures.ts";

export interface PickTime {
  readonly pickP50Us: number;
  readonly pickP99Us: number;
  readonly dispatchP50Us: number;
  readonly dispatchP99Us: number;
}

interface Round {
  readonly pickUs: number[];
  readonly dispatchUs: number[];
}

const ROUNDS = 10;
const PREFIXES = 64;
const PREFIX_TOKENS = 2_048;
const IN_FLIGHT_EACH = 8;

export function pickTime(workers: number, policy: Policy, picks: number): PickTime {
  const random = seededRandom(workers);
  const fleet = newFleet({ ...FLEET_DEFAULTS, policy }, 1, 0);
  const spec = { model: "m", classId: "c", sequencesMax: 64, blocks: 4_096, blockTokens: 32 };
  for (let i = 0; i < workers; i++) {
    const traits = { resume: true, masks: true, isCrossable: false };
    onWorkerUp(fleet, { ...spec, ...traits, key: `w${i}` }, 0);
  }
  const prefixes = Array.from({ length: PREFIXES }, () =>
    prefixHashes(
      Uint32Array.from({ length: PREFIX_TOKENS }, () => randomInt(random, 128_000)),
      "",
    ),
  );
  const wishes = prefixes.map((prefix, i): Wish => ({
    ...{ model: "m", promptTokens: PREFIX_TOKENS + 100, outputTokensExpected: 64, prefix },
    ...{ session: i % 4 === 0 ? `s${i}` : null, classId: null, exclude: new Set() },
    ...{ needs: { resume: true, masks: false }, priority: "normal" },
  }));
  const rounds: Round[] = [];
  for (let i = 0; i < picks; i++) {
    if (i % (picks / ROUNDS) === 0) rounds.push({ pickUs: [], dispatchUs: [] });
    const nowMs = i / 4;
    if (i % 1_000 === 0) reportAll(i / 1_000 + 1, nowMs);
    const wish = wishes[randomInt(random, wishes.length)];
    if (wish === undefined) throw new RangeError("no wishes");
    const startMs = performance.now();
    const choice = pick(fleet, wish, nowMs);
    const pickedMs = performance.now();
    if (choice.kind === "refused") throw new Error(choice.reason);
    onDispatched(fleet, choice.key, `r${i}`, wish, nowMs);
    const sentMs = performance.now();
    onFirstTokens(fleet, `r${i}`, { count: 1, cachedTokens: 0 }, nowMs + 20);
    onEnded(fleet, `r${i - workers * IN_FLIGHT_EACH}`, "ok", nowMs);
    rounds.at(-1)?.pickUs.push((pickedMs - startMs) * 1000);
    rounds.at(-1)?.dispatchUs.push((sentMs - pickedMs) * 1000);
  }
  rounds.shift(); // The first is compiled while it runs.
  const told = (of: (round: Round) => number[], p: number): number =>
    rounded(median(rounds.map((round) => percentile(of(round), p))), 1);
  const pickUs = (round: Round): number[] => round.pickUs;
  const dispatchUs = (round: Round): number[] => round.dispatchUs;
  return {
    ...{ pickP50Us: told(pickUs, 50), pickP99Us: told(pickUs, 99) },
    ...{ dispatchP50Us: told(dispatchUs, 50), dispatchP99Us: told(dispatchUs, 99) },
  };

  function reportAll(sequence: number, nowMs: number): void {
    for (const worker of fleet.workers.values()) {
      const progress = {
        ...{ sequence, seen: worker.dispatched, engineStep: sequence, tokensOut: 0 },
        ...{ lastStepMs: 20, running: IN_FLIGHT_EACH, waiting: randomInt(random, 3) },
        ...{ promptTokensLeft: randomInt(random, 4_000), promptTokens: 500 * sequence },
        ...{ blocksFree: 2_000, blocks: 4_096 },
        ...{ state: "ready" as const, walltimeLeftMs: 3_600_000, loopLagMs: 1 },
        ...{ beat: sequence, seenOf: new Map<string, number>() },
      };
      onProgress(fleet, worker.key, progress, nowMs);
    }
  }
}
