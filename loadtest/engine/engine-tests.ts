// What is asked of every engine, and the work that cannot be avoided in it.

import { matmulParametersOf, type ModelShape } from "./model-shapes.ts";

export type EngineTest =
  | {
      readonly kind: "decode";
      readonly batch: number;
      readonly context: number;
      readonly steps: number;
    }
  | { readonly kind: "prefill"; readonly tokens: number; readonly steps: number };

const SHORT_CONTEXT = 16;

/** Larger batches take fewer steps: what a step says is steadier, and slow peers need a second. */
export function decodeTest(batch: number, context = SHORT_CONTEXT): EngineTest {
  return { kind: "decode", batch, context, steps: batch >= 32 ? 6 : 12 };
}

export function prefillTest(tokens: number): EngineTest {
  return { kind: "prefill", tokens, steps: 1 };
}

/** "decode-8", "decode-1@2048" at a depth worth naming, "prefill-512". */
export function testName(test: EngineTest): string {
  if (test.kind === "prefill") return `prefill-${test.tokens}`;
  const depth = test.context === SHORT_CONTEXT ? "" : `@${test.context}`;
  return `decode-${test.batch}${depth}`;
}

export function requestOf(test: EngineTest): object {
  const { kind, ...rest } = test;
  return { test: kind, ...rest };
}

export function tokensPerStep(test: EngineTest): number {
  return test.kind === "prefill" ? test.tokens : test.batch;
}

/** What one step has to read and to multiply, however it is done. */
export interface Work {
  readonly bytes: number;
  readonly flops: number;
}

/** `weightBytes` of all matrices in one step, `cacheBytes` of one cached element. */
export function workOf(
  test: EngineTest,
  shape: ModelShape,
  weightBytes: number,
  cacheBytes: number,
): Work {
  const head = shape.vocab * shape.hidden;
  const body = matmulParametersOf(shape) - head;
  const queries = shape.heads * shape.headDim;
  if (test.kind === "prefill") {
    // Every position meets itself and those before it; only the last one's logits are needed.
    const pairs = (test.tokens * (test.tokens + 1)) / 2;
    const attention = 4 * pairs * queries * shape.layers;
    return { bytes: weightBytes, flops: 2 * body * test.tokens + 2 * head + attention };
  }
  const depth = test.context + test.steps / 2;
  const cached = 2 * shape.layers * shape.kvHeads * shape.headDim * depth * test.batch;
  const attention = 4 * depth * queries * shape.layers * test.batch;
  return {
    bytes: weightBytes + cached * cacheBytes,
    flops: 2 * (body + head) * test.batch + attention,
  };
}

export interface Roofs {
  readonly gbPerSecond: number;
  readonly gflops: number;
}

/** The least seconds a step can take under both roofs. */
export function roofSeconds(work: Work, roofs: Roofs): number {
  return Math.max(work.bytes / 1e9 / roofs.gbPerSecond, work.flops / 1e9 / roofs.gflops);
}
