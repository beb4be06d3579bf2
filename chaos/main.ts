// `npm run chaos -- NAME [--rounds N] [--seed N] [--json]`: real processes, real faults. Progress
// goes to standard error; the last line of standard output is one object. Ends 1 when something did
// not hold.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { writeMatrix } from "./matrix.ts";
import { FAULTS, streamsUnderFaults, type StreamsResult } from "./streams.ts";

const USAGE = `usage: npm run chaos -- streams [--rounds 100] [--seed N] [--fault NAME]... [--json]
       npm run chaos -- matrix RESULT.json

  streams   clients' streams while workers are killed, stopped, drained and cut off;
            faults: ${FAULTS.map(({ name }) => name).join(", ")}
  matrix    docs/fault-matrix.md from what \`streams --json\` printed
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean" },
    help: { type: "boolean" },
    rounds: { type: "string", default: "100" },
    seed: { type: "string" },
    fault: { type: "string", multiple: true, default: FAULTS.map(({ name }) => name) },
  },
});
const [name, file] = positionals;
if (name === "matrix" && file !== undefined) {
  const [last = ""] = readFileSync(file, "utf8").trimEnd().split("\n").slice(-1);
  writeMatrix(JSON.parse(last) as StreamsResult);
} else if (name !== "streams" || values.help === true) {
  process.stderr.write(USAGE);
  process.exitCode = values.help === true ? 0 : 2;
} else {
  const result = await streamsUnderFaults({
    rounds: Number(values.rounds),
    seed: Number(values.seed ?? Date.now() % 2 ** 31),
    ...{ faults: values.fault, env: process.env },
    say: (line) => void process.stderr.write(`${line}\n`),
  });
  for (const failure of result.failures) process.stderr.write(`${failure}\n`);
  process.stdout.write(`${JSON.stringify(result, null, values.json === true ? 0 : 2)}\n`);
  if (result.failures.length > 0) process.exitCode = 1;
}
