// `node test/sim/main.ts --seeds K [--first-seed N] [--mutant NAME] [--trace] [--json]`
//
// Plays K worlds, from seed N on, on as many processes as there are cores. Stops at the first
// violation and says how to see it again. The last line with --json is {seeds, violations,
// faultsHit}. Ends 1 when something was violated, or when a long run never met some kind of fault.

import { parseArgs } from "node:util";
import { isMutant, MUTANTS } from "./mutants.ts";
import { FULL_COVERAGE_SEEDS, missedFaults, playSeeds } from "./play-seeds.ts";
import { runWorld } from "./world.ts";

const USAGE = `usage: npm run sim -- [--seeds 2000] [--first-seed 1] [--json] [options]

  --trace                  one world, the first, with everything that happens in it
  --mutant NAME            without a protection: ${Object.keys(MUTANTS).join(", ")}`;

const say = (text: string): void => void process.stdout.write(`${text}\n`);

function optionsOf(): ReturnType<typeof parse> {
  try {
    return parse();
  } catch (error) {
    say(`${(error as Error).message}\n\n${USAGE}`);
    process.exit(2);
  }
}

const parse = () =>
  parseArgs({
    options: {
      "first-seed": { type: "string", default: "1" },
      seeds: { type: "string", default: "2000" },
      mutant: { type: "string" },
      trace: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  }).values;

const values = optionsOf();
if (values.help) {
  say(USAGE);
  process.exit(0);
}

const firstSeed = Number(values["first-seed"]);
const seeds = Number(values.seeds);
const mutant = values.mutant ?? null;
if (!Number.isSafeInteger(firstSeed) || !Number.isSafeInteger(seeds) || seeds < 1) {
  say("--first-seed and --seeds are whole numbers");
  process.exit(2);
}
if (mutant !== null && !isMutant(mutant)) {
  say(`no mutant ${mutant}: there are ${Object.keys(MUTANTS).join(", ")}`);
  process.exit(2);
}

if (values.trace) {
  const result = await runWorld({ seed: firstSeed, mutant, trace: true });
  for (const line of result.trace) say(line);
  say(
    result.violation === null
      ? `seed ${firstSeed}: nothing violated in ${result.steps} steps`
      : `${result.violation.invariant}: ${result.violation.text}`,
  );
  process.exitCode = result.violation === null ? 0 : 1;
} else {
  const startedMs = performance.now();
  const played = await playSeeds({ firstSeed, seeds, mutant });
  const { failure, faultsHit } = played;
  if (failure !== null) {
    for (const line of failure.trace) say(line);
    say(`seed ${failure.seed}, step ${failure.steps}: ${failure.violation?.invariant} violated`);
    say(failure.violation?.text ?? "");
    const how = mutant === null ? "" : ` --mutant ${mutant}`;
    say(`again, with everything: node test/sim/main.ts --first-seed ${failure.seed} --trace${how}`);
  }
  const missed = seeds >= FULL_COVERAGE_SEEDS && failure === null ? missedFaults(faultsHit) : [];
  if (missed.length > 0) say(`never happened: ${missed.join(", ")}`);
  const seconds = (performance.now() - startedMs) / 1000;
  say(`${played.seeds} worlds from seed ${firstSeed} in ${seconds.toFixed(1)} s`);
  const violations = failure === null ? 0 : 1;
  if (values.json) say(JSON.stringify({ seeds: played.seeds, violations, faultsHit }));
  process.exitCode = violations > 0 || missed.length > 0 ? 1 : 0;
}
