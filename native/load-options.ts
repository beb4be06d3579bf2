// What loading takes when a caller does not say, and what it refuses before anything is opened. The
// engine checks what depends on the model or the machine.

import type { EngineOptions } from "./engine.ts";
import { EngineFailure } from "./errors.ts";

/** The model's folder, and what differs from ENGINE_DEFAULTS. */
export type LoadOptions = Pick<EngineOptions, "folder"> & Partial<EngineOptions>;

export const ENGINE_DEFAULTS: Readonly<Omit<EngineOptions, "folder">> = {
  device: "cpu",
  kernels: null,
  isa: null,
  weights: "bf16",
  cache: "bf16",
  ranks: 1,
  threads: null,
  pin: true,
  cacheBytes: null,
  stepTokens: 512,
  sequencesMax: 64,
  waitingMax: 1024,
  contextMax: null,
  prefixCache: true,
  spillFolder: null,
  spillBytes: 0,
  stallMs: 1800,
};

const INT32_MAX = 2 ** 31 - 1;
/** The engine's own bounds (native/batch/engine_options.cpp). */
const THREADS_MAX = 4096;
const STEP_TOKENS_MAX = 2 ** 20;
/** Bytes a machine could hold; what it has, the engine finds out. */
const BYTES_MAX = 2 ** 50;
const WEIGHTS: readonly unknown[] = ["bf16", "fp8"];
const CACHES: readonly unknown[] = ["bf16", "fp8", "f32"];
const RANKS: readonly unknown[] = [1, 2, 4];

/** Throws `invalid_request` naming the option. */
export function completeOptions(given: LoadOptions): EngineOptions {
  const unknown = Object.keys(given).find(
    (name) => name !== "folder" && !Object.hasOwn(ENGINE_DEFAULTS, name),
  );
  if (unknown !== undefined) refuse(unknown, "is no option of the engine");
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  const options = { ...ENGINE_DEFAULTS, ...Object.fromEntries(present) } as EngineOptions;
  if (typeof options.folder !== "string" || options.folder === "") {
    refuse("folder", "must name a model's folder");
  }
  if (!/^(?:cpu|cuda:\d{1,3})$/u.test(options.device)) {
    refuse("device", "must be cpu or cuda:N");
  }
  text("kernels", options.kernels);
  text("isa", options.isa);
  text("spillFolder", options.spillFolder);
  oneOf("weights", options.weights, WEIGHTS);
  oneOf("cache", options.cache, CACHES);
  oneOf("ranks", options.ranks, RANKS);
  flag("pin", options.pin);
  flag("prefixCache", options.prefixCache);
  if (options.threads !== null) whole("threads", options.threads, 1, THREADS_MAX);
  if (options.cacheBytes !== null) whole("cacheBytes", options.cacheBytes, 1, BYTES_MAX);
  if (options.contextMax !== null) whole("contextMax", options.contextMax, 1, INT32_MAX);
  whole("stepTokens", options.stepTokens, 1, STEP_TOKENS_MAX);
  whole("sequencesMax", options.sequencesMax, 1, INT32_MAX);
  whole("waitingMax", options.waitingMax, 0, INT32_MAX);
  whole("spillBytes", options.spillBytes, 0, BYTES_MAX);
  whole("stallMs", options.stallMs, 1, INT32_MAX);
  return options;
}

function refuse(name: string, why: string): never {
  throw new EngineFailure("invalid_request", `${name} ${why}`);
}

function oneOf(name: string, value: unknown, allowed: readonly unknown[]): void {
  if (!allowed.includes(value)) refuse(name, `must be one of ${allowed.join(", ")}`);
}

function flag(name: string, value: unknown): void {
  if (typeof value !== "boolean") refuse(name, "must be true or false");
}

function text(name: string, value: unknown): void {
  if (value !== null && (typeof value !== "string" || value === "")) {
    refuse(name, "must be a text that is not empty, or null");
  }
}

function whole(name: string, value: number, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || value < min || value > max) {
    refuse(name, `must be a whole number from ${min} to ${max}`);
  }
}
