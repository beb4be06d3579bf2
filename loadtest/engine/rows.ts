// The table: one row per model, test, threads and variant of our engine, with its share of the roof
// and its ratio to everybody who was asked in the same turns.

import {
  roofSeconds,
  testName,
  tokensPerStep,
  workOf,
  type EngineTest,
  type Roofs,
} from "./engine-tests.ts";
import { rounded } from "../figures.ts";
import { stepWeightBytesOf, type ModelShape } from "./model-shapes.ts";
import { counted, meanOutside, middle, OUTSIDE_MAX, summaryOf, type Sample } from "./samples.ts";

export interface Row {
  readonly model: string;
  readonly test: string;
  readonly threads: number;
  /** What of ours was measured: "bf16", "fp8 weights", "fp8 cache", "avx512". */
  readonly variant: string;
  readonly isa: string;
  readonly numerics: string;
  /** Tokens per second; null when ours could not be asked. */
  readonly ours: number | null;
  readonly stepMs: number | null;
  readonly ofRoof: number | null;
  /** Our tokens per second to theirs. */
  readonly peers: { readonly [name: string]: number };
  /** Their tokens per second. */
  readonly peerRates: { readonly [name: string]: number };
  /** Share of all processors that others used, of the figure in this row where it was most. */
  readonly outside: number;
  /** Figures with more than OUTSIDE_MAX: "ours", "roof", names of peers. */
  readonly disturbed: readonly string[];
}

/** Who took part in the turns, and what each answered. */
export interface Entrant {
  readonly name: string;
  /** Ours: the variant and the bytes per cached element; null for a peer. */
  readonly ours: { readonly variant: string; readonly cacheBytes: number } | null;
  readonly isa: string;
  readonly numerics: string;
  readonly weightBytes: number | null;
  readonly samples: readonly Sample[];
}

/** What the probe measured in one turn. */
export interface RoofSample {
  readonly gbPerSecond: number;
  /** By kind of arithmetic: one for each path that ours took, the first's first. */
  readonly gflops: { readonly [kind: string]: number };
  readonly outside: number;
}

export interface Turns {
  readonly shape: ModelShape;
  readonly threads: number;
  readonly test: EngineTest;
  readonly entrants: readonly Entrant[];
  readonly roofs: readonly RoofSample[];
}

/** One row for every variant of ours that answered; when none did, one with the peers that did. */
export function rowsOf(turns: Turns): Row[] {
  const answered = turns.entrants.filter(({ samples }) => samples.length > 0);
  const subjects = answered.filter((entrant) => entrant.ours !== null);
  if (subjects.length === 0) return answered.length === 0 ? [] : [rowOf(turns, null)];
  return subjects.map((subject) => rowOf(turns, subject));
}

function rowOf(turns: Turns, subject: Entrant | null): Row {
  const { shape, test } = turns;
  const summary = subject === null ? null : summaryOf(subject.samples);
  const perStep = tokensPerStep(test);
  const peers: { [name: string]: number } = {};
  const peerRates: { [name: string]: number } = {};
  const outside = new Map(summary === null ? [] : [["ours", summary.outside]]);
  for (const peer of turns.entrants) {
    const theirs = peer === subject ? null : summaryOf(peer.samples);
    if (theirs === null) continue;
    peerRates[peer.name] = rounded(perStep / theirs.stepSeconds, 1);
    outside.set(peer.name, theirs.outside);
    if (summary !== null) peers[peer.name] = rounded(theirs.stepSeconds / summary.stepSeconds, 3);
  }
  if (summary !== null && turns.roofs.length > 0) {
    outside.set("roof", meanOutside(counted(turns.roofs)));
  }
  return {
    ...{ model: shape.name, test: testName(test), threads: turns.threads },
    variant: subject?.ours?.variant ?? "none",
    isa: subject?.isa ?? "none",
    numerics: subject?.numerics ?? "none",
    ours: summary === null ? null : rounded(perStep / summary.stepSeconds, 1),
    stepMs: summary === null ? null : rounded(summary.stepSeconds * 1000, 3),
    ofRoof: summary === null ? null : ofRoof(turns, subject, summary.stepSeconds),
    ...{ peers, peerRates },
    outside: rounded(Math.max(0, ...outside.values()), 3),
    disturbed: [...outside].filter(([, share]) => share > OUTSIDE_MAX).map(([name]) => name),
  };
}

function ofRoof(turns: Turns, subject: Entrant | null, stepSeconds: number): number | null {
  if (turns.roofs.length === 0) return null;
  const roofs = middleRoofs(turns.roofs, subject?.isa ?? "");
  // What a driver says it reads can only lower the bar: nobody has to read more than bf16.
  const bf16 = stepWeightBytesOf(turns.shape);
  const weightBytes = Math.min(subject?.weightBytes ?? bf16, bf16);
  const work = workOf(turns.test, turns.shape, weightBytes, subject?.ours?.cacheBytes ?? 2);
  return rounded(roofSeconds(work, roofs) / stepSeconds, 3);
}

/**
 * The roofs of a run: medians of the samples that count, with the arithmetic of `kind`; where that
 * was not probed, of the first kind that was.
 */
export function middleRoofs(samples: readonly RoofSample[], kind: string): Roofs {
  const these = counted(samples);
  const gflopsOf = ({ gflops }: RoofSample): number =>
    gflops[kind] ?? Object.values(gflops)[0] ?? Number.NaN;
  return {
    gbPerSecond: middle(these.map((roof) => roof.gbPerSecond)),
    gflops: middle(these.map(gflopsOf)),
  };
}
