// Bytes that a model takes, from its shape alone.

import type { KvDtype, ModelShape, WeightDtype } from "./engine.ts";

/** Keys and values of a head are padded to whole tiles. */
const HEAD_DIM_MULTIPLE = 32;
/** fp8 has an fp16 scale for keys and one for values, per token and head. */
const FP8_SCALE_BYTES = 4;

/** Of one token in the cache, all layers and heads, on all ranks without replicated ones. */
export function kvBytesPerToken(shape: ModelShape, cache: Exclude<KvDtype, "f32">): number {
  const padded = Math.ceil(shape.headDim / HEAD_DIM_MULTIPLE) * HEAD_DIM_MULTIPLE;
  const head = cache === "bf16" ? 4 * padded : 2 * padded + FP8_SCALE_BYTES;
  return shape.layers * shape.kvHeads * head;
}

/** About: without padding to whole tiles, and scales. */
export function weightBytes(parameters: number, weights: WeightDtype): number {
  return parameters * (weights === "bf16" ? 2 : 1);
}
