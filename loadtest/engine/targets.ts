// What the engine is to reach, each target as a question to the table, and whether it did.
//
// A target that this run or this machine cannot show is "not measurable here", with what was shown
// if anything was: a number from another machine class is no proof either way, nor is one from a
// machine that others used meanwhile, nor a share of a roof that we were above.

import type { Row } from "./rows.ts";
import { rounded } from "../figures.ts";

export interface Verdict {
  readonly target: string;
  readonly shown: number | null;
  readonly status: "met" | "missed" | "not measurable here";
}

/** A figure that is no row: a share, a time. By the name that `lines.ts` gives it. */
export type Lines = { readonly [name: string]: number };

/** What the processor offers at most, as the probe found it. */
export type MachineClass = "amx" | "avx512" | "other";

export function machineClassOf(kinds: readonly string[]): MachineClass {
  if (kinds.includes("amx")) return "amx";
  return kinds.includes("avx512") ? "avx512" : "other";
}

interface Target {
  readonly what: string;
  /** The class of machine it is about; null for all. */
  readonly machine: MachineClass | null;
  readonly atLeast?: number;
  readonly atMost?: number;
  readonly shown: (table: Table) => Shown | null;
}

interface Shown {
  readonly value: number;
  /** Is it about us and whom we are compared with, and nobody else? */
  readonly sound: boolean;
}

/** As much above a roof as rounding and the turn of a probe explain. */
const ABOVE_ROOF_MAX = 1.02;

class Table {
  readonly #rows: readonly Row[];
  readonly lines: Lines;
  constructor(rows: readonly Row[], lines: Lines) {
    this.#rows = rows;
    this.lines = lines;
  }

  row(test: string, of: { model?: string; variant?: string; peer?: string } = {}): Row | null {
    const { model = "1.1b", variant = "bf16", peer } = of;
    const fits = this.#rows.filter(
      (row) =>
        row.model === model &&
        row.test === test &&
        row.threads === 2 &&
        row.variant === variant &&
        (peer === undefined || row.peers[peer] !== undefined),
    );
    return fits[0] ?? null;
  }

  ratio(test: string, peer: string, of: { model?: string; variant?: string } = {}): Shown | null {
    const row = this.row(test, { ...of, peer });
    return shownOf(row?.peers[peer], [row], ["ours", peer]);
  }

  ofRoof(test: string, isa?: string): Shown | null {
    const row = this.row(test);
    if (isa !== undefined && row?.isa !== isa) return null;
    const shown = shownOf(row?.ofRoof, [row], ["ours", "roof"]);
    return shown === null ? null : { ...shown, sound: shown.sound && shown.value < ABOVE_ROOF_MAX };
  }

  /** Step time of `test` to that of batch 1. */
  stepRatio(test: string): Shown | null {
    const one = this.row("decode-1");
    const many = this.row(test);
    const both = typeof one?.stepMs === "number" && typeof many?.stepMs === "number";
    return shownOf(both ? (many.stepMs ?? 0) / (one.stepMs ?? 0) : null, [one, many], ["ours"]);
  }

  /** The better of the two AVX-512 paths: which one that is depends on the processor's maker. */
  avx512(test: string): Shown | null {
    const ratios = ["avx512", "avx512_bf16"].map((variant) =>
      this.ratio(test, "llama.cpp bf16", { variant }),
    );
    const known = ratios.filter((ratio) => ratio !== null);
    return known.toSorted((a, b) => b.value - a.value)[0] ?? null;
  }

  line(name: string): Shown | null {
    const value = this.lines[name];
    return value === undefined ? null : { value, sound: true };
  }
}

function shownOf(
  value: number | null | undefined,
  rows: readonly (Row | null)[],
  figures: readonly string[],
): Shown | null {
  if (value === null || value === undefined) return null;
  const disturbed = rows.flatMap((row) => row?.disturbed ?? []);
  return { value, sound: !disturbed.some((name) => figures.includes(name)) };
}

const amx = (
  what: string,
  bound: { atLeast: number } | { atMost: number },
  shown: Target["shown"],
): Target => ({ what: `1.1b, 2 threads, AMX: ${what}`, machine: "amx", ...bound, shown });

const avx512 = (test: string, atLeast: number): Target => ({
  what: `1.1b, 2 threads, AVX-512 only: ${test} to llama.cpp bf16`,
  ...{ machine: "avx512", atLeast, shown: (table) => table.avx512(test) },
});

const line = (
  what: string,
  name: string,
  bound: { atLeast: number } | { atMost: number },
): Target => ({
  ...{ what, machine: null, ...bound, shown: (table) => table.line(name) },
});

const TARGETS: readonly Target[] = [
  amx("decode-1 of probed bandwidth", { atLeast: 0.9 }, (t) => t.ofRoof("decode-1")),
  amx("decode-1 to llama.cpp bf16", { atLeast: 1.5 }, (t) => t.ratio("decode-1", "llama.cpp bf16")),
  amx("decode-1 to openvino bf16", { atLeast: 1.1 }, (t) => t.ratio("decode-1", "openvino bf16")),
  amx("step of batch 8 to batch 1", { atMost: 1.1 }, (t) => t.stepRatio("decode-8")),
  amx("step of batch 32 to batch 1", { atMost: 1.3 }, (t) => t.stepRatio("decode-32")),
  amx("decode-32 to llama.cpp bf16", { atLeast: 5 }, (t) => t.ratio("decode-32", "llama.cpp bf16")),
  amx("decode-32 to openvino bf16", { atLeast: 1.25 }, (t) =>
    t.ratio("decode-32", "openvino bf16"),
  ),
  amx("decode-32 to vllm", { atLeast: 1.5 }, (t) => t.ratio("decode-32", "vllm bf16")),
  amx("decode-64 to vllm", { atLeast: 1.3 }, (t) => t.ratio("decode-64", "vllm bf16")),
  amx("prefill-512 to llama.cpp bf16", { atLeast: 10 }, (t) =>
    t.ratio("prefill-512", "llama.cpp bf16"),
  ),
  amx("prefill-512 to openvino bf16", { atLeast: 1.8 }, (t) =>
    t.ratio("prefill-512", "openvino bf16"),
  ),
  amx("prefill-512 to vllm", { atLeast: 1.25 }, (t) => t.ratio("prefill-512", "vllm bf16")),
  amx("prefill-512 of the AMX roof", { atLeast: 0.5 }, (t) => t.ofRoof("prefill-512", "amx")),
  amx("decode-1, fp8 weights to our bf16", { atLeast: 1.6 }, (t) =>
    t.ratio("decode-1", "ours bf16", { variant: "fp8 weights" }),
  ),
  amx("decode-1, fp8 weights to llama.cpp q8_0", { atLeast: 1 }, (t) =>
    t.ratio("decode-1", "llama.cpp q8_0", { variant: "fp8 weights" }),
  ),
  avx512("decode-1", 1.1),
  avx512("decode-8", 1.8),
  avx512("decode-32", 1.6),
  avx512("prefill-256", 1.4),
  {
    what: "0.3b at depth 2048: fp8 cache to llama.cpp's q8_0 cache",
    ...{ machine: null, atLeast: 2.2 },
    shown: (t) => t.ratio("decode-1@2048", "llama.cpp bf16, q8_0 cache", DEEP),
  },
  {
    what: "0.3b at depth 2048: fp8 cache to our bf16 cache",
    ...{ machine: null, atLeast: 1 },
    shown: (t) => t.ratio("decode-1@2048", "ours bf16", DEEP),
  },
  line("two threads to one under 60 % outside load", "loadedTwoToOne", { atLeast: 1 }),
  line("prefix hits of what is shareable", "prefixHits", { atLeast: 0.95 }),
  line("allocator's share of step time", "allocatorShare", { atMost: 0.02 }),
  line("fp8 encoding of one decode query, ms", "fp8TokenMs", { atMost: 1 }),
  line("all-reduce of 8 MB across 4 ranks, ms", "allReduceMs", { atMost: 10 }),
];
const DEEP = { model: "0.3b", variant: "fp8 cache" };

/** Every target with what the run showed, in the order above. */
export function verdictsOf(
  rows: readonly Row[],
  lines: Lines,
  machine: MachineClass,
): readonly Verdict[] {
  const table = new Table(rows, lines);
  return TARGETS.map((target) => {
    const shown = target.shown(table);
    const sign = target.atLeast === undefined ? `≤ ${target.atMost}` : `≥ ${target.atLeast}`;
    const applies = target.machine === null || target.machine === machine;
    const met =
      shown !== null &&
      shown.value >= (target.atLeast ?? -Infinity) &&
      shown.value <= (target.atMost ?? Infinity);
    const measured = shown !== null && shown.sound && applies;
    return {
      target: `${target.what} ${sign}`,
      shown: shown === null ? null : rounded(shown.value, 3),
      status: !measured ? "not measurable here" : met ? "met" : "missed",
    };
  });
}
