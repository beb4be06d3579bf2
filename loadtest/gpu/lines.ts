// The driver's lines, and what they come to beside the roofs that were measured in the same run.

import { parseAnswer } from "../engine/driver.ts";
import { roofSeconds, workOf } from "../engine/engine-tests.ts";
import { stepWeightBytesOf, type ModelShape } from "../engine/model-shapes.ts";
import { rounded } from "../figures.ts";
import { shapeNamed } from "./shapes.ts";

/** One answer of the driver. */
export interface GpuLine {
  readonly test: string;
  /** As the NVIDIA driver names it. */
  readonly device: string;
  readonly error: string | null;
  readonly numbers: { readonly [name: string]: number };
  readonly texts: { readonly [name: string]: string };
}

/** Of this run, on this device; null where it was not measured. */
export interface GpuRoofs {
  /** Read and written, device to device. */
  readonly copyGbPerSecond: number | null;
  /** From pinned memory. */
  readonly uploadGbPerSecond: number | null;
  /** The best of the kernels that were tried. */
  readonly tflops: number | null;
  readonly kernel: string | null;
}

export interface GpuRow {
  readonly device: string;
  readonly model: string;
  readonly test: string;
  readonly cache: string | null;
  /** Of the whole step; of one layer for attention. Null where `error` says why. */
  readonly ms: number | null;
  readonly tokensPerSecond: number | null;
  /** Of the least time that the roofs allow; null where they are not known. */
  readonly ofRoof: number | null;
  readonly error: string | null;
}

/** Null for the line that says that the driver is ready. Throws where it is no line of a driver. */
export function parseLine(line: string): GpuLine | null {
  const { error, numbers, texts } = parseAnswer(line);
  const { test, device } = texts;
  if (device === undefined) throw new Error(`no device is named in ${line.slice(0, 200)}`);
  return test === undefined ? null : { test, device, error, numbers, texts };
}

export function roofsOf(lines: readonly GpuLine[]): GpuRoofs {
  const of = (test: string, name: string): number | null =>
    lines.find((line) => line.test === test)?.numbers[name] ?? null;
  const matrices = lines.filter(({ test, error }) => test === "matrix" && error === null);
  const best = matrices.toSorted((a, b) => tflopsOf(b) - tflopsOf(a))[0];
  return {
    copyGbPerSecond: of("copy", "gbPerSecond"),
    uploadGbPerSecond: of("upload", "gbPerSecond"),
    tflops: best === undefined ? null : tflopsOf(best),
    kernel: best?.texts["kernel"] ?? null,
  };
}

/** "copies 2900.0 GB/s, from the host 55.0 GB/s, products 600.0 TFLOP/s (promptProduct)". */
export function roofsLine({
  copyGbPerSecond,
  uploadGbPerSecond,
  tflops,
  kernel,
}: GpuRoofs): string {
  const of = (rate: number | null, unit: string): string =>
    rate === null ? "not measured" : `${rate.toFixed(1)} ${unit}`;
  const copies = `copies ${of(copyGbPerSecond, "GB/s")}`;
  const products = `products ${of(tflops, "TFLOP/s")}${kernel === null ? "" : ` (${kernel})`}`;
  return `${copies}, from the host ${of(uploadGbPerSecond, "GB/s")}, ${products}`;
}

function tflopsOf(line: GpuLine): number {
  return line.numbers["tflops"] ?? 0;
}

/** What is timed and has a roof, in the order of the run. */
export function rowsOf(lines: readonly GpuLine[]): GpuRow[] {
  const roofs = roofsOf(lines);
  return lines.flatMap((line) => {
    const name = testNameOf(line);
    if (name === null) return [];
    const seconds = line.numbers["stepSeconds"];
    const rate = line.numbers["tokensPerSecond"];
    const least = leastSeconds(line, roofs);
    return [
      {
        ...{ device: line.device, model: line.texts["name"] ?? "", test: name },
        cache: line.texts["cache"] ?? null,
        ms: seconds === undefined ? null : rounded(seconds * 1000, 4),
        tokensPerSecond: rate === undefined ? null : rounded(rate, 1),
        ofRoof: least === null || seconds === undefined ? null : rounded(least / seconds, 3),
        error: line.error,
      },
    ];
  });
}

/** "decode-32@2048", "prefill-2048", "attention-32@2048"; null for what is no row. */
function testNameOf({ test, numbers }: GpuLine): string | null {
  const { batch, context, tokens } = numbers;
  if (test === "prefill") return tokens === undefined ? test : `prefill-${tokens}`;
  if (test !== "decode" && test !== "attention") return null;
  return batch === undefined ? test : `${test}-${batch}@${context ?? ""}`;
}

/**
 * The least time that a test can take.
 *
 *   decode     max(bytes / copy rate, FLOP / matrix rate), bytes being every matrix but the
 *              embedding in bf16, and keys and values of all that the tokens see
 *   prefill    FLOP of products and attention / matrix rate
 *   attention  bytes of one layer's keys and values / copy rate
 *
 * An fp8 cache has, beside a byte an element, two bytes of scale for a token's key and head, and
 * for its value.
 */
function leastSeconds(line: GpuLine, roofs: GpuRoofs): number | null {
  const shape = shapeNamed(line.texts["name"] ?? "");
  const { copyGbPerSecond, tflops } = roofs;
  if (shape === undefined || copyGbPerSecond === null || line.error !== null) return null;
  const { batch = 1, context = 0, depth = context, tokens = 0 } = line.numbers;
  const element = cacheElementBytes(line.texts["cache"] ?? "bf16", shape);
  if (line.test === "attention") {
    const elements = 2 * shape.kvHeads * shape.headDim * context * batch;
    return (elements * element) / 1e9 / copyGbPerSecond;
  }
  if (tflops === null) return null;
  const weights = stepWeightBytesOf(shape);
  if (line.test === "prefill") {
    const work = workOf({ kind: "prefill", tokens, steps: 1 }, shape, weights, element);
    return work.flops / 1e12 / tflops;
  }
  const work = workOf({ kind: "decode", batch, context: depth, steps: 0 }, shape, weights, element);
  return roofSeconds(work, { gbPerSecond: copyGbPerSecond, gflops: tflops * 1000 });
}

function cacheElementBytes(cache: string, shape: ModelShape): number {
  return cache === "fp8" ? 1 + 2 / shape.headDim : 2;
}

/** One line each; the device's name is in all of them. */
export function tableOf(rows: readonly GpuRow[]): string[] {
  return rows.map((row) => {
    const what = `${row.model} ${row.test}`.padEnd(26) + (row.cache ?? "").padEnd(6);
    if (row.ms === null) return `${row.device}  ${what}${row.error ?? ""}`;
    const share = row.ofRoof === null ? "-" : `${(100 * row.ofRoof).toFixed(1)} % of the roof`;
    const rate = `${(row.tokensPerSecond ?? 0).toFixed(1)} tok/s`;
    return `${row.device}  ${what}${row.ms.toFixed(3).padStart(10)} ms${rate.padStart(18)}  ${share}`;
  });
}

/** What each model that was loaded holds on its device, by purpose, and how long it took. */
export function memoryOf(lines: readonly GpuLine[]): string[] {
  const purpose = "bytes of ";
  return lines.flatMap(({ test, device, numbers, texts }) => {
    const held = Object.entries(numbers).filter(([name]) => name.startsWith(purpose));
    if (test !== "model" || held.length === 0) return [];
    const parts = held.map(
      ([name, bytes]) => `${name.slice(purpose.length)} ${rounded(bytes / 1e9, 3)} GB`,
    );
    const seconds = rounded(numbers["readySeconds"] ?? Number.NaN, 3);
    const what = `${texts["name"] ?? ""}, ${texts["cache"] ?? ""} cache`;
    return [`${device}  ${what}: ready in ${seconds} s; ${parts.join(", ")}`];
  });
}
