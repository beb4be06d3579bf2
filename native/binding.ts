// Finds and loads the addon: the file made from native/binding/*.cpp. Nothing is thrown when this
// is imported or when there is no addon: `whyNoEngine` says it in words.
//
// What crosses is complete and typed here, in the order of native/include/engine/engine.h: no field
// is ever absent, token ids are Int32Array, and zero or "" stands for "the engine decides".

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";

import { EngineFailure } from "./errors.ts";
import type { KvDtype, KvEvent, EngineStats, Execution, LoadPhase, WeightDtype } from "./engine.ts";

/** What the addon says of itself; native/binding/describe.cpp. */
export interface AddonFacts {
  /** Raised with every change of what crosses. */
  readonly bindingVersion: number;
  /** Names by the numbers that output records carry. */
  readonly errorCodes: readonly string[];
  readonly finishReasons: readonly string[];
  /** The instruction paths that were built, each with the reason why it cannot run here. */
  readonly paths: readonly { readonly name: string; readonly whyNotHere: string | null }[];
  /** The path that is taken when none is named; null when none can run. */
  readonly fastest: string | null;
  readonly numerics: string | null;
}

export interface AddonOptions {
  readonly folder: string;
  readonly device: string;
  readonly kernels: string;
  readonly isa: string;
  readonly weights: WeightDtype;
  readonly cache: KvDtype;
  readonly ranks: number;
  readonly threads: number;
  readonly pin: boolean;
  readonly cacheBytes: number;
  readonly stepTokens: number;
  readonly sequencesMax: number;
  readonly waitingMax: number;
  readonly contextMax: number;
  readonly prefixCache: boolean;
  readonly spillFolder: string;
  readonly spillBytes: number;
  readonly stallMs: number;
}

export interface AddonRequest {
  readonly id: number;
  readonly prompt: Int32Array;
  readonly resume: Int32Array;
  readonly cacheSalt: string;
  readonly priority: number;
  readonly masked: boolean;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly biasTokens: Int32Array;
  readonly biases: Float32Array;
  readonly stopIds: Int32Array;
  readonly ignoreEos: boolean;
  readonly minTokens: number;
  readonly maxTokens: number;
  readonly seed: number;
  /** -1: none at all. */
  readonly logprobs: number;
}

export interface AddonSummary {
  readonly config: {
    readonly family: string;
    readonly layers: number;
    readonly hidden: number;
    readonly intermediate: number;
    readonly heads: number;
    readonly kvHeads: number;
    readonly headDim: number;
    readonly vocab: number;
    readonly contextMax: number;
    readonly tiedEmbeddings: boolean;
    readonly eosIds: readonly number[];
    readonly bosId: number | null;
    readonly temperature: number | null;
    readonly topK: number | null;
    readonly topP: number | null;
    readonly minP: number | null;
    readonly repetitionPenalty: number | null;
  };
  readonly facts: Omit<Execution, "build">;
  readonly contextMax: number;
  readonly parameters: number;
  readonly waterfall: readonly LoadPhase[];
}

/** A GPU as NVML tells of it; what it does not tell is null. native/device/nvml.h. */
export interface Device {
  /** As nvidia-smi counts: by PCI bus, which need not be CUDA's order. */
  readonly index: number;
  readonly uuid: string | null;
  readonly name: string | null;
  readonly busId: string | null;
  /** UUIDs of the MIG devices that it is cut into. */
  readonly migs: readonly string[];
  readonly memoryTotalBytes: number | null;
  readonly memoryUsedBytes: number | null;
  readonly utilisationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly watts: number | null;
  /** Uncorrected memory errors since the driver was loaded. */
  readonly eccUncorrected: number | null;
  /** By code, since this process first read it. */
  readonly xids: readonly Xid[];
  /** It has fallen off the bus. */
  readonly isLost: boolean;
  /** Why nothing is known of it. */
  readonly refused: string | null;
}

export interface Xid {
  readonly code: number;
  readonly count: number;
  /** Of the last one. */
  readonly ageMs: number;
}

export interface AddonDevices {
  /** Counts readings, from 1. */
  readonly number: number;
  readonly ageMs: number;
  /** Why there is nothing to read, as a sentence; null: there is. */
  readonly missing: string | null;
  readonly driver: string | null;
  readonly devices: readonly Device[];
}

/** What happened since the last call; native/door/door.h has the order. */
export interface AddonNews {
  readonly progress: {
    readonly phase: string;
    readonly done: number;
    readonly total: number;
    readonly seconds: number;
  } | null;
  readonly loaded: AddonSummary | null;
  readonly failure: Error | null;
  readonly outputs: ArrayBuffer | null;
  readonly closed: boolean;
}

/** An engine of the addon's; only its functions can look inside. */
export type AddonHandle = object & { readonly __engine: never };

/** Every function throws a TypeError for arguments of another type, and an Error with `code`. */
export interface Addon {
  describe(): AddonFacts;
  /** Begins a reading of the GPUs unless one is under way; its number. Never waits. */
  readDevices(): number;
  /** The last one that has ended; null before the first. */
  devices(): AddonDevices | null;
  checkModel(folder: string): Promise<AddonSummary>;
  checkDevice(device: string, kernels: string): Promise<null>;
  load(options: AddonOptions, onNews: (news: AddonNews) => void): AddonHandle;
  submit(engine: AddonHandle, request: AddonRequest): void;
  abort(engine: AddonHandle, request: number): void;
  allowTokens(engine: AddonHandle, request: number, index: number, mask: Uint32Array): void;
  stats(engine: AddonHandle): EngineStats;
  kvEvents(engine: AddonHandle, from: number): readonly KvEvent[];
  clearPrefixCache(engine: AddonHandle): void;
  unload(engine: AddonHandle): void;
}

/** Names another addon than the package's own: one with a sanitizer, or one built elsewhere. */
export const ADDON_VARIABLE = "SIGNALBOX_ENGINE";

const BINDING_VERSION = 2;
const FILE_NAME = "signalbox_engine.node";

/** In a clone this file is native/binding.ts, in the package dist/native/binding.js. */
const IN_CLONE = import.meta.filename.endsWith(".ts");
const PACKAGE_ROOT = resolve(import.meta.dirname, IN_CLONE ? ".." : join("..", ".."));

type Loaded =
  | { readonly addon: Addon; readonly facts: AddonFacts; readonly path: string; readonly why: null }
  | { readonly addon: null; readonly why: string };

type Found =
  | Extract<Loaded, { why: null }>
  | { readonly addon: null; readonly why: string; readonly wayOut: string };

/** The engine of this machine, or why there is none and what to do about it. */
export type EngineHere =
  | {
      readonly path: string;
      readonly build: string;
      readonly isa: string | null;
      readonly numerics: string | null;
      readonly why: null;
    }
  | { readonly why: string; readonly wayOut: string };

export function engineHere(): EngineHere {
  const found = findAddon();
  if (found.addon === null) return { why: found.why, wayOut: found.wayOut };
  const { path, facts } = found;
  return { path, build: buildOf(path), isa: facts.fastest, numerics: facts.numerics, why: null };
}

const BUILD_DIGITS = 12;

/**
 * Which build of the addon lies at `path`: two of one version, from other sources or another
 * compiler, may differ in bits. Of the file as it is now; loaded is what was there when this
 * process first asked.
 */
export function buildOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, BUILD_DIGITS);
}

/** Where `build:cuda` leaves the machine code of an addon's kernels: beside the folder it lies in. */
export function kernelsOf(path: string): string {
  return join(dirname(path), "..", "cuda");
}

/** The addon, or why there is none and the way out. Node keeps what it has loaded. */
export function findAddon(): Found {
  const named = process.env[ADDON_VARIABLE];
  const places = named === undefined || named === "" ? ownPlaces() : [resolve(named)];
  const refusals: string[] = [];
  for (const path of places.filter((place) => existsSync(place))) {
    const found = loadAddon(path);
    if (found.addon !== null) return found;
    refusals.push(found.why);
  }
  if (named !== undefined && refusals.length === 0) {
    refusals.push(`${ADDON_VARIABLE} names ${places.join()}, which is not there`);
  }
  return { addon: null, ...whyNone(refusals) };
}

/** Null where the engine can be loaded; else a sentence that names the way out. */
export function whyNoEngine(): string | null {
  const found = engineHere();
  return found.why === null ? null : `${found.why}; ${found.wayOut}`;
}

/** Throws `unavailable` with the words of whyNoEngine. */
export function requireAddon(): Extract<Loaded, { why: null }> {
  const found = findAddon();
  if (found.addon !== null) return found;
  throw new EngineFailure("unavailable", `${found.why}; ${found.wayOut}`);
}

/** What was built here goes before what was shipped. */
function ownPlaces(): string[] {
  const built = join(PACKAGE_ROOT, "build", "native", FILE_NAME);
  const shipped = join(PACKAGE_ROOT, "prebuilt", `${process.platform}-${process.arch}`, FILE_NAME);
  return IN_CLONE ? [built] : [built, shipped];
}

function loadAddon(path: string): Loaded {
  if (!path.endsWith(".node")) return { addon: null, why: `${path} is no .node file` };
  try {
    const addon = createRequire(import.meta.url)(path) as Addon;
    const facts = addon.describe();
    if (facts.bindingVersion === BINDING_VERSION) return { addon, facts, path, why: null };
    return { addon: null, why: `${path} was built from other sources` };
  } catch (reason) {
    // What the dynamic loader says names the file, and the library or version that it misses.
    return { addon: null, why: reason instanceof Error ? reason.message : String(reason) };
  }
}

function whyNone(refusals: readonly string[]): { readonly why: string; readonly wayOut: string } {
  if (process.platform !== "linux") {
    const why = `the engine runs on Linux, not on ${process.platform}`;
    return { why, wayOut: "serve models from a Linux machine" };
  }
  const needs = "a C++20 compiler and CMake 3.20 (Debian: apt-get install g++ cmake)";
  return {
    why:
      refusals.length === 0
        ? "the engine is not built here"
        : `the engine cannot be loaded: ${refusals.join("; ")}`,
    wayOut: IN_CLONE
      ? `run \`npm run build:native\`, which needs ${needs}`
      : `\`npm rebuild signalbox\` builds it where there are ${needs}`,
  };
}
