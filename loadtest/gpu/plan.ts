// What is asked of the driver, in order: roofs, whether results are right, then what is held
// against the roofs.

import { join } from "node:path";

import { configOf } from "../engine/model-shapes.ts";
import { shapeNamed, type GpuShape } from "./shapes.ts";

/** One line of the protocol (README.md). */
export type GpuRequest = { readonly test: string } & {
  readonly [key: string]: string | number;
};

export interface PlanOptions {
  readonly shape: GpuShape;
  readonly quick: boolean;
  /** The folder of the committed models, as the driver will find it. */
  readonly models: string;
}

const CACHES = ["bf16", "fp8"] as const;
/** Layers of attention alone: with 32 sequences of 2,048 tokens more than twice what L2 holds. */
const ATTENTION_LAYERS = 4;
/** Steps of a decode test that are timed. */
const STEPS = 16;
/** Committed models that the kernels take, each with something of its own. */
const MODELS = [
  "lantern",
  "random/llama-gqa",
  "random/llama-ranks",
  "random/qwen2",
  "random/qwen3",
];
const LOADED = "13b";

export function planOf(options: PlanOptions): GpuRequest[] {
  const { shape, quick } = options;
  const isTiny = shape.name === "tiny";
  return [
    ...roofs(shape),
    // Before a model's cache takes all memory that is left.
    ...agreement(options),
    ...attention(shape, quick),
    ...CACHES.flatMap((cache) => model(options, cache)),
    ...(quick || isTiny ? [] : load()),
    // No GPU has run it yet, and one that stands still or faults there does nothing any more.
    matrix(shape, "promptProduct"),
  ];
}

function roofs(shape: GpuShape): GpuRequest[] {
  return [
    { test: "copy", bytes: shape.copyBytes },
    { test: "upload", bytes: shape.copyBytes / 2 },
    matrix(shape, "weightProduct"),
  ];
}

function matrix(shape: GpuShape, kernel: string): GpuRequest {
  return { test: "matrix", size: shape.matrix, kernel };
}

function attention(shape: GpuShape, quick: boolean): GpuRequest[] {
  const batches = shape.batches.filter((batch) => batch > 1);
  const [context = 0] = shape.contexts;
  return CACHES.flatMap((cache) =>
    (quick ? batches.slice(0, 2) : batches).map((batch) => ({
      ...{ test: "attention", name: shape.name, config: textOf(shape), cache, batch, context },
      layers: Math.min(ATTENTION_LAYERS, shape.layers),
    })),
  );
}

function model({ shape, quick }: PlanOptions, cache: string): GpuRequest[] {
  const contexts = quick ? shape.contexts.slice(0, 1) : shape.contexts;
  const steps = Math.min(STEPS, Math.floor(Math.min(...contexts) / 20));
  return [
    {
      ...{ test: "model", name: shape.name, config: textOf(shape), cache, rows: shape.prefill },
      ...{ sequences: Math.max(...shape.batches), context: Math.max(...contexts) },
      fileBytes: shape.fileBytes,
    },
    ...contexts.flatMap((context) =>
      shape.batches.map((batch) => ({ test: "decode", batch, context, steps })),
    ),
    // Prompts read no cache but their own: one dtype of it says it all.
    ...(cache === "bf16"
      ? [{ test: "prefill", tokens: shape.prefill, steps: shape.name === "tiny" ? 1 : 5 }]
      : []),
  ];
}

function agreement({ shape, quick, models }: PlanOptions): GpuRequest[] {
  const isTiny = shape.name === "tiny";
  const [bundled = "", ...others] = MODELS.map((name) => join(models, name));
  const folders = isTiny ? others.slice(0, 1) : quick ? [bundled] : [bundled, ...others];
  const greedy = isTiny ? { tokens: 2, prompts: 1 } : { tokens: 24, prompts: 4 };
  const text = isTiny ? { sequences: 1, tokens: 4 } : { sequences: 8, tokens: 1024 };
  return [
    ...folders.flatMap((folder) =>
      CACHES.map((cache) => ({ test: "greedy", folder, cache, ...greedy })),
    ),
    ...CACHES.map((cache) => ({ test: "perplexity", folder: bundled, cache, ...text })),
  ];
}

/** From the page cache to a model that can answer; its steps are nobody's question. */
function load(): GpuRequest[] {
  const shape = shapeNamed(LOADED);
  if (shape === undefined) return [];
  const { fileBytes } = shape;
  const sizes = { sequences: 1, context: 2048, rows: 512 };
  return [
    { test: "model", name: LOADED, config: textOf(shape), cache: "bf16", ...sizes, fileBytes },
  ];
}

function textOf(shape: GpuShape): string {
  return JSON.stringify(configOf(shape));
}
