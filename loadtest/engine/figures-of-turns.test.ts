// From samples to a verdict: medians, outside load, roofs, rows and targets.

import { expect, test } from "vitest";

import {
  decodeTest,
  prefillTest,
  requestOf,
  roofSeconds,
  testName,
  tokensPerStep,
  workOf,
} from "./engine-tests.ts";
import { MODEL_SHAPES, stepWeightBytesOf } from "./model-shapes.ts";
import { outsideShare, processorTimesOf } from "./outside-load.ts";
import { readWorkload, PREFIX_WORKLOAD, shareableTokens } from "./prefix-workload.ts";
import { middleRoofs, rowsOf, type Entrant, type RoofSample, type Row } from "./rows.ts";
import { middle, summaryOf } from "./samples.ts";
import { machineClassOf, verdictsOf } from "./targets.ts";

const large = MODEL_SHAPES.find(({ name }) => name === "1.1b")!;

test("the middle of an even number of values lies between two of them", () => {
  expect(middle([5, 1, 3])).toBe(3);
  expect(middle([4, 1, 2, 10])).toBe(3);
  expect(middle([])).toBeNaN();
});

test("disturbed samples are left out where three quiet ones are there", () => {
  const quiet = [1, 2, 3].map((stepSeconds) => ({ stepSeconds, outside: 0.02 }));
  const disturbed = { stepSeconds: 100, outside: 0.5 };
  const counted = summaryOf([...quiet, disturbed, disturbed]);
  expect(counted).toMatchObject({ stepSeconds: 2, samples: 3 });
  expect(counted?.outside).toBeCloseTo(0.02);
  expect(summaryOf([...quiet.slice(1), disturbed])).toMatchObject({ stepSeconds: 3, samples: 3 });
  expect(summaryOf([])).toBeNull();
});

test("a disturbed probe is no roof either", () => {
  const sample = (gbPerSecond: number, outside: number) => ({
    ...{ gbPerSecond, outside, gflops: { amx: 1 } },
  });
  const middleRead = (samples: RoofSample[]) => middleRoofs(samples, "amx").gbPerSecond;
  const quiet = [28, 29, 30].map((gbPerSecond) => sample(gbPerSecond, 0.01));
  expect(middleRead([...quiet, ...[5, 6, 7].map((low) => sample(low, 0.4))])).toBe(29);
  expect(middleRead([sample(8, 0.4), sample(10, 0.4)])).toBe(9);
});

test("each path of ours is held to its own arithmetic", () => {
  const roofs = [{ gbPerSecond: 1000, gflops: { avx512: 100, avx512_bf16: 200 }, outside: 0 }];
  expect(middleRoofs(roofs, "avx512_bf16").gflops).toBe(200);
  expect(middleRoofs(roofs, "amx").gflops).toBe(100);
  const of = (isa: string) => ({ ...entrant(`ours ${isa}`, [1], isa), isa });
  const rows = rowsOf({
    ...{ shape: large, threads: 2, test: prefillTest(256), roofs },
    entrants: [of("avx512"), of("avx512_bf16")],
  });
  expect((rows[0]?.ofRoof ?? 0) / (rows[1]?.ofRoof ?? 1)).toBeCloseTo(2, 2);
});

test("one disturbed figure marks its row, by name", () => {
  const loud = { ...entrant("peer", [0.1]), samples: [{ stepSeconds: 0.1, outside: 0.39 }] };
  const quiet = [entrant("ours bf16", [0.08], "bf16"), entrant("other", [0.2])];
  const [row] = rowsOf({ ...turns, entrants: [...quiet, loud] });
  expect(row).toMatchObject({ outside: 0.39, disturbed: ["peer"] });
  const [all] = rowsOf({
    ...turns,
    entrants: quiet,
    roofs: [{ gbPerSecond: 30, gflops: { amx: 4000 }, outside: 0.5 }],
  });
  expect(all).toMatchObject({ outside: 0.5, disturbed: ["roof"] });
});

test("outside load is what is busy beside the measured processes; stolen time counts", () => {
  const before = processorTimesOf("cpu  100 0 100 1000 50 0 0 0 0 0\ncpu0 …\n");
  const after = processorTimesOf("cpu  180 10 150 1050 60 0 0 10 70 0\ncpu0 …\n");
  expect(after.total - before.total).toBeCloseTo(2.1);
  expect(outsideShare(before, after, 0.9)).toBeCloseTo(0.6 / 2.1);
  expect(outsideShare(before, after, 5)).toBe(0);
  expect(outsideShare(before, before, 0)).toBe(0);
});

test("tests are named and asked as the protocol has them", () => {
  expect(testName(decodeTest(8))).toBe("decode-8");
  expect(testName(decodeTest(1, 2048))).toBe("decode-1@2048");
  expect(requestOf(prefillTest(512))).toEqual({ test: "prefill", tokens: 512, steps: 1 });
  expect(tokensPerStep(decodeTest(8))).toBe(8);
});

test("the roofs: batch 1 is bound by reading the weights, a prefill by multiplying", () => {
  expect(stepWeightBytesOf(large)).toBe(2 * 1_034_420_224);
  const roofs = { gbPerSecond: 30, gflops: 4000 };
  const bytes = stepWeightBytesOf(large);
  const one = workOf(decodeTest(1), large, bytes, 2);
  expect(roofSeconds(one, roofs)).toBeCloseTo(bytes / 30e9, 3);
  const deep = workOf(decodeTest(1, 2048), large, bytes, 2);
  // 22 layers, keys and values of 4 heads of 64: 22,528 bytes a token and position.
  expect(deep.bytes - bytes).toBe(2054 * 22_528);
  const prefill = workOf(prefillTest(512), large, bytes, 2);
  expect(prefill.flops / 512 / 1e9).toBeCloseTo(1.938 + 0.046, 2);
  expect(roofSeconds(prefill, roofs)).toBeCloseTo(prefill.flops / 4e12, 6);
});

function entrant(name: string, seconds: number[], variant: string | null = null): Entrant {
  return {
    ...{ name, isa: "amx", numerics: "portable", weightBytes: null },
    ours: variant === null ? null : { variant, cacheBytes: 2 },
    samples: seconds.map((stepSeconds) => ({ stepSeconds, outside: 0.04 })),
  };
}

const turns = {
  ...{ shape: large, threads: 2, test: decodeTest(8) },
  roofs: [29, 30, 40].map((gbPerSecond) => ({
    ...{ gbPerSecond, gflops: { amx: 4000 }, outside: 0 },
  })),
};

test("a row has our rate, the share of the roof, and ratios to everybody in the same turns", () => {
  const entrants = [
    entrant("ours fp8 weights", [0.05], "fp8 weights"),
    entrant("ours bf16", [0.08, 0.07, 0.1], "bf16"),
    entrant("slow", [0.16, 0.15, 0.2]),
    entrant("absent", []),
  ];
  const rows = rowsOf({ ...turns, entrants });
  expect(rows.map(({ variant }) => variant)).toEqual(["fp8 weights", "bf16"]);
  expect(rows[1]).toMatchObject({
    ...{ model: "1.1b", test: "decode-8", threads: 2, isa: "amx", numerics: "portable" },
    ...{ ours: 100, stepMs: 80, peers: { "ours fp8 weights": 0.625, slow: 2 } },
    ...{ peerRates: { "ours fp8 weights": 160, slow: 50 }, outside: 0.04 },
  });
  // 2.0688 GB of weights and 8 short caches at 30 GB/s, in 80 ms.
  expect(rows[1]?.ofRoof).toBeCloseTo(0.864, 3);
});

test("fewer bytes than bf16's lower the roof, more are not believed", () => {
  const ofRoof = (weightBytes: number): number => {
    const subject = { ...entrant("ours bf16", [0.08], "bf16"), weightBytes };
    return rowsOf({ ...turns, entrants: [subject] })[0]?.ofRoof ?? Number.NaN;
  };
  expect(ofRoof(1_034_420_224)).toBeCloseTo(0.433, 3);
  expect(ofRoof(9_000_000_000)).toBeCloseTo(0.864, 3);
});

test("without ours a row still shows the peers", () => {
  const rows = rowsOf({ ...turns, entrants: [entrant("slow", [0.16])] });
  expect(rows).toEqual([
    expect.objectContaining({ ours: null, ofRoof: null, peers: {}, peerRates: { slow: 50 } }),
  ]);
  expect(
    rowsOf({ ...turns, entrants: [entrant("absent", []), entrant("ours", [], "bf16")] }),
  ).toEqual([]);
});

function row(test: string, more: Partial<Row>): Row {
  return {
    ...{ model: "1.1b", test, threads: 2, variant: "bf16", isa: "amx", numerics: "portable" },
    ...{ ours: 1, stepMs: 70, ofRoof: null, peers: {}, peerRates: {}, outside: 0, disturbed: [] },
    ...more,
  };
}

test("targets are met, missed, or not shown by this run or this machine", () => {
  const rows = [
    row("decode-1", { threads: 1, ofRoof: 0.99, peers: { "llama.cpp bf16": 9 } }),
    row("decode-1", { ofRoof: 0.9, peers: { "llama.cpp bf16": 1.49, "openvino bf16": 1.1 } }),
    row("decode-8", { stepMs: 77 }),
    row("decode-32", { stepMs: 92 }),
    row("decode-8", { variant: "avx512", peers: { "llama.cpp bf16": 1.7 } }),
    row("decode-8", { variant: "avx512_bf16", peers: { "llama.cpp bf16": 1.9 } }),
    row("decode-1@2048", { model: "0.3b", variant: "fp8 cache", peers: { "ours bf16": 1.01 } }),
  ];
  const verdicts = (machine: "amx" | "avx512"): Map<string, string> =>
    new Map(
      verdictsOf(rows, { prefixHits: 0.96, allReduceMs: 30 }, machine).map(
        ({ target, shown, status }) => [target, `${status} ${shown}`],
      ),
    );
  const amx = verdicts("amx");
  const of = (target: string): string | undefined => amx.get(`1.1b, 2 threads, AMX: ${target}`);
  expect(of("decode-1 of probed bandwidth ≥ 0.9")).toBe("met 0.9");
  expect(of("decode-1 to llama.cpp bf16 ≥ 1.5")).toBe("missed 1.49");
  expect(of("step of batch 8 to batch 1 ≤ 1.1")).toBe("met 1.1");
  expect(of("step of batch 32 to batch 1 ≤ 1.3")).toBe("missed 1.314");
  expect(of("decode-64 to vllm ≥ 1.3")).toBe("not measurable here null");
  expect(amx.get("0.3b at depth 2048: fp8 cache to our bf16 cache ≥ 1")).toBe("met 1.01");
  expect(amx.get("prefix hits of what is shareable ≥ 0.95")).toBe("met 0.96");
  expect(amx.get("all-reduce of 8 MB across 4 ranks, ms ≤ 10")).toBe("missed 30");

  const fallback = "1.1b, 2 threads, AVX-512 only: decode-8 to llama.cpp bf16 ≥ 1.8";
  expect(amx.get(fallback)).toBe("not measurable here 1.9");
  expect(verdicts("avx512").get(fallback)).toBe("met 1.9");
  expect(verdicts("avx512").get("1.1b, 2 threads, AMX: decode-1 of probed bandwidth ≥ 0.9")).toBe(
    "not measurable here 0.9",
  );
});

test("what others disturbed, and what is above its roof, meets and misses nothing", () => {
  const peers = { "llama.cpp bf16": 2, "openvino bf16": 2 };
  const status = (one: Partial<Row>, eight: Partial<Row> = {}): (string | undefined)[] => {
    const rows = [row("decode-1", { ofRoof: 0.95, peers, ...one }), row("decode-8", eight)];
    const verdicts = verdictsOf(rows, {}, "amx");
    const of = (what: string) => verdicts.find(({ target }) => target.includes(what))?.status;
    return ["probed", "decode-1 to llama.cpp", "decode-1 to openvino", "batch 8"].map(of);
  };
  const unknown = "not measurable here";
  expect(status({})).toEqual(["met", "met", "met", "met"]);
  expect(status({ disturbed: ["ours"] })).toEqual([unknown, unknown, unknown, unknown]);
  expect(status({ disturbed: ["roof"] })).toEqual([unknown, "met", "met", "met"]);
  expect(status({ disturbed: ["llama.cpp bf16"] })).toEqual(["met", unknown, "met", "met"]);
  expect(status({}, { disturbed: ["ours"] })).toEqual(["met", "met", "met", unknown]);
  expect(status({ ofRoof: 1.16 })).toEqual([unknown, "met", "met", "met"]);
});

test("a machine is of the class of the best it has", () => {
  expect(machineClassOf(["amx", "avx512_bf16", "avx512"])).toBe("amx");
  expect(machineClassOf(["avx512", "avx2"])).toBe("avx512");
  expect(machineClassOf(["scalar"])).toBe("other");
});

test("only whole blocks that the same tenant has sent before are shareable", () => {
  const prompt = (salt: string, prefix: string, prefixTokens: number) => ({
    ...{ salt, prefix, prefixTokens, tokens: 40 },
  });
  expect(shareableTokens([prompt("a", "x", 100), prompt("a", "x", 100)])).toBe(96);
  expect(shareableTokens([prompt("a", "x", 40), prompt("a", "x", 100)])).toBe(32);
  expect(shareableTokens([prompt("a", "x", 100), prompt("b", "x", 100)])).toBe(0);
  expect(shareableTokens([prompt("a", "x", 100), prompt("a", "y", 100)])).toBe(0);
  expect(shareableTokens([prompt("a", "x", 64), prompt("a", "x", 9), prompt("a", "x", 64)])).toBe(
    64,
  );
});

test("the committed workload is worth a cache", () => {
  const prompts = readWorkload(PREFIX_WORKLOAD);
  const all = prompts.reduce((sum, prompt) => sum + prompt.prefixTokens + prompt.tokens, 0);
  expect(prompts.length).toBeGreaterThan(50);
  expect(shareableTokens(prompts) / all).toBeGreaterThan(0.6);
});
