// Our engine beside other engines and the machine's roofs, in turns on the same random models: what
// it reaches of each, and which of its targets that meets. README.md in engine/ has the protocol.

import { join } from "node:path";

import { buildDrivers } from "./engine/bench-build.ts";
import { runContest, type Contest, type ContestOutcome, type Say } from "./engine/contest.ts";
import { ours, Peers, type Seat } from "./engine/contestants.ts";
import { Driver } from "./engine/driver.ts";
import { decodeTest, prefillTest } from "./engine/engine-tests.ts";
import { linesOf } from "./engine/lines.ts";
import { defaultCache, modelFolder } from "./engine/model-cache.ts";
import { SAFETENSORS_FILE } from "./engine/model-files.ts";
import { MODEL_SHAPES, type ModelShape } from "./engine/model-shapes.ts";
import { middleRoofs } from "./engine/rows.ts";
import { machineClassOf, verdictsOf, type Verdict } from "./engine/targets.ts";
import { rounded } from "./figures.ts";

export interface EngineBenchOptions {
  readonly quick: boolean;
  /** The folder that peers.sh made; null measures ours alone. */
  readonly peers: string | null;
  /** Where models lie and are made; null is the user's cache folder. */
  readonly models: string | null;
  readonly threads: readonly number[];
  readonly say: Say;
}

const PROBE_MS_MAX = 10_000;

export async function benchEngine(options: EngineBenchOptions): Promise<object> {
  const { say } = options;
  // An exit that Node knows of: the drivers end with it.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  const cache = options.models ?? defaultCache();
  say("building the drivers");
  const drivers = await buildDrivers(cache);
  const startProbe = (): Promise<Driver> =>
    Driver.start({ argv: [drivers.probe], readyMsMax: PROBE_MS_MAX });
  const probe = await startProbe();
  try {
    const shapes = options.quick
      ? MODEL_SHAPES.filter(({ name }) => name === "0.3b")
      : MODEL_SHAPES;
    const folders = new Map(shapes.map((shape) => [shape, modelFolder(cache, shape, say)]));
    const outcomes: ContestOutcome[] = [];
    const probes: { [threads: string]: object } = {};
    for (const threads of options.threads) {
      const held: ContestOutcome[] = [];
      for (const [shape, folder] of folders) {
        const seat = { folder, threads };
        for (const contest of contestsOf(shape, seat, drivers.engine, probe, options)) {
          held.push(await runContest(contest, probe, say));
        }
      }
      probes[String(threads)] = probeFigures(held);
      outcomes.push(...held);
    }
    const largest = shapes.at(-1);
    const folder = largest === undefined ? undefined : folders.get(largest);
    const lines =
      folder === undefined
        ? {}
        : await linesOf({
            ...{ probe, startProbe, say, rounds: options.quick ? 2 : 5 },
            ours: (threads) => ours(drivers.engine, { folder, threads }),
            threads: Math.max(...options.threads),
            weightsFile: join(folder, SAFETENSORS_FILE),
          });
    const rows = outcomes.flatMap((outcome) => outcome.rows);
    const main = rows.find(({ variant }) => variant === "bf16");
    if (main === undefined) throw new Error("our engine answered nothing: there is no figure");
    const targets = verdictsOf(rows, lines, machineClassOf(probe.ready.kinds));
    sayVerdicts(targets, say);
    return { isa: main.isa, numerics: main.numerics, probes, rows, lines, targets };
  } finally {
    await probe.stop();
  }
}

/**
 * Who meets whom. At most five engines stand at once: a copy of the larger model is 2.2 GB. The
 * question of each group is in the targets.
 */
function contestsOf(
  shape: ModelShape,
  seat: Seat,
  driver: string,
  probe: Driver,
  options: EngineBenchOptions,
): Contest[] {
  const peers = new Peers(options.peers);
  const { quick } = options;
  const base = { shape, threads: seat.threads, rounds: quick ? 3 : 5 };
  const bf16 = {
    ...base,
    contestants: [
      ours(driver, seat),
      ...peers.llama(seat, { weights: "bf16" }),
      ...peers.openvino(seat, "bf16"),
      ...peers.vllm(seat),
    ],
    tests: [
      ...[decodeTest(1), decodeTest(8), decodeTest(32)],
      ...(quick || shape.name === "0.3b" ? [] : [decodeTest(64)]),
      ...[prefillTest(256), prefillTest(512)],
    ],
  };
  if (quick) return [bf16];
  const quantised = {
    ...base,
    contestants: [
      ours(driver, seat, { weights: "fp8" }),
      ours(driver, seat),
      ...peers.llama(seat, { weights: "q8_0" }),
      ...peers.openvino(seat, "int8"),
    ],
    tests: [decodeTest(1), decodeTest(8), decodeTest(32), prefillTest(512)],
  };
  const deep = {
    ...base,
    contestants: [
      ours(driver, seat, { kv: "fp8" }),
      ours(driver, seat),
      ...peers.llama(seat, { weights: "bf16", kv: "q8_0" }),
      ...peers.llama(seat, { weights: "bf16" }),
    ],
    tests: [decodeTest(1, 2048)],
  };
  const withoutAmx = {
    ...base,
    contestants: [
      ...["avx512", "avx512_bf16"]
        .filter((isa) => probe.ready.kinds.includes(isa))
        .map((isa) => ours(driver, seat, { isa })),
      ...peers.llama(seat, { weights: "bf16" }),
    ],
    tests: [decodeTest(1), decodeTest(8), decodeTest(32), prefillTest(256)],
  };
  return shape.name === "0.3b" ? [bf16, deep] : [bf16, quantised, withoutAmx];
}

function probeFigures(outcomes: readonly ContestOutcome[]): object {
  const first = outcomes[0]?.arithmetic;
  const alike = outcomes.filter(({ arithmetic }) => arithmetic === first);
  const { gbPerSecond, gflops } = middleRoofs(
    alike.flatMap(({ roofs }) => roofs),
    first ?? "",
  );
  return {
    readGbPerSecond: rounded(gbPerSecond, 1),
    gflops: rounded(gflops, 0),
    arithmetic: first ?? "none",
  };
}

function sayVerdicts(verdicts: readonly Verdict[], say: Say): void {
  say("");
  for (const { target, shown, status } of verdicts) {
    say(`${status.padEnd(20)} ${target}${shown === null ? "" : `: ${shown}`}`);
  }
}
