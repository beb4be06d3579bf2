// The fault matrix as a page, from the figures of real runs: `npm run chaos -- matrix RESULT.json`
// writes docs/fault-matrix.md.

import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Counts, FaultTally, StreamsResult, Times } from "./tally.ts";

const PAGE = join(resolve(import.meta.dirname, ".."), "docs", "fault-matrix.md");

/** What each fault is, and what bounds the time until it is noticed. */
const FAULT_TEXT: { readonly [name: string]: readonly [string, string] } = {
  kill: ["`kill -9` of a worker", "its connection breaks when the kernel has taken it down"],
  stop: ["SIGSTOP of a worker, SIGCONT later", "750 ms without a report, then 400 ms to answer"],
  drain: ["SIGTERM of a worker with 150 ms to drain", "it says so"],
  cut: ["every connection between router and worker cut", "at once"],
  partition: ["both directions lost, connections stand", "750 ms, then 400 ms to answer"],
  "partition-up": ["what the worker says is lost", "750 ms, then 400 ms to answer"],
  "partition-down": [
    "what the worker is told is lost",
    "1,500 ms without news on a stream, then 400 ms to answer",
  ],
  "rank-stall": [
    "one rank of a worker with two stands still",
    "1,200 ms of reports with the same step; the engine names the rank within 2 s and ends",
  ],
  slow: [
    "a worker ten times as slow",
    "tokens that come late, of its streams and first ones: new streams avoid it",
  ],
  saturate: ["90 requests at once for 24 places", "reports and refusals; who comes too many waits"],
  "disk-full": [
    "no byte left for the router's journal and all logs",
    "`signalbox_router_usage_waiting`; usage is written when there is room",
  ],
  "nats-down": [
    "NATS gone while these rounds last, two routers",
    "`signalbox_nats_up`; each router goes on by what it knows itself",
  ],
  "nats-restart": ["NATS gone and there again, two routers", "`signalbox_nats_up`"],
  "out-of-memory": [
    "the job's memory limit: the kernel kills a worker",
    "its connection breaks when the kernel has taken it down",
  ],
};

const HEADS = [
  ...["fault", "how it is noticed", "noticed after, ms: p50", "max", "rounds", "streams"],
  ...["went on elsewhere", "lost", "repeated", "changed", "errors", "wrongly ejected"],
  ...["pause p50, ms", "p99"],
];
const KIND_TEXT: { readonly [kind: string]: string } = {
  greedy: "greedy",
  sampled: "sampled",
  penalties: "sampled with frequency and repetition penalties",
  stop: "sampled with a stop string",
  schema: "held to a JSON schema",
};
const KIND_HEADS = [
  ...["request", "streams", "went on elsewhere"],
  ...["lost", "repeated", "changed", "errors"],
];
/** In milliseconds. */
const TARGETS: readonly (readonly [string, string, number, keyof FaultTally, keyof Times])[] = [
  ["pause after a cut", "cut", 300, "gapMs", "p99"],
  ["pause after `kill -9`", "kill", 300, "gapMs", "p99"],
  ["pause after SIGSTOP", "stop", 1_500, "gapMs", "p99"],
  ["pause after a rank stalled", "rank-stall", 3_000, "gapMs", "p99"],
  ["a stopped worker is out", "stop", 2_000, "noticedMs", "max"],
];

export function writeMatrix(result: StreamsResult, page: string = PAGE): void {
  writeFileSync(page, matrixPage(result));
}

export function matrixPage(result: StreamsResult): string {
  const { seed, rounds, where, faults, kinds, skipped, failures } = result;
  const failed = failures.map((failure) => `- ${failure.replaceAll("\n", " ")}\n`);
  const rows = Object.entries(faults).map(([name, tally]) => rowOf(name, tally));
  const kindRows = Object.entries(kinds).map(([kind, counts]) => kindRowOf(kind, counts));
  const leftOut = Object.entries(skipped).map(
    ([name, why]) => `\`${name}\` was left out: ${why}.\n`,
  );
  return `# Fault matrix

What clients of a served model see of faults behind the router. Written by
\`npm run chaos -- matrix\` from a run of
\`npm run chaos -- streams --rounds ${rounds} --seed ${seed}\`: a router and three workers (two
where ranks stall; two routers with NATS) with the bundled model and an fp8 cache, six streams at a
time of all kinds below, one fault in the middle of them. Each stream is compared with what it is
without faults. Rounds whose fault hit no stream do not count.
${where}

${tableOf(HEADS, rows)}
${leftOut.join("\n")}
${newcomersOf(faults)}
*Lost*, *repeated*, *changed* and *errors* are streams whose client got fewer tokens, more, others
(or another finish reason), or an error. *Noticed after* is from the blow to the router's word about
that worker in its log. *Wrongly ejected* are workers given up that were well; where no worker is
ill, any. The pause is the longest between two pieces of text after the blow, as its client saw it,
of the streams that went on elsewhere; where none did, of all.

${tableOf(KIND_HEADS, kindRows)}

| target | ms | measured | |
|---|---|---|---|
${targetRows(faults).join("\n")}
${failed.length === 0 ? "" : `\nWhat did not hold:\n\n${failed.join("")}`}`;
}

function tableOf(heads: readonly string[], rows: readonly string[]): string {
  return `| ${heads.join(" | ")} |\n|${"---|".repeat(heads.length)}\n${rows.join("\n")}\n`;
}

/** Where new ones are sent to a fleet with a worker that is to be avoided. */
function newcomersOf({ slow }: StreamsResult["faults"]): string {
  const { sent, there } = slow?.newcomers ?? { sent: 0, there: 0 };
  if (sent === 0) return "";
  return `${there} of ${sent} new streams went to the slow worker; three workers in turn would have
had ${Math.round(sent / 3)} each.
`;
}

function rowOf(name: string, tally: FaultTally): string {
  const [what, noticed] = FAULT_TEXT[name] ?? [name, ""];
  const { rounds, streams, moved, noticedMs, gapMs, wronglyEjected } = tally;
  const cells = [
    ...[what, noticed, noticedMs?.p50 ?? "", noticedMs?.max ?? "", rounds, streams, moved],
    ...[tally.lost, tally.repeated, tally.changed, tally.errors, wronglyEjected],
    ...[gapMs.p50, gapMs.p99],
  ];
  return `| ${cells.join(" | ")} |`;
}

function kindRowOf(kind: string, counts: Counts): string {
  const { streams, moved, lost, repeated, changed, errors } = counts;
  const cells = [KIND_TEXT[kind] ?? kind, streams, moved, lost, repeated, changed, errors];
  return `| ${cells.join(" | ")} |`;
}

function targetRows(faults: StreamsResult["faults"]): readonly string[] {
  return TARGETS.flatMap(([what, fault, targetMs, figure, at]) => {
    const times = faults[fault]?.[figure] as Times | null | undefined;
    if (times === undefined || times === null) return [];
    const met = times[at] <= targetMs ? "met" : "missed";
    return [`| ${what}, ${at} | ${targetMs} | ${times[at]} | ${met} |`];
  });
}
