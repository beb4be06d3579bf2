// What the router costs beside plain proxies, in one run on one machine: in front of one worker
// with a simulated engine stand our router, asked by gRPC and by HTTP, its middle alone, haproxy,
// nginx and a grpc-js proxy. The proxies and the router's gRPC door carry the same; HTTP is a row
// of its own.
//
// Contestants take turns within a round, so that what else the machine does falls on all of them;
// rows are medians of rounds. Loads are closed loops as fast as the engine goes, and one paced one
// where every token is a message of its own and everybody carries the same.

import { availableParallelism } from "node:os";
import { rounded } from "./figures.ts";
import { pickTime } from "./routing/pick-time.ts";
import type { Load } from "./router/closed-loop.ts";
import { contestantsOf, type Contestant, type MeasuredTurn } from "./router/contestants.ts";
import { GrpcCaller } from "./router/grpc-caller.ts";
import { HttpCaller } from "./router/http-caller.ts";
import { openLoop, type OpenFigures } from "./router/open-loop.ts";
import { cpuSeconds } from "./router/process-cpu.ts";
import { rowsOf, type Row } from "./router/rows.ts";
import { holds, verdictsOf } from "./router/targets.ts";
import { startWorld, type World } from "./router/world.ts";

export interface RouterBenchOptions {
  readonly quick: boolean;
  readonly say: (line: string) => void;
}

const IN_FLIGHT = [1, 16, 128] as const;
const LONG_TOKENS = 64;
const REFERENCE_TOKENS = 8;
/** 32 streams and a step of 8 ms: 4,000 tokens a second, which everybody carries. */
const PACED = { inFlight: 32, stepMs: 8 };
const REFERENCE_RATES = [250, 500, 750, 1_000, 1_250, 1_500, 2_000];
/** This one is measured whatever those below it say. */
const REFERENCE_PER_SECOND = 1_000;
/** Every process is compiled by then as it will be. */
const WARM_UP = { inFlight: 16, tokens: REFERENCE_TOKENS, warmMs: 300, countedMs: 1_200 };
const PICKS = 60_000;

export async function benchRouter({ quick, say }: RouterBenchOptions): Promise<object> {
  // An exit that Node knows of: the processes end with it.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  const pick = { 16: pickTime(16, "latency", PICKS), 256: pickTime(256, "latency", PICKS) };
  say(`pick: ${JSON.stringify(pick)}`);
  const world = await startWorld(say);
  const { all, close } = contestantsOf(world);
  try {
    const rounds = quick ? 1 : 5;
    const times = quick ? { warmMs: 200, countedMs: 400 } : { warmMs: 300, countedMs: 1_200 };
    const rows: Row[] = [];
    if (!quick) await takeTurns(all, WARM_UP, 1, say);
    say(HEADINGS);
    const hold = async (load: Load, paced: boolean): Promise<void> => {
      const held = rowsOf({ load, paced, turns: await takeTurns(all, load, rounds, say) });
      for (const row of held) say(lineOf(row));
      rows.push(...held);
    };
    for (const inFlight of IN_FLIGHT) {
      await hold({ inFlight, tokens: LONG_TOKENS, ...times }, false);
    }
    await hold({ inFlight: 16, tokens: REFERENCE_TOKENS, ...times }, false);
    await world.worker.ask({ stepMs: PACED.stepMs });
    // A stream takes half a second here: the warm-up holds one of every lane.
    const longer = { warmMs: 1_100, countedMs: quick ? 1_100 : 2_200 };
    await hold({ inFlight: PACED.inFlight, tokens: LONG_TOKENS, ...longer }, true);
    await world.worker.ask({ stepMs: 0 });
    const reference = {
      grpc: await referenceSteps(world, "grpc", quick, say),
      http: await referenceSteps(world, "http", quick, say),
    };
    const verdicts = verdictsOf(rows, reference);
    for (const { target, shown, met } of verdicts) {
      say(`${met === null ? "not measured" : met ? "met" : "MISSED"}: ${target}: ${shown}`);
    }
    const shared = { cores: availableParallelism(), by: "generator, router, worker" };
    return { pick, rows, reference, shared, absent: world.absent, verdicts };
  } finally {
    close();
    await world.stop();
  }
}

async function takeTurns(
  contestants: readonly Contestant[],
  load: Load,
  rounds: number,
  say: (line: string) => void,
): Promise<Map<string, MeasuredTurn[]>> {
  const turns = new Map<string, MeasuredTurn[]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name, turn } of contestants) {
      const taken = await turn(load);
      for (const error of taken.errors) say(`${name}: ${error}`);
      turns.set(name, [...(turns.get(name) ?? []), taken]);
    }
  }
  return turns;
}

interface ReferenceStep extends OpenFigures {
  /** Processor time of each a second, the warm-up included. */
  readonly cores: Readonly<Record<"generator" | "router" | "worker", number>>;
}

/** Up to the first rate that does not hold, and the one that is asked for in any case. */
async function referenceSteps(
  world: World,
  door: "grpc" | "http",
  quick: boolean,
  say: (line: string) => void,
): Promise<ReferenceStep[]> {
  const caller =
    door === "grpc" ? GrpcCaller.ofRouter(world.routerGrpc) : new HttpCaller(world.routerHttp);
  const load = { tokens: REFERENCE_TOKENS, warmMs: 1_000, inFlightMax: 1_024 };
  const steps: ReferenceStep[] = [];
  const coresOf = async <T>(done: () => Promise<T>): Promise<[T, ReferenceStep["cores"]]> => {
    const pids = { generator: process.pid, router: world.router.pid, worker: world.worker.pid };
    const read = (): number[] => Object.values(pids).map(cpuSeconds);
    const [before, startMs] = [read(), performance.now()];
    const value = await done();
    const seconds = (performance.now() - startMs) / 1000;
    const used = read().map((cpu, at) => rounded((cpu - (before[at] ?? 0)) / seconds));
    const [generator = 0, router = 0, worker = 0] = used;
    return [value, { generator, router, worker }];
  };
  try {
    for (const perSecond of quick ? REFERENCE_RATES.slice(0, 2) : REFERENCE_RATES) {
      const countedMs = quick ? 1_000 : 6_000;
      const one = (tokens: number, dueMs: number): ReturnType<typeof caller.stream> =>
        caller.stream(tokens, dueMs);
      const held = steps.every(holds);
      if (!held && perSecond !== REFERENCE_PER_SECOND) continue;
      const [figures, cores] = await coresOf(() =>
        openLoop({ ...load, perSecond, countedMs }, one, perSecond),
      );
      steps.push({ ...figures, cores });
      say(`${door} ${JSON.stringify(steps.at(-1))}`);
    }
  } finally {
    caller.close();
  }
  return steps;
}

const COLUMNS: readonly [string, keyof Row][] = [
  ["", "contestant"],
  ["in flight", "inFlight"],
  ["out", "outputTokens"],
  ["streams/s", "streamsPerSecond"],
  ["tokens/s", "tokensPerSecond"],
  ["tokens a message", "tokensPerMessage"],
  ["CPU µs/stream", "cpuUsPerStream"],
  ["CPU µs/token", "cpuUsPerToken"],
  ["TTFT p50", "ttftP50Ms"],
  ["p99", "ttftP99Ms"],
  ["added p50", "addedTtftP50Ms"],
  ["added p99", "addedTtftP99Ms"],
  ["TPOT p50", "tpotP50Ms"],
  ["ITL p99", "itlP99Ms"],
  ["E2EL p50", "e2elP50Ms"],
  ["p99", "e2elP99Ms"],
  ["outside", "outside"],
];
const HEADINGS =
  `| ${COLUMNS.map(([heading]) => heading).join(" | ")} |\n` +
  `|${COLUMNS.map(() => "---|").join("")}`;

function lineOf(row: Row): string {
  const name = row.paced ? `${row.contestant}, paced` : row.contestant;
  const cells = COLUMNS.map(([, key]) => (key === "contestant" ? name : (row[key] ?? "")));
  return `| ${cells.join(" | ")} |`;
}
