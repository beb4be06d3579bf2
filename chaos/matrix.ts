// The fault matrix as a page, from the figures of real runs: `npm run chaos -- matrix RESULT.json`
// writes docs/fault-matrix.md.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { FaultTally, StreamsResult } from "./streams.ts";

const PAGE = join(resolve(import.meta.dirname, ".."), "docs", "fault-matrix.md");

/** What each fault is, and what bounds the time until it is noticed. */
const FAULT_TEXT: { readonly [name: string]: readonly [string, string] } = {
  kill: ["`kill -9` of a worker", "its connection breaks at once"],
  stop: ["SIGSTOP of a worker, SIGCONT later", "750 ms without a report, then 400 ms to answer"],
  drain: ["SIGTERM of a worker with 150 ms to drain", "it says so"],
  cut: ["every connection between router and worker cut", "at once"],
  partition: ["both directions lost, connections stand", "750 ms, then 400 ms to answer"],
  "partition-up": ["what the worker says is lost", "750 ms, then 400 ms to answer"],
  "partition-down": [
    "what the worker is told is lost",
    "1,500 ms without news on a stream, then 400",
  ],
};

const HEADS = [
  ...["fault", "noticed by", "rounds", "streams", "went on elsewhere"],
  ...["lost", "repeated", "changed", "errors", "pause p50, ms", "p99"],
];

export function writeMatrix(result: StreamsResult, page: string = PAGE): void {
  writeFileSync(page, matrixPage(result));
}

export function matrixPage(result: StreamsResult): string {
  const rows = Object.entries(result.faults).map(([name, tally]) => rowOf(name, tally));
  return `# Fault matrix

What clients of a served model see of faults behind the router. Written by
\`npm run chaos -- matrix\` from a run of
\`npm run chaos -- streams --rounds ${result.rounds} --seed ${result.seed}\`: three workers with
the bundled model and an fp8 cache, six streams at a time (greedy and sampled, with and without
penalties), one fault in the middle of them. Each stream is compared with what it is without faults.
Rounds whose fault hit no stream do not count.
${result.where}

| ${HEADS.join(" | ")} |
|${"---|".repeat(HEADS.length)}
${rows.join("\n")}

*Lost*, *repeated*, *changed* and *errors* are streams whose client got fewer tokens, more, others,
or an error. The pause is the longest between two pieces of text of a stream that went on elsewhere,
as its client saw it.
`;
}

function rowOf(name: string, tally: FaultTally): string {
  const [what, noticed] = FAULT_TEXT[name] ?? [name, ""];
  const { rounds, streams, hit, lost, repeated, changed, errors, gapMs } = tally;
  const cells = [rounds, streams, hit, lost, repeated, changed, errors, gapMs.p50, gapMs.p99];
  return `| ${what} | ${noticed} | ${cells.join(" | ")} |`;
}
