// The models of `npm run bench -- gpu`: dimensions alone, their weights are made where they run.

import type { ModelShape } from "../engine/model-shapes.ts";

/** What is asked of a model of this shape. */
export interface GpuShape extends ModelShape {
  readonly batches: readonly number[];
  readonly contexts: readonly number[];
  /** Tokens of a prompt. */
  readonly prefill: number;
  /** Rows and columns of the square product that is the matrix rate. */
  readonly matrix: number;
  /** Bytes of a copy, and of a transfer from the host. */
  readonly copyBytes: number;
  /** Of the file that weights are read from again and again; beyond what caches hold. */
  readonly fileBytes: number;
}

const REAL = {
  ...{ batches: [1, 8, 32, 128], contexts: [2048, 8192], prefill: 2048, matrix: 8192 },
  ...{ positions: 16_384, copyBytes: 2 ** 31, fileBytes: 2 ** 30 },
};

export const GPU_SHAPES: readonly GpuShape[] = [
  {
    // Llama 3 8B.
    ...{ name: "8b", hidden: 4096, inter: 14_336, layers: 32, heads: 32, kvHeads: 8 },
    ...{ headDim: 128, vocab: 128_256, ...REAL },
  },
  {
    // Llama 2 13B: 26 GB.
    ...{ name: "13b", hidden: 5120, inter: 13_824, layers: 40, heads: 40, kvHeads: 40 },
    ...{ headDim: 128, vocab: 32_000, ...REAL },
  },
  {
    ...{ name: "100m", hidden: 768, inter: 2048, layers: 12, heads: 12, kvHeads: 12 },
    ...{ headDim: 64, vocab: 32_000, ...REAL },
  },
  {
    // For a driver whose kernels run on the CPU.
    ...{ name: "tiny", hidden: 64, inter: 64, layers: 1, heads: 4, kvHeads: 2, headDim: 32 },
    ...{ vocab: 64, positions: 128, batches: [1, 2], contexts: [40], prefill: 32, matrix: 64 },
    ...{ copyBytes: 1_000_000, fileBytes: 10_000 },
  },
];

export function shapeNamed(name: string): GpuShape | undefined {
  return GPU_SHAPES.find((shape) => shape.name === name);
}
