// `npm run chaos -- NAME`: real processes, real faults. Progress goes to standard error; the last
// line of standard output is one object. Ends 1 when something did not hold.

import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { FAULTS } from "./faults.ts";
import { writeMatrix } from "./matrix.ts";
import { streamsUnderFaults } from "./streams.ts";
import type { StreamsResult } from "./tally.ts";

const USAGE = `usage: npm run chaos -- streams [--rounds 100] [--seed N] [--fault NAME]...
                                [--journal FILE]
       npm run chaos -- matrix RESULT.json

  streams   clients' streams while workers are killed, stopped, drained, cut off and worse;
            prints one line of JSON. Ctrl-C ends it after the round in progress.
    --rounds   in which the fault hit a stream, shared evenly by the faults
    --seed     of stories and blows; by default drawn, and said
    --fault    one or some of: ${FAULTS.map(({ name }) => name).join(", ")}
    --journal  each round is written there; the same command goes on where a run was cut off
  matrix    docs/fault-matrix.md from what \`streams\` printed
`;
const STORIES_PER_KIND = 3;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    help: { type: "boolean" },
    rounds: { type: "string", default: "100" },
    seed: { type: "string" },
    fault: { type: "string", multiple: true, default: FAULTS.map(({ name }) => name) },
    journal: { type: "string" },
  },
});
const [name, file] = positionals;
const unknown = values.fault.find((asked) => !FAULTS.some((fault) => fault.name === asked));
const rounds = Number(values.rounds);
if (name === "matrix" && file !== undefined) {
  const [last = ""] = readFileSync(file, "utf8").trimEnd().split("\n").slice(-1);
  writeMatrix(JSON.parse(last) as StreamsResult);
} else if (values.help === true) {
  process.stdout.write(USAGE);
} else if (
  unknown !== undefined ||
  name !== "streams" ||
  !(Number.isInteger(rounds) && rounds > 0)
) {
  if (unknown !== undefined) process.stderr.write(`there is no fault ${unknown}\n`);
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const journal = values.journal ?? null;
  const interrupt = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => interrupt.abort());
  }
  const result = await streamsUnderFaults({
    ...{ rounds, seed: seedOf(journal), faults: values.fault, env: process.env, journal },
    ...{ storiesPerKind: STORIES_PER_KIND, signal: interrupt.signal },
    say: (line) => void process.stderr.write(`${line}\n`),
  });
  process.stdout.write(`${JSON.stringify(result)}\n`);
  if (result.failures.length > 0) process.exitCode = 1;
}

/** As given, or that of the run which is gone on with. */
function seedOf(journal: string | null): number {
  if (values.seed !== undefined) return Number(values.seed);
  if (journal === null || !existsSync(journal)) return Date.now() % 2 ** 31;
  const [head = ""] = readFileSync(journal, "utf8").split("\n");
  return (JSON.parse(head) as { readonly seed: number }).seed;
}
