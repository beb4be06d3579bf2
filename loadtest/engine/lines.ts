// Figures that are no rows: what our engine spends on itself, and how it bears a busy machine.

import { askObserved, type Contestant, type Say } from "./contest.ts";
import { Driver } from "./driver.ts";
import { decodeTest, prefillTest, requestOf } from "./engine-tests.ts";
import { PREFIX_WORKLOAD, readWorkload, shareableTokens } from "./prefix-workload.ts";
import { rounded } from "../figures.ts";
import { middle } from "./samples.ts";
import type { Lines } from "./targets.ts";

/** The share of every processor that an outside load takes in the test under load. */
const LOAD_SHARE = 0.6;
/** What contention and other people's work may add or take, for the figure still to be about it. */
const LOAD_TOLERANCE = 0.15;
const LOAD_SECONDS_MAX = 600;
const ALLREDUCE_BYTES = 8_000_000;

export interface LineOptions {
  readonly probe: Driver;
  /** Starts one more probe, whose only work will be to disturb. */
  readonly startProbe: () => Promise<Driver>;
  /** Our engine with so many threads, on the model the figures are about. */
  readonly ours: (threads: number) => Contestant;
  readonly threads: number;
  readonly weightsFile: string;
  readonly rounds: number;
  readonly say: Say;
}

export async function linesOf(options: LineOptions): Promise<Lines> {
  const lines: { [name: string]: number } = {};
  for (const [what, measured] of [
    ["what the engine spends on itself", ownLines],
    ["loading", loadLines],
    ["a busy machine", loadedLines],
  ] as const) {
    try {
      Object.assign(lines, await measured(options));
    } catch (error) {
      options.say(`${what}: ${(error as Error).message}`);
    }
  }
  for (const [name, value] of Object.entries(lines)) options.say(`${name} ${value}`);
  return lines;
}

async function ownLines({ ours, threads, say }: LineOptions): Promise<Lines> {
  const driver = await Driver.start(await ours(threads).prepare());
  const lines: { [name: string]: number } = {};
  const ask = async (request: { test: string; [name: string]: unknown }): Promise<Numbers> => {
    const { answer } = await askObserved(driver, request);
    if (answer.error !== null) say(`${request.test}: ${answer.error}`);
    return { ...answer.numbers, failed: answer.error === null ? 0 : 1 };
  };
  try {
    const prefix = await ask({ test: "prefix", file: PREFIX_WORKLOAD });
    const shareable = shareableTokens(readWorkload(PREFIX_WORKLOAD));
    set(lines, "prefixHits", prefix, (it) => (it["hitTokens"] ?? Number.NaN) / shareable);
    const allocator = await ask({ test: "allocator", batch: 32, context: 16, steps: 64 });
    set(
      ...([lines, "allocatorShare", allocator] as const),
      (it) => (it["allocatorSeconds"] ?? Number.NaN) / (it["stepSecondsTotal"] ?? Number.NaN),
    );
    const fp8 = await ask({ test: "fp8", tokens: 512 });
    set(lines, "fp8TokenMs", fp8, (it) => (it["tokenSeconds"] ?? Number.NaN) * 1000);
    set(lines, "fp8PromptMs", fp8, (it) => (it["stepSeconds"] ?? Number.NaN) * 1000);
    const reduce = await ask({ test: "allreduce", bytes: ALLREDUCE_BYTES, ranks: 4, steps: 20 });
    set(lines, "allReduceMs", reduce, (it) => (it["stepSeconds"] ?? Number.NaN) * 1000);
  } finally {
    await driver.stop();
  }
  return lines;
}

type Numbers = { readonly [name: string]: number };

/** A figure that could not be had is left out: a target then says that it was not shown. */
function set(
  lines: { [name: string]: number },
  name: string,
  numbers: Numbers,
  figure: (numbers: Numbers) => number,
): void {
  const value = numbers["failed"] === 1 ? Number.NaN : figure(numbers);
  if (Number.isFinite(value)) lines[name] = rounded(value, 4);
}

/** Loading beside a plain read of the weights' bytes, in turns, both from a warm page cache. */
async function loadLines({
  probe,
  ours,
  threads,
  weightsFile,
  rounds,
}: LineOptions): Promise<Lines> {
  const loads: number[] = [];
  const weights: number[] = [];
  const reads: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const { answer } = await askObserved(probe, { test: "file", file: weightsFile, threads });
    reads.push(answer.stepSeconds);
    const driver = await Driver.start(await ours(threads).prepare());
    loads.push(driver.ready.loadSeconds ?? Number.NaN);
    weights.push(driver.ready.weightsSeconds ?? Number.NaN);
    await driver.stop();
  }
  const [load, read] = [middle(loads), middle(reads)];
  if (!Number.isFinite(load / read)) return {};
  return {
    loadSeconds: rounded(load, 3),
    readSeconds: rounded(read, 3),
    loadToRead: rounded(load / read, 2),
    ...(Number.isFinite(middle(weights))
      ? { weightsToRead: rounded(middle(weights) / read, 2) }
      : {}),
  };
}

/**
 * One and two threads in turns while others want the processors: the least that two gain over one.
 * Where the outside load is not what it was to be, that is said and no figure.
 */
async function loadedLines({ startProbe, ours, rounds, say }: LineOptions): Promise<Lines> {
  const one = await Driver.start(await ours(1).prepare());
  const two = await Driver.start(await ours(2).prepare());
  const load = await startProbe();
  const ended = load
    .ask({ test: "load", share: LOAD_SHARE, seconds: LOAD_SECONDS_MAX }, LOAD_SECONDS_MAX * 1000)
    .catch(() => null); // Ended by us, below.
  const gains: number[] = [];
  const outside: number[] = [];
  try {
    for (const test of [decodeTest(1), decodeTest(8), prefillTest(256)]) {
      const seconds: [number[], number[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        for (const [index, driver] of [one, two].entries()) {
          const { answer, outside: share } = await askObserved(driver, requestOf(test));
          seconds[index]?.push(answer.stepSeconds);
          outside.push(share);
        }
      }
      gains.push(middle(seconds[0]) / middle(seconds[1]));
    }
  } finally {
    load.kill();
    await ended;
    for (const driver of [one, two]) await driver.stop();
  }
  const loadedOutside = rounded(middle(outside), 3);
  const least = rounded(Math.min(...gains), 3);
  if (Math.abs(loadedOutside - LOAD_SHARE) <= LOAD_TOLERANCE) {
    return { loadedTwoToOne: least, loadedOutside };
  }
  say(`two threads to one ${least}, but under ${loadedOutside} outside load, not ${LOAD_SHARE}`);
  return { loadedOutside };
}
