// What make-model writes, read back byte by byte: the safetensors file against its header, the GGUF
// file by a small parser of its own, and both against each other.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { writeModel } from "./model-files.ts";
import { elementsOf, MODEL_SHAPES, parametersOf, tensorsOf } from "./model-shapes.ts";
import { bf16Value } from "./random-weights.ts";

const TINY = {
  ...{ name: "tiny", hidden: 96, inter: 160, layers: 2, heads: 6, kvHeads: 2, headDim: 16 },
  ...{ vocab: 101, positions: 64 },
};

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "signalbox-model-"));
  writeModel(TINY, join(root, "a"));
});
afterAll(() => rmSync(root, { recursive: true }));

interface SafeTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function readSafetensors(folder: string): Map<string, Uint16Array> {
  const bytes = readFileSync(join(folder, "model.safetensors"));
  const headLength = Number(bytes.readBigUInt64LE(0));
  expect((8 + headLength) % 64).toBe(0);
  const head = JSON.parse(bytes.toString("utf8", 8, 8 + headLength)) as {
    [name: string]: SafeTensor;
  };
  const tensors = new Map<string, Uint16Array>();
  let expected = 0;
  for (const [name, tensor] of Object.entries(head)) {
    if (name === "__metadata__") continue;
    const [begin, end] = tensor.data_offsets;
    expect([tensor.dtype, begin]).toEqual(["BF16", expected]);
    expect(end - begin).toBe(2 * tensor.shape.reduce((a, b) => a * b, 1));
    const at = 8 + headLength + begin;
    tensors.set(name, new Uint16Array(bytes.buffer.slice(at, 8 + headLength + end)));
    expected = end;
  }
  expect(bytes.length).toBe(8 + headLength + expected);
  return tensors;
}

/** GGUF as its specification reads: fields and tensors of a file. */
function readGguf(path: string): {
  fields: Map<string, number | string>;
  tensors: Map<string, { dims: number[]; type: number; bytes: Buffer }>;
} {
  const file = readFileSync(path);
  let at = 4;
  const u32 = (): number => file.readUInt32LE((at += 4) - 4);
  const u64 = (): number => Number(file.readBigUInt64LE((at += 8) - 8));
  const text = (): string => {
    const length = u64();
    return file.toString("utf8", at, (at += length));
  };
  expect([file.toString("latin1", 0, 4), u32()]).toEqual(["GGUF", 3]);
  const tensorCount = u64();
  const fieldCount = u64();
  const fields = new Map<string, number | string>();
  for (let i = 0; i < fieldCount; i++) {
    const key = text();
    const type = u32();
    if (type === 8) fields.set(key, text());
    else if (type === 4) fields.set(key, u32());
    else if (type === 6) fields.set(key, file.readFloatLE((at += 4) - 4));
    else throw new Error(`${key} is of type ${type}`);
  }
  const entries = Array.from({ length: tensorCount }, () => {
    const name = text();
    const dims = Array.from({ length: u32() }, u64);
    return { name, dims, type: u32(), offset: u64() };
  });
  const start = Math.ceil(at / 32) * 32;
  const tensors = new Map(
    entries.map(({ name, dims, type, offset }) => {
      expect(offset % 32).toBe(0);
      const length = dims.reduce((a, b) => a * b, 1) * (type === 0 ? 4 : 2);
      const bytes = file.subarray(start + offset, start + offset + length);
      expect(bytes.length).toBe(length);
      return [name, { dims, type, bytes }];
    }),
  );
  return { fields, tensors };
}

test("the safetensors file holds every tensor of the shape, one behind the other", () => {
  const tensors = readSafetensors(join(root, "a"));
  expect([...tensors.keys()]).toEqual(tensorsOf(TINY).map(({ name }) => name));
  for (const tensor of tensorsOf(TINY)) {
    expect(tensors.get(tensor.name)!.length).toBe(elementsOf(tensor));
  }
});

test("matrices are normal with deviation 0.02 and norms are ones", () => {
  const tensors = readSafetensors(join(root, "a"));
  const values = [...tensors.get("model.layers.1.mlp.up_proj.weight")!].map(bf16Value);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  const beyondTwo = values.filter((value) => Math.abs(value) > 0.04).length / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.0006);
  expect(Math.abs(deviation - 0.02)).toBeLessThan(0.0005);
  expect(Math.abs(beyondTwo - 0.0455)).toBeLessThan(0.006);
  expect(new Set([...tensors.get("model.norm.weight")!].map(bf16Value))).toEqual(new Set([1]));
});

test("no two tensors and no two seeds share their weights", () => {
  const tensors = readSafetensors(join(root, "a"));
  const heads = [...tensors]
    .filter(([name]) => !name.includes("norm"))
    .map(([, bits]) => bits.slice(0, 32).join(" "));
  expect(new Set(heads).size).toBe(heads.length);
  writeModel(TINY, join(root, "two"), 2);
  const other = readSafetensors(join(root, "two"));
  expect(other.get("lm_head.weight")).not.toEqual(tensors.get("lm_head.weight"));
});

test("the same seed gives these very bytes on every machine", () => {
  const digest = (file: string): string =>
    createHash("sha256")
      .update(readFileSync(join(root, "a", file)))
      .digest("hex");
  expect([digest("model.safetensors"), digest("bf16.gguf")]).toMatchInlineSnapshot(`
    [
      "39e303bbc8b60b4763ac15317bd70edfd705db2498bf94d503d5e121488f2190",
      "1a30b9926afd183e924c38d28c2215317cbc7e9400c9d8062ec7e9e24812c23d",
    ]
  `);
});

test("GGUF holds the same weights, q and k with their rotary pairs side by side", () => {
  const ours = readSafetensors(join(root, "a"));
  const { fields, tensors } = readGguf(join(root, "a", "bf16.gguf"));
  expect(fields.get("llama.attention.head_count_kv")).toBe(2);
  expect(fields.get("llama.vocab_size")).toBe(101);
  for (const { name, ggufName, shape } of tensorsOf(TINY)) {
    const theirs = tensors.get(ggufName)!;
    expect(theirs.dims).toEqual(shape.toReversed());
    if (shape.length === 1) {
      expect(theirs.type).toBe(0);
      expect(theirs.bytes.readFloatLE(0)).toBe(1);
      continue;
    }
    expect(theirs.type).toBe(30);
    const [rows = 0, columns = 0] = shape;
    const row = (at: number): number[] =>
      Array.from({ length: columns }, (_, i) => theirs.bytes.readUInt16LE(2 * (at * columns + i)));
    const heads = /(?:attn_q|attn_k)\.weight$/.test(ggufName) ? rows / 16 : 0;
    for (let at = 0; at < rows; at++) {
      // Pair j of head h: rows 2j and 2j + 1 there, j and j + 8 here.
      const [h, j, half] = [Math.floor(at / 16), Math.floor((at % 16) / 2), at % 2];
      const from = heads === 0 ? at : h * 16 + half * 8 + j;
      expect(row(at)).toEqual([...ours.get(name)!.slice(from * columns, (from + 1) * columns)]);
    }
  }
});

test("a folder that is there is left alone, and nothing half-written stays", () => {
  expect(() => writeModel(TINY, join(root, "a"))).toThrow();
  expect(existsSync(join(root, `a.${process.pid}.new`))).toBe(false);
});

test("the models have the sizes they are named after", () => {
  const billions = MODEL_SHAPES.map((shape) => (parametersOf(shape) / 1e9).toFixed(1));
  expect(billions.map((size) => `${size}b`)).toEqual(MODEL_SHAPES.map(({ name }) => name));
});
