// What the CUDA back end is to reach on an H100 or H200, and what the figures say of it.

import { rounded } from "../figures.ts";
import { roofsOf, rowsOf, type GpuLine, type GpuRow } from "./lines.ts";
import { shapeNamed } from "./shapes.ts";

export interface Verdict {
  readonly target: string;
  /** Null: something it needs was not measured, or on another device. */
  readonly shown: number | null;
  readonly status: "met" | "missed" | "not measured";
}

/** As NVIDIA's driver names the devices that the targets are about. */
const DEVICE = /^NVIDIA H[12]00/u;
const MODEL = "8b";
const LOADED = "13b";
const LOAD_SECONDS = 1;
const OF_LINK = 0.85;

/** What this command does not measure yet. */
const ELSEWHERE = [
  "each operation alone, bf16 and fp8, against kernels_cpu",
  "compute-sanitizer: memcheck, racecheck and initcheck clean",
  "virtual ranks 1, 2 and 4 agree",
  "decode-1@2048 to transformers, static cache, compiled ≥ 1.3",
  "decode-1@2048 to llama.cpp ≥ 1.15",
  "decode-32@2048 to llama.cpp with its q8_0 cache ≥ 2",
  "1,000 req/s of the reference request, 100m: P99 < 50 ms, 0 drops",
  "goodput curve of the 8b",
  "kill -9 of one of two workers on one GPU: token-exact",
  "a virtual rank that stands still is named within 2 s",
];

/** Every target, in the order of what a reader asks first. */
export function verdictsOf(lines: readonly GpuLine[]): Verdict[] {
  const isTheDevice = lines.length > 0 && lines.every(({ device }) => DEVICE.test(device));
  const known = isTheDevice ? lines : [];
  const rows = rowsOf(known);
  const share = (test: string, cache: string | null, atLeast: number, of = "roof"): Verdict =>
    verdict(
      `${MODEL} ${test}${cache === null ? "" : `, ${cache} cache`}: share of the ${of} ≥ ${atLeast}`,
      ofRoof(rows, test, cache),
      (it) => it >= atLeast,
    );
  return [
    verdict("device_model_test: cases that failed", failedCases(known), (it) => it === 0),
    verdict("greedy output: the CPU's, where its margin decides", agreed(known), (it) => it === 1),
    verdict("logits: apart by at most 2^-5 of the largest", distance(known), (it) => it <= 2 ** -5),
    share("decode-1@2048", "bf16", 0.8),
    share("decode-32@2048", "fp8", 0.7),
    share("decode-128@2048", "fp8", 0.6),
    share("attention-32@2048", "fp8", 0.75, "copy rate"),
    share("prefill-2048", null, 0.55, "matrix rate"),
    verdict(
      "perplexity: an fp8 cache within 0.5 % of bf16",
      perplexityRatio(known),
      (it) => Math.abs(it - 1) <= 0.005,
    ),
    verdict(`${MODEL}: an fp8 cache ≤ 0.52 of bf16's bytes`, cacheRatio(known), (it) => it <= 0.52),
    verdict("encoding fp8: < 1 ms a decode step of 32", encodingMs(known), (it) => it < 1),
    loadVerdict(known),
    ...ELSEWHERE.map((target) => verdict(target, null, () => false)),
  ];
}

function verdict(target: string, shown: number | null, holds: (it: number) => boolean): Verdict {
  if (shown === null) return { target, shown, status: "not measured" };
  return { target, shown: rounded(shown, 4), status: holds(shown) ? "met" : "missed" };
}

function ofRoof(rows: readonly GpuRow[], test: string, cache: string | null): number | null {
  const row = rows.find(
    (it) => it.model === MODEL && it.test === test && (cache === null || it.cache === cache),
  );
  return row?.ofRoof ?? null;
}

function failedCases(lines: readonly GpuLine[]): number | null {
  return lines.find(({ test }) => test === "models")?.numbers["failed"] ?? null;
}

/** Of the decided steps of all models. One that failed is no agreement: then nothing is shown. */
function agreed(lines: readonly GpuLine[]): number | null {
  const greedy = lines.filter(({ test }) => test === "greedy");
  const sum = (name: string): number =>
    greedy.reduce((total, line) => total + (line.numbers[name] ?? Number.NaN), 0);
  const ratio = sum("agreed") / sum("decided");
  return Number.isFinite(ratio) ? ratio : null;
}

function distance(lines: readonly GpuLine[]): number | null {
  const distances = lines
    .filter(({ test }) => test === "greedy")
    .map((line) => line.numbers["distance"] ?? Number.NaN);
  const largest = Math.max(...distances);
  return Number.isFinite(largest) ? largest : null;
}

function ratioOfCaches(
  lines: readonly GpuLine[],
  name: string,
  isMeant: (line: GpuLine) => boolean,
): number | null {
  const of = (cache: string): number | undefined =>
    lines.find((line) => isMeant(line) && line.texts["cache"] === cache)?.numbers[name];
  const [fp8, bf16] = [of("fp8"), of("bf16")];
  return fp8 === undefined || bf16 === undefined ? null : fp8 / bf16;
}

function perplexityRatio(lines: readonly GpuLine[]): number | null {
  return ratioOfCaches(lines, "perplexity", ({ test }) => test === "perplexity");
}

function cacheRatio(lines: readonly GpuLine[]): number | null {
  return ratioOfCaches(
    lines,
    "blockBytes",
    ({ test, texts }) => test === "model" && texts["name"] === MODEL,
  );
}

/** What writing new tokens to an fp8 cache takes longer than to a bf16 one, all layers. */
function encodingMs(lines: readonly GpuLine[]): number | null {
  const of = (cache: string): number | undefined =>
    lines.find(
      ({ test, texts, numbers }) =>
        test === "attention" &&
        texts["name"] === MODEL &&
        texts["cache"] === cache &&
        numbers["batch"] === 32,
    )?.numbers["appendSeconds"];
  const [fp8, bf16] = [of("fp8"), of("bf16")];
  if (fp8 === undefined || bf16 === undefined) return null;
  return Math.max(0, fp8 - bf16) * (shapeNamed(MODEL)?.layers ?? 0) * 1000;
}

function loadVerdict(lines: readonly GpuLine[]): Verdict {
  const target = `${LOADED} to ready: ≥ ${OF_LINK} of the link, or ≤ ${LOAD_SECONDS} s`;
  const line = lines.find(({ test, texts }) => test === "model" && texts["name"] === LOADED);
  const { gbPerSecond, readySeconds = Infinity } = line?.numbers ?? {};
  const link = roofsOf(lines).uploadGbPerSecond;
  if (gbPerSecond === undefined || link === null) return verdict(target, null, () => false);
  return verdict(target, gbPerSecond / link, (it) => it >= OF_LINK || readySeconds <= LOAD_SECONDS);
}
