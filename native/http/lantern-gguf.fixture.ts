// The bundled model as a GGUF file (version 3), so that a real llama-server can be tried with it: a
// Llama with a byte-level BPE vocabulary. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

interface Config {
  readonly hidden_size: number;
  readonly intermediate_size: number;
  readonly num_attention_heads: number;
  readonly num_key_value_heads: number;
  readonly head_dim: number;
  readonly num_hidden_layers: number;
  readonly max_position_embeddings: number;
  readonly rms_norm_eps: number;
  readonly rope_parameters: { readonly rope_theta: number };
  readonly bos_token_id: number;
  readonly eos_token_id: number;
  readonly vocab_size: number;
}

interface Tokenizer {
  readonly model: {
    readonly vocab: { readonly [piece: string]: number };
    readonly merges: readonly (readonly [string, string])[];
  };
  readonly added_tokens: readonly { readonly id: number; readonly content: string }[];
}

interface Tensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: number;
  readonly bytes: Buffer;
}

const ALIGNMENT = 32;
const [TYPE_F32, TYPE_BF16] = [0, 30];
const [U32, I32, F32, BOOL, TEXT, ARRAY] = [4, 5, 6, 7, 8, 9] as const;
const [NORMAL, CONTROL] = [1, 3];

/** Hugging Face's names by llama.cpp's, of a layer and beside layers. */
const OF_LAYER: { readonly [name: string]: string } = {
  "input_layernorm.weight": "attn_norm.weight",
  "post_attention_layernorm.weight": "ffn_norm.weight",
  "self_attn.q_proj.weight": "attn_q.weight",
  "self_attn.k_proj.weight": "attn_k.weight",
  "self_attn.v_proj.weight": "attn_v.weight",
  "self_attn.o_proj.weight": "attn_output.weight",
  "mlp.gate_proj.weight": "ffn_gate.weight",
  "mlp.up_proj.weight": "ffn_up.weight",
  "mlp.down_proj.weight": "ffn_down.weight",
};
const BESIDE: { readonly [name: string]: string } = {
  "model.embed_tokens.weight": "token_embd.weight",
  "model.norm.weight": "output_norm.weight",
};

export function writeLanternGguf(folder: string, file: string): void {
  const config = readJson(join(folder, "config.json")) as Config;
  const tokenizer = readJson(join(folder, "tokenizer.json")) as Tokenizer;
  const tensors = readTensors(join(folder, "model.safetensors"), config.head_dim);
  const fields = [...fieldsOf(config), ...vocabularyOf(config, tokenizer)];
  const head: Buffer[] = [Buffer.from("GGUF"), u32(3), u64(tensors.length), u64(fields.length)];
  head.push(...fields);
  let at = 0;
  for (const { name, shape, type, bytes } of tensors) {
    const dims = shape.toReversed().map(u64);
    head.push(text(name), u32(shape.length), ...dims, u32(type), u64(at));
    at += padded(bytes).length;
  }
  writeFileSync(file, Buffer.concat([padded(Buffer.concat(head)), ...tensors.map(bytesOf)]));
}

const bytesOf = ({ bytes }: Tensor): Buffer => padded(bytes);

function fieldsOf(config: Config): Buffer[] {
  const count = (key: string, value: number): Buffer =>
    Buffer.concat([text(`llama.${key}`), u32(U32), u32(value)]);
  const real = (key: string, value: number): Buffer =>
    Buffer.concat([text(`llama.${key}`), u32(F32), f32(value)]);
  return [
    Buffer.concat([text("general.architecture"), u32(TEXT), text("llama")]),
    Buffer.concat([text("general.name"), u32(TEXT), text("lantern")]),
    count("block_count", config.num_hidden_layers),
    count("context_length", config.max_position_embeddings),
    count("embedding_length", config.hidden_size),
    count("feed_forward_length", config.intermediate_size),
    count("attention.head_count", config.num_attention_heads),
    count("attention.head_count_kv", config.num_key_value_heads),
    count("attention.key_length", config.head_dim),
    count("attention.value_length", config.head_dim),
    count("rope.dimension_count", config.head_dim),
    count("vocab_size", config.vocab_size),
    real("attention.layer_norm_rms_epsilon", config.rms_norm_eps),
    real("rope.freq_base", config.rope_parameters.rope_theta),
  ];
}

function vocabularyOf(config: Config, { model, added_tokens }: Tokenizer): Buffer[] {
  const pieces = Array.from({ length: config.vocab_size }, (_, id) => `[unused${id}]`);
  for (const [piece, id] of Object.entries(model.vocab)) pieces[id] = piece;
  const control = new Set<number>();
  for (const { id, content } of added_tokens) {
    pieces[id] = content;
    control.add(id);
  }
  const kinds = pieces.map((_, id) => u32((control.has(id) ? CONTROL : NORMAL) ?? 0));
  const merges = model.merges.map((pair) => text(pair.join(" ")));
  const list = (key: string, type: number, items: readonly Buffer[]): Buffer =>
    Buffer.concat([text(key), u32(ARRAY), u32(type), u64(items.length), ...items]);
  const id = (key: string, value: number): Buffer =>
    Buffer.concat([text(`tokenizer.ggml.${key}`), u32(U32), u32(value)]);
  return [
    Buffer.concat([text("tokenizer.ggml.model"), u32(TEXT), text("gpt2")]),
    Buffer.concat([text("tokenizer.ggml.pre"), u32(TEXT), text("llama-bpe")]),
    list("tokenizer.ggml.tokens", TEXT, pieces.map(text)),
    list("tokenizer.ggml.token_type", I32, kinds),
    list("tokenizer.ggml.merges", TEXT, merges),
    id("bos_token_id", config.bos_token_id),
    id("eos_token_id", config.eos_token_id),
    Buffer.concat([text("tokenizer.ggml.add_bos_token"), u32(BOOL), Buffer.from([0])]),
  ];
}

function readTensors(file: string, headDim: number): Tensor[] {
  const bytes = readFileSync(file);
  const headerBytes = Number(bytes.readBigUInt64LE());
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes)) as {
    readonly [name: string]: {
      readonly shape?: readonly number[];
      readonly data_offsets: readonly [number, number];
    };
  };
  return Object.entries(header).flatMap(([name, { shape, data_offsets }]) => {
    if (shape === undefined) return [];
    const [from, to] = data_offsets;
    const data = bytes.subarray(8 + headerBytes + from, 8 + headerBytes + to);
    return [tensorOf(name, shape, data, headDim)];
  });
}

function tensorOf(name: string, shape: readonly number[], data: Buffer, headDim: number): Tensor {
  const [, layer, rest = ""] = /^model\.layers\.(\d+)\.(.*)$/u.exec(name) ?? [];
  const known = layer === undefined ? BESIDE[name] : OF_LAYER[rest];
  if (known === undefined) throw new Error(`${name} has no name in GGUF here`);
  const ggufName = layer === undefined ? known : `blk.${layer}.${known}`;
  if (shape.length === 1)
    return { name: ggufName, shape, type: TYPE_F32 ?? 0, bytes: widened(data) };
  const isRotary = rest.startsWith("self_attn.q_proj") || rest.startsWith("self_attn.k_proj");
  const bytes = isRotary ? pairsTogether(data, shape, headDim) : data;
  return { name: ggufName, shape, type: TYPE_BF16 ?? 0, bytes };
}

/** Norms are fp32 in GGUF. */
function widened(bf16: Buffer): Buffer {
  const wide = Buffer.alloc(2 * bf16.length);
  for (let at = 0; at < bf16.length; at += 2) bf16.copy(wide, 2 * at + 2, at, at + 2);
  return wide;
}

/** Rotary pairs are neighbours in llama.cpp and half a head apart in Hugging Face's files. */
function pairsTogether(data: Buffer, shape: readonly number[], headDim: number): Buffer {
  const [rows = 0, columns = 0] = shape;
  const rowBytes = 2 * columns;
  const moved = Buffer.alloc(data.length);
  for (let row = 0; row < rows; row++) {
    const within = row % headDim;
    const from = row - within + (within % 2) * (headDim / 2) + Math.floor(within / 2);
    data.copy(moved, row * rowBytes, from * rowBytes, (from + 1) * rowBytes);
  }
  return moved;
}

function padded(bytes: Buffer): Buffer {
  const more = (ALIGNMENT - (bytes.length % ALIGNMENT)) % ALIGNMENT;
  return more === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(more)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function f32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, "utf8")) as unknown;
}
