// Writes a random model as a Hugging Face folder and as GGUF, both from the same weights.

import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";

import { ggufHead, ggufPadding, ggufRow, isNorm } from "./gguf.ts";
import {
  configOf,
  elementsOf,
  tensorsOf,
  type ModelShape,
  type ModelTensor,
} from "./model-shapes.ts";
import { bf16Bits, fillRandom, normalQuantiles } from "./random-weights.ts";

export const SAFETENSORS_FILE = "model.safetensors";
export const GGUF_FILE = "bf16.gguf";
const DEVIATION = 0.02; // Llama's initializer_range.
const ONE = bf16Bits(1);

/**
 * Makes `folder`, which must not be there, with config.json, model.safetensors and bf16.gguf. It
 * appears under its name when it is complete.
 */
export function writeModel(shape: ModelShape, folder: string, seed = 1): void {
  const partial = `${folder}.${process.pid}.new`;
  mkdirSync(partial, { recursive: true });
  try {
    writeFileSync(join(partial, "config.json"), `${JSON.stringify(configOf(shape), null, 2)}\n`);
    writeWeights(shape, partial, seed);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    throw error;
  }
}

function writeWeights(shape: ModelShape, folder: string, seed: number): void {
  const tensors = tensorsOf(shape);
  const table = normalQuantiles(DEVIATION);
  const scratch = new Uint16Array(Math.max(...tensors.map(elementsOf)));
  const reordered = new Uint16Array(scratch.length);
  const safetensors = openSync(join(folder, SAFETENSORS_FILE), "wx");
  const gguf = openSync(join(folder, GGUF_FILE), "wx");
  try {
    writeAll(safetensors, safetensorsHead(tensors));
    writeAll(gguf, ggufHead(shape, tensors));
    for (const tensor of tensors) {
      const weights = scratch.subarray(0, elementsOf(tensor));
      if (isNorm(tensor)) weights.fill(ONE);
      else fillRandom(weights, table, `${seed}/${shape.name}/${tensor.name}`);
      writeAll(safetensors, weights);
      const inGguf = isNorm(tensor)
        ? new Float32Array(weights.length).fill(1)
        : ggufOrder(tensor, weights, reordered);
      writeAll(gguf, inGguf);
      writeAll(gguf, Buffer.alloc(ggufPadding(inGguf.byteLength)));
    }
  } finally {
    closeSync(safetensors);
    closeSync(gguf);
  }
}

function ggufOrder(tensor: ModelTensor, weights: Uint16Array, into: Uint16Array): Uint16Array {
  if (tensor.rotatedHeads === 0) return weights;
  const [rows = 0, columns = 0] = tensor.shape;
  const headDim = rows / tensor.rotatedHeads;
  for (let row = 0; row < rows; row++) {
    const from = ggufRow(row, headDim) * columns;
    into.set(weights.subarray(from, from + columns), row * columns);
  }
  return into.subarray(0, weights.length);
}

/** Length, JSON, and spaces so that the tensors begin at a multiple of 64. */
function safetensorsHead(tensors: readonly ModelTensor[]): Buffer {
  const entries: { [name: string]: object } = { __metadata__: { format: "pt" } };
  let offset = 0;
  for (const tensor of tensors) {
    const end = offset + 2 * elementsOf(tensor);
    entries[tensor.name] = { dtype: "BF16", shape: tensor.shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = JSON.stringify(entries);
  const padded = json.padEnd(Math.ceil((json.length + 8) / 64) * 64 - 8);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, Buffer.from(padded)]);
}

function writeAll(file: number, bytes: NodeJS.ArrayBufferView): void {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < all.length;) at += writeSync(file, all, at, all.length - at);
}
