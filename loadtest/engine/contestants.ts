// Who can take part: our engine in its variants, and the peers that peers.sh has made.

import { existsSync } from "node:fs";
import { join } from "node:path";

import type { Contestant } from "./contest.ts";
import { bf16Gguf, openvinoFolder, q8Gguf } from "./model-cache.ts";

const READY_MS_MAX = 300_000;
/** A byte, and a scale of two for the 64 elements of a head. */
const FP8_CACHE_BYTES = 1 + 2 / 64;
const DRIVERS = join(import.meta.dirname, "peers");

/** A model that lies ready, and the threads everybody gets. */
export interface Seat {
  readonly folder: string;
  readonly threads: number;
}

export interface OursOptions {
  readonly weights?: "fp8";
  readonly kv?: "fp8";
  readonly isa?: string;
}

/** Our engine by its own driver, native/bench/bench_main.cpp. */
export function ours(driver: string, seat: Seat, options: OursOptions = {}): Contestant {
  const { weights, kv, isa } = options;
  const variant = isa ?? (weights === "fp8" ? "fp8 weights" : kv === "fp8" ? "fp8 cache" : "bf16");
  const extra = [
    ...(weights === undefined ? [] : ["--weights", weights]),
    ...(kv === undefined ? [] : ["--kv", kv]),
    ...(isa === undefined ? [] : ["--isa", isa]),
  ];
  return {
    name: `ours ${variant}`,
    ours: { variant, cacheBytes: kv === "fp8" ? FP8_CACHE_BYTES : 2 },
    prepare: async () => ({
      argv: [driver, ...seatOptions(seat), ...extra],
      readyMsMax: READY_MS_MAX,
    }),
    skip: [],
  };
}

export interface PeerOptions {
  readonly weights: "bf16" | "q8_0" | "int8";
  readonly kv?: "f16" | "q8_0";
}

/** Peers in `dir` that are complete; none without a folder. */
export class Peers {
  readonly #dir: string | null;
  constructor(dir: string | null) {
    this.#dir = dir;
  }

  /** llama.cpp needs seconds a step at batch 64, and no target asks for it. */
  llama(seat: Seat, { weights, kv }: PeerOptions): Contestant[] {
    const driver = this.#path("llama.cpp", "driver");
    if (driver === null) return [];
    return [
      {
        name: `llama.cpp ${weights}${kv === "q8_0" ? ", q8_0 cache" : ""}`,
        ours: null,
        prepare: async () => {
          const model =
            weights === "q8_0" ? await q8Gguf(seat.folder, driver) : bf16Gguf(seat.folder);
          const argv = [driver, ...seatOptions({ ...seat, folder: model }), "--kv", kv ?? "f16"];
          return { argv, readyMsMax: READY_MS_MAX };
        },
        skip: ["decode-64"],
      },
    ];
  }

  openvino(seat: Seat, weights: "bf16" | "int8"): Contestant[] {
    const python = this.#path("openvino", "venv/bin/python");
    if (python === null) return [];
    const driver = [python, join(DRIVERS, "openvino_driver.py")];
    return [
      {
        name: `openvino ${weights}`,
        ours: null,
        prepare: async () => {
          const folder = await openvinoFolder(seat.folder, weights, driver);
          const argv = [...driver, ...seatOptions({ ...seat, folder }), "--weights", weights];
          return { argv, readyMsMax: READY_MS_MAX };
        },
        skip: [],
      },
    ];
  }

  vllm(seat: Seat): Contestant[] {
    const python = this.#path("vllm", "venv/bin/python");
    if (python === null) return [];
    const argv = [python, join(DRIVERS, "vllm_driver.py"), ...seatOptions(seat)];
    return [
      {
        ...{ name: "vllm bf16", ours: null, skip: [] },
        prepare: async () => ({ argv, readyMsMax: READY_MS_MAX }),
      },
    ];
  }

  #path(peer: string, file: string): string | null {
    const complete = this.#dir !== null && existsSync(join(this.#dir, peer, "version"));
    return complete ? join(this.#dir ?? "", peer, file) : null;
  }
}

function seatOptions(seat: Seat): string[] {
  return ["--model", seat.folder, "--threads", String(seat.threads)];
}
