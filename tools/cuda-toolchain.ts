// Where the CUDA compiler is: the one that CUDACXX names, or the pinned one of `setup -- cuda`.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

import { inPath } from "./native-toolchain.ts";

export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly megabytes: number;
  readonly sha256: string;
}

export interface WheelPins {
  /** Of CUDA: that of driver branch 580, the last whose PTX that driver compiles. */
  readonly release: string;
  readonly wheels: readonly Wheel[];
}

export interface CudaToolchain {
  /** Paths. */
  readonly nvcc: string;
  readonly cuobjdump: string;
}

export const WHEEL_PINS = JSON.parse(
  readFileSync(join(import.meta.dirname, "cuda-wheels.json"), "utf8"),
) as WheelPins;

/** The user's cache: what setup fetches is there. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env["SIGNALBOX_CACHE"] ||
    join(env["XDG_CACHE_HOME"] || join(env["HOME"] || homedir(), ".cache"), "signalbox")
  );
}

/** The folder of the pinned toolchain: other pins, another folder. It is there whole or not. */
export function pinnedToolkit(cache: string, pins: WheelPins = WHEEL_PINS): string {
  const hash = createHash("sha256").update(JSON.stringify(pins.wheels)).digest("hex");
  return join(cache, `cuda-${pins.release}-${hash.slice(0, 12)}`);
}

/** The toolchain, or a sentence that says why there is none and what to do. */
export function findCudaToolchain(env: NodeJS.ProcessEnv = process.env): CudaToolchain | string {
  const named = env["CUDACXX"];
  const home = pinnedToolkit(cacheFolder(env));
  const nvcc = named || join(home, "bin", "nvcc");
  if (!existsSync(nvcc)) {
    return named
      ? `CUDACXX names ${nvcc}, which is not there`
      : "no CUDA compiler is here: `npm run setup -- cuda` fetches one (110 MB, without root)";
  }
  const beside = join(dirname(nvcc), "cuobjdump");
  const cuobjdump = existsSync(beside) ? beside : join(home, "bin", "cuobjdump");
  if (!existsSync(cuobjdump)) {
    return `${nvcc} has no cuobjdump beside it: \`npm run setup -- cuda\` fetches one`;
  }
  if (!env["NVCC_CCBIN"] && inPath("gcc", env) === null) {
    return "nvcc preprocesses with gcc, which is not in PATH (Debian: g++; NVCC_CCBIN names another)";
  }
  return { nvcc, cuobjdump };
}
