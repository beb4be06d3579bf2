// Everybody on one model in turns: for every test, round by round, the probe and each contestant,
// one after the other, so that what the machine does meanwhile meets all of them alike.

import { Driver, type DriverAnswer, type DriverCommand } from "./driver.ts";
import { requestOf, testName, type EngineTest } from "./engine-tests.ts";
import type { ModelShape } from "./model-shapes.ts";
import { outsideShare, processorTimes } from "./outside-load.ts";
import { rowsOf, type Entrant, type RoofSample, type Row } from "./rows.ts";
import type { Sample } from "./samples.ts";

export interface Contestant {
  readonly name: string;
  readonly ours: { readonly variant: string; readonly cacheBytes: number } | null;
  /** Makes what it needs, once, and says how to start it. */
  readonly prepare: () => Promise<DriverCommand>;
  /** Tests it is not asked: too slow to be worth anybody's wait, and no target needs it. */
  readonly skip: readonly string[];
}

export interface Contest {
  readonly shape: ModelShape;
  readonly threads: number;
  readonly contestants: readonly Contestant[];
  readonly tests: readonly EngineTest[];
  readonly rounds: number;
}

export interface ContestOutcome {
  readonly rows: readonly Row[];
  /** What the probe measured in each turn. */
  readonly roofs: readonly RoofSample[];
  /** The kind of arithmetic that the first of ours runs on. */
  readonly arithmetic: string;
}

export type Say = (line: string) => void;

const ASK_MS_MAX = 600_000;

/** `probe` stands already; contestants are started here and stopped at the end. */
export async function runContest(
  contest: Contest,
  probe: Driver,
  say: Say,
): Promise<ContestOutcome> {
  const { shape, threads, tests, rounds } = contest;
  say(`\n${shape.name}, ${threads} ${threads === 1 ? "thread" : "threads"}`);
  const standing = await startAll(contest.contestants, say);
  const kinds = arithmeticFor(standing, probe);
  const rows: Row[] = [];
  const roofs: RoofSample[] = [];
  try {
    for (const test of tests) {
      const samples = new Map<string, Sample[]>(standing.map(({ name }) => [name, []]));
      const seen: RoofSample[] = [];
      for (let round = 0; round < rounds; round++) {
        seen.push(await probeRoofs(probe, threads, kinds));
        for (const entrant of standing) {
          if (entrant.failed || entrant.skip.includes(testName(test))) continue;
          const sample = await sampleOf(entrant, test, say);
          if (sample !== null) samples.get(entrant.name)?.push(sample);
        }
      }
      const entrants = standing.map((entrant) => entrantOf(entrant, samples));
      const made = rowsOf({ shape, threads, test, entrants, roofs: seen });
      for (const row of made) say(rowText(row));
      rows.push(...made);
      roofs.push(...seen);
    }
  } finally {
    for (const { driver } of standing) await driver.stop();
  }
  return { rows, roofs, arithmetic: kinds[0] };
}

/** The request's answer, and the share of the machine that others had meanwhile. */
export async function askObserved(
  driver: Driver,
  request: object,
): Promise<{ readonly answer: DriverAnswer; readonly outside: number }> {
  const own = (): number => driver.cpuSeconds() + process.cpuUsage().user / 1e6;
  const before = processorTimes();
  const ownBefore = own();
  const answer = await driver.ask(request, ASK_MS_MAX);
  const outside = outsideShare(before, processorTimes(), own() - ownBefore);
  return { answer, outside };
}

interface Standing {
  readonly name: string;
  readonly ours: Contestant["ours"];
  readonly skip: readonly string[];
  readonly driver: Driver;
  failed: boolean;
}

async function startAll(contestants: readonly Contestant[], say: Say): Promise<Standing[]> {
  const standing: Standing[] = [];
  for (const { name, ours, skip, prepare } of contestants) {
    try {
      const driver = await Driver.start(await prepare());
      standing.push({ name, ours, skip, driver, failed: false });
    } catch (error) {
      say(`${name} takes no part: ${(error as Error).message}`);
    }
  }
  return standing;
}

async function sampleOf(entrant: Standing, test: EngineTest, say: Say): Promise<Sample | null> {
  try {
    const { answer, outside } = await askObserved(entrant.driver, requestOf(test));
    if (answer.error === null) return { stepSeconds: answer.stepSeconds, outside };
    say(`${entrant.name}, ${testName(test)}: ${answer.error}`);
  } catch (error) {
    entrant.failed = true;
    entrant.driver.kill();
    say(`${entrant.name} takes no further part: ${(error as Error).message}`);
  }
  return null;
}

/** The kinds of arithmetic our engine runs on, in order; of none the fastest there is. */
function arithmeticFor(standing: readonly Standing[], probe: Driver): [string, ...string[]] {
  const { kinds } = probe.ready;
  const isas = standing.filter(({ ours }) => ours !== null).map(({ driver }) => driver.ready.isa);
  const [first, ...more] = new Set(isas.filter((isa) => kinds.includes(isa)));
  return [first ?? kinds[0] ?? "scalar", ...more];
}

async function probeRoofs(
  probe: Driver,
  threads: number,
  kinds: readonly string[],
): Promise<RoofSample> {
  const read = await askObserved(probe, { test: "read", threads });
  const gflops: { [kind: string]: number } = {};
  let outside = read.outside;
  for (const kind of kinds) {
    const arithmetic = await askObserved(probe, { test: "arithmetic", threads, kind });
    gflops[kind] = arithmetic.answer.numbers["gflops"] ?? Number.NaN;
    outside = Math.max(outside, arithmetic.outside);
  }
  return { gbPerSecond: read.answer.numbers["gbPerSecond"] ?? Number.NaN, gflops, outside };
}

function entrantOf(entrant: Standing, samples: ReadonlyMap<string, Sample[]>): Entrant {
  const { isa, numerics, weightBytes } = entrant.driver.ready;
  return {
    ...{ name: entrant.name, ours: entrant.ours, isa, weightBytes },
    numerics: numerics ?? "none",
    samples: samples.get(entrant.name) ?? [],
  };
}

function rowText(row: Row): string {
  const ours = row.ours === null ? "" : `ours (${row.variant}) ${row.ours} tok/s`;
  const roof = row.ofRoof === null ? "" : `, ${row.ofRoof} of the roof`;
  const peers = Object.entries(row.peerRates).map(([name, rate]) => {
    const ratio = row.peers[name];
    return `${name} ${rate}${ratio === undefined ? "" : ` (${ratio}×)`}`;
  });
  const noisy = row.disturbed.length === 0 ? "" : ` ! ${row.disturbed.join(", ")}`;
  return (
    `${row.test.padEnd(14)} ${[ours + roof, ...peers].filter((part) => part !== "").join("; ")}` +
    `; others ${(row.outside * 100).toFixed(1)} %${noisy}`
  );
}
