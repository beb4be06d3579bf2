// The head of a GGUF file (version 3) for a bf16 Llama model, and llama.cpp's order of rows.
//
// The vocabulary is of the kind "none": the drivers feed token ids, and llama.cpp needs only their
// number.

import { elementsOf, type ModelShape, type ModelTensor } from "./model-shapes.ts";

const ALIGNMENT = 32; // GGUF's default.
const BF16_FILE = 32; // LLAMA_FTYPE_MOSTLY_BF16
const TYPE_F32 = 0;
const TYPE_BF16 = 30;
const VALUE_U32 = 4;
const VALUE_F32 = 6;
const VALUE_STRING = 8;

/** Everything before the tensors' bytes, padded so that they begin aligned. */
export function ggufHead(shape: ModelShape, tensors: readonly ModelTensor[]): Buffer {
  const u32 = (key: string, value: number): Buffer =>
    Buffer.concat([text(key), words(VALUE_U32, value)]);
  const f32 = (key: string, value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeFloatLE(value);
    return Buffer.concat([text(key), words(VALUE_F32), bytes]);
  };
  const string = (key: string, value: string): Buffer =>
    Buffer.concat([text(key), words(VALUE_STRING), text(value)]);
  const fields = [
    string("general.architecture", "llama"),
    string("general.name", `random-${shape.name}`),
    u32("general.file_type", BF16_FILE),
    u32("general.alignment", ALIGNMENT),
    u32("llama.block_count", shape.layers),
    u32("llama.context_length", shape.positions),
    u32("llama.embedding_length", shape.hidden),
    u32("llama.feed_forward_length", shape.inter),
    u32("llama.attention.head_count", shape.heads),
    u32("llama.attention.head_count_kv", shape.kvHeads),
    u32("llama.attention.key_length", shape.headDim),
    u32("llama.attention.value_length", shape.headDim),
    f32("llama.attention.layer_norm_rms_epsilon", 1e-5),
    u32("llama.rope.dimension_count", shape.headDim),
    f32("llama.rope.freq_base", 10_000),
    u32("llama.vocab_size", shape.vocab),
    string("tokenizer.ggml.model", "none"),
  ];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const tensor of tensors) {
    const dims = tensor.shape.toReversed().map((length) => long(length));
    const type = words(isNorm(tensor) ? TYPE_F32 : TYPE_BF16);
    entries.push(text(tensor.ggufName), words(tensor.shape.length), ...dims, type, long(offset));
    offset += ggufBytesOf(tensor) + ggufPadding(ggufBytesOf(tensor));
  }
  const head = Buffer.concat([
    ...[Buffer.from("GGUF"), words(3), long(tensors.length), long(fields.length)],
    ...[...fields, ...entries],
  ]);
  return Buffer.concat([head, Buffer.alloc(ggufPadding(head.length))]);
}

/** Norms are fp32 in GGUF, as llama.cpp's own converter writes them. */
export function isNorm(tensor: ModelTensor): boolean {
  return tensor.shape.length === 1;
}

export function ggufBytesOf(tensor: ModelTensor): number {
  return elementsOf(tensor) * (isNorm(tensor) ? 4 : 2);
}

/** Bytes from `length` to where the next tensor may begin. */
export function ggufPadding(length: number): number {
  return (ALIGNMENT - (length % ALIGNMENT)) % ALIGNMENT;
}

/**
 * The row of a Hugging Face q or k matrix that stands at `row` in llama.cpp's: rotary pairs are
 * neighbours there and half a head apart here.
 */
export function ggufRow(row: number, headDim: number): number {
  const within = row % headDim;
  return row - within + (within % 2) * (headDim / 2) + Math.floor(within / 2);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([long(bytes.length), bytes]);
}

function words(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [index, value] of values.entries()) bytes.writeUInt32LE(value, 4 * index);
  return bytes;
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}
