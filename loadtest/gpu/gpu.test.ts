// The GPU benchmark without a GPU: what lines come to by examples, and the whole of it on a CUDA
// device that is made up (native/test/fake_cuda/), whose name is in every figure.

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

import { tempDirectory } from "#shared/testing/temp-directory.ts";

import { kernelIdentity } from "../../tools/kernel-identity.ts";
import { buildNative, SOURCES, whyNoBuild } from "../../tools/native-build.ts";
import { memoryOf, parseLine, roofsLine, roofsOf, rowsOf, tableOf, type GpuLine } from "./lines.ts";
import { parseGpuOptions } from "./options.ts";
import { planOf } from "./plan.ts";
import { shapeNamed } from "./shapes.ts";
import { verdictsOf } from "./targets.ts";

const H100 = "NVIDIA H100 80GB HBM3";
const BUILD_MS_MAX = 900_000;
const RUN_MS_MAX = 120_000;

/** As the driver prints it, and is read. */
function lineOf(answer: object, device = H100): GpuLine {
  const line = parseLine(JSON.stringify({ device, ...answer }));
  if (line === null) throw new Error("a ready line");
  return line;
}

const COPY = lineOf({ test: "copy", gbPerSecond: 3000 });
const UPLOAD = lineOf({ test: "upload", gbPerSecond: 50 });
const MATRIX = lineOf({ test: "matrix", kernel: "promptProduct", tflops: 500 });
const ROOFS = [
  COPY,
  UPLOAD,
  MATRIX,
  lineOf({ test: "matrix", kernel: "weightProduct", tflops: 200 }),
];

function timed(test: string, stepSeconds: number, rest: object): GpuLine {
  return lineOf({ test, name: "8b", cache: "bf16", stepSeconds, tokensPerSecond: 1, ...rest });
}

test("roofs are what was measured, the matrix rate the best kernel's that ran", () => {
  expect(roofsOf([...ROOFS, lineOf({ test: "matrix", error: "no kernel" })])).toEqual({
    ...{ copyGbPerSecond: 3000, uploadGbPerSecond: 50, tflops: 500, kernel: "promptProduct" },
  });
  const said =
    "copies 3000.0 GB/s, from the host 50.0 GB/s, products 500.0 TFLOP/s (promptProduct)";
  expect(roofsLine(roofsOf(ROOFS))).toBe(said);
  expect(roofsLine(roofsOf([COPY]))).toMatch(/from the host not measured, products not measured$/u);
  expect(roofsOf([])).toEqual({
    ...{ copyGbPerSecond: null, uploadGbPerSecond: null, tflops: null, kernel: null },
  });
});

test("a step's share of the roof is the bytes that it must read at the copy rate", () => {
  // 8b: 7.505 billion parameters but for the embedding, and 131,072 bytes a token in bf16.
  const weights = 2 * (32 * (2 * 4096 * 40 * 128 + 3 * 4096 * 14_336) + 128_256 * 4096);
  expect(weights).toBe(15_009_316_864);
  const least = (cacheBytes: number): number => (weights + cacheBytes) / 3000e9;
  const one = timed("decode", 2 * least(2048 * 131_072), { batch: 1, context: 2048 });
  const many = timed("decode", 2 * least(32 * 2040 * (65_536 + 2 * 8 * 32 * 2)), {
    ...{ batch: 32, context: 2048, depth: 2040, cache: "fp8" },
  });
  expect(rowsOf([...ROOFS, one, many])).toMatchObject([
    { device: H100, model: "8b", test: "decode-1@2048", cache: "bf16", ofRoof: 0.5 },
    { test: "decode-32@2048", cache: "fp8", ofRoof: 0.5 },
  ]);
});

test("attention's roof is the copy rate, a prompt's the matrix rate", () => {
  const cached = 32 * 2048 * 8 * (2 * 128 + 4);
  const attention = timed("attention", cached / 3000e9 / 0.8, {
    ...{ batch: 32, context: 2048, cache: "fp8" },
  });
  const body = 32 * (2 * 4096 * 40 * 128 + 3 * 4096 * 14_336);
  const pairs = (2048 * 2049) / 2;
  const flop = 2 * body * 2048 + 2 * 128_256 * 4096 + 4 * pairs * 4096 * 32;
  const prefill = timed("prefill", flop / 500e12 / 0.6, { tokens: 2048 });
  const rows = rowsOf([...ROOFS, attention, prefill]);
  expect(rows.map((row) => [row.test, row.ofRoof])).toEqual([
    ["attention-32@2048", 0.8],
    ["prefill-2048", 0.6],
  ]);
});

test("without a roof there is no share, and what does not fit says so", () => {
  const step = { batch: 1, context: 2048 };
  const [alone] = rowsOf([timed("decode", 0.01, step)]);
  expect(alone).toMatchObject({ ms: 10, ofRoof: null });
  const error = "does not fit: its cache is 137.4 GB, and there is room for 60.0 GB";
  const rows = rowsOf([
    ...ROOFS,
    lineOf({ ...step, name: "8b", test: "decode", error }),
    timed("decode", 0.01, step),
  ]);
  expect(rows[0]).toMatchObject({ test: "decode-1@2048", ms: null, ofRoof: null, error });
  const table = tableOf(rows);
  expect(table[0]).toContain(error);
  expect(table.every((line) => line.startsWith(`${H100}  `))).toBe(true);
});

test("what a model holds is told by purpose", () => {
  const held = { "bytes of weights": 16_060_000_000, "bytes of steps": 700_000_000 };
  const loaded = { test: "model", name: "8b", cache: "fp8", readySeconds: 2.5, ...held };
  expect(memoryOf([COPY, lineOf(loaded), lineOf({ test: "model", error: "no" })])).toEqual([
    `${H100}  8b, fp8 cache: ready in 2.5 s; weights 16.06 GB, steps 0.7 GB`,
  ]);
});

test("targets are met, missed or not measured", () => {
  const of = (lines: readonly GpuLine[]): { [target: string]: string } =>
    Object.fromEntries(verdictsOf(lines).map(({ target, status }) => [target, status]));
  const batch1 = { batch: 1, context: 2048 };
  const greedy = { test: "greedy", decided: 10, agreed: 10, distance: 0.02 };
  const perplexity = { test: "perplexity", cache: "bf16", perplexity: 10 };
  const model = { test: "model", name: "8b", cache: "bf16", blockBytes: 4096 };
  const loaded = { test: "model", name: "13b", gbPerSecond: 26, readySeconds: 1.1 };
  const append = { batch: 32, context: 2048, appendSeconds: 2e-5 };
  const lines = [
    ...[...ROOFS, timed("decode", 0.005, batch1), lineOf(greedy), lineOf(loaded)],
    ...[lineOf(perplexity), lineOf({ ...perplexity, cache: "fp8", perplexity: 10.04 })],
    ...[lineOf(model), lineOf({ ...model, cache: "fp8", blockBytes: 2080 })],
    ...[timed("attention", 1e-4, append), { ...UPLOAD, test: "models", numbers: { failed: 1 } }],
    timed("attention", 4.2e-5, { ...append, cache: "fp8", appendSeconds: 3e-5 }),
  ];
  const greedyTarget = "greedy output: the CPU's, where its margin decides";
  const loadTarget = "13b to ready: ≥ 0.85 of the link, or ≤ 1 s";
  const all = of(lines);
  expect(all).toMatchObject({
    "device_model_test: cases that failed": "missed",
    [greedyTarget]: "met",
    "logits: apart by at most 2^-5 of the largest": "met",
    "8b decode-1@2048, bf16 cache: share of the roof ≥ 0.8": "met",
    "8b decode-32@2048, fp8 cache: share of the roof ≥ 0.7": "not measured",
    "8b attention-32@2048, fp8 cache: share of the copy rate ≥ 0.75": "met",
    "perplexity: an fp8 cache within 0.5 % of bf16": "met",
    "8b: an fp8 cache ≤ 0.52 of bf16's bytes": "met",
    "encoding fp8: < 1 ms a decode step of 32": "met",
    [loadTarget]: "missed",
    "virtual ranks 1, 2 and 4 agree": "not measured",
  });
  expect(of([...ROOFS, lineOf({ ...loaded, readySeconds: 0.9 })])[loadTarget]).toBe("met");
  expect(of([lineOf({ ...greedy, agreed: 9 })])[greedyTarget]).toBe("missed");
  // One model that failed is not made good by another.
  const failed = lineOf({ test: "greedy", error: "no memory" });
  expect(of([lineOf(greedy), failed])[greedyTarget]).toBe("not measured");
  const fp8 = { ...perplexity, cache: "fp8" };
  expect(of([lineOf(perplexity), lineOf({ ...fp8, perplexity: 9.9 })])).toMatchObject({
    "perplexity: an fp8 cache within 0.5 % of bf16": "missed",
  });
  // Figures of anything else prove nothing.
  const elsewhere = lines.map((line) => ({ ...line, device: "Fake H100" }));
  expect(new Set(Object.values(of(elsewhere)))).toEqual(new Set(["not measured"]));
});

test("the plan asks for every figure that a target needs", () => {
  const shape = shapeNamed("8b");
  if (shape === undefined) throw new Error("no 8b");
  const plan = planOf({ shape, quick: false, models: "models" });
  const decodes = plan.filter(({ test: name }) => name === "decode");
  expect(decodes).toHaveLength(2 * 2 * 4);
  for (const wanted of [
    { test: "decode", batch: 128, context: 8192 },
    { test: "attention", batch: 32, context: 2048, cache: "fp8" },
    { test: "prefill", tokens: 2048 },
    { test: "model", name: "13b" },
    { test: "greedy", folder: "models/lantern", cache: "fp8" },
  ]) {
    expect(plan).toContainEqual(expect.objectContaining(wanted));
  }
  const orderOf = (name: string): number => plan.findIndex((request) => request.test === name);
  expect(orderOf("greedy")).toBeLessThan(orderOf("model"));
  expect(plan.at(-1)).toMatchObject({ kernel: "promptProduct" });
  const quick = planOf({ shape, quick: true, models: "models" });
  expect(quick.length).toBeLessThan(plan.length - 12);
  expect(quick).toContainEqual(expect.objectContaining({ test: "decode", batch: 128 }));
});

test("options are understood or refused by name", () => {
  const options = parseGpuOptions(["--device", "cuda:3", "--shape", "100m", "--quick"]);
  expect(options).toMatchObject({ device: 3, quick: true, shape: { name: "100m" } });
  expect(() => parseGpuOptions(["--device", "cpu"])).toThrow("--device cpu must be cuda:0");
  expect(() => parseGpuOptions(["--shape", "9b"])).toThrow("--shape 9b must be one of 8b, 13b");
  expect(() => parseGpuOptions(["--speed"])).toThrow("--speed");
  const nowhere = ["--figures", "/no/such"];
  expect(() => parseGpuOptions(nowhere)).toThrow("--figures /no/such is not there");
});

test("what is no line of the driver is refused", () => {
  expect(() => parseLine('{"test":"copy"}')).toThrow("no device is named");
  expect(() => parseLine("7")).toThrow("not a JSON object");
  expect(parseLine('{"ready":true,"device":"x"}')).toBeNull();
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function bench(args: readonly string[], libraries: string): Promise<Ended> {
  const main = join(import.meta.dirname, "..", "main.ts");
  const env = { ...process.env, LD_LIBRARY_PATH: libraries };
  const limits = { timeout: RUN_MS_MAX, killSignal: "SIGKILL" as const, maxBuffer: 1 << 24 };
  try {
    const argv = [main, "gpu", "--json", ...args];
    const ended = await promisify(execFile)(process.execPath, argv, { env, ...limits });
    return { code: 0, ...ended };
  } catch (reason) {
    return reason as Ended;
  }
}

test.skipIf(whyNoBuild() !== null)(
  "on a device that is made up all of it runs, and no figure passes for a GPU's",
  async () => {
    const targets = ["fake_cuda", "gpu_main"];
    const { folder } = await buildNative({ variant: "release", targets, strict: true });
    const { path: kernels, remove } = tempDirectory();
    onTestFinished(remove);
    writeFileSync(join(kernels, "identity"), kernelIdentity(SOURCES));
    for (const name of ["attention", "product", "product_wgmma", "rope_append", "rows"]) {
      const image = `machine code of the fake CUDA device: ${name}`;
      writeFileSync(join(kernels, `${name}.cubin`), image);
    }
    const driver = ["--driver", join(folder, "gpu_main")];
    const libraries = join(folder, "fake_cuda");
    const args = [...driver, "--kernels", kernels, "--shape", "tiny"];
    const { code, stdout, stderr } = await bench(args, libraries);
    expect(code, stderr).toBe(0);
    const figures = JSON.parse(stdout) as {
      readonly device: string;
      readonly roofs: object;
      readonly rows: readonly object[];
      readonly targets: readonly { readonly status: string }[];
      readonly lines: readonly GpuLine[];
    };
    expect(figures.lines.filter(({ error }) => error !== null)).toEqual([]);
    expect(figures.lines.every(({ device }) => device === "Fake H100")).toBe(true);
    expect(figures.rows).toHaveLength(2 + 2 * 2 + 1);
    for (const row of figures.rows) {
      expect(row).toMatchObject({ device: "Fake H100", ofRoof: expect.any(Number) as number });
    }
    expect(figures.targets.every(({ status }) => status === "not measured")).toBe(true);
    const of = (name: string, cache: string): GpuLine["numbers"] =>
      figures.lines.find(({ test: it, texts }) => it === name && texts["cache"] === cache)
        ?.numbers ?? {};
    expect(of("model", "bf16")["fileBytes"]).toBe(10_000); // Less than the model: read twice.
    // 64 dimensions of the two key heads, keys and values; fp8 with a scale each.
    expect(of("model", "bf16")["blockBytes"]).toBe(32 * 2 * 64 * 2);
    expect(of("model", "fp8")["blockBytes"]).toBe(32 * (2 * 64 + 2 * 2 * 2));
    expect(of("greedy", "fp8")).toMatchObject({ steps: 2 });
    expect(of("greedy", "bf16")["distance"]).toBeLessThan(2 ** -5);
    expect(of("perplexity", "fp8")["perplexity"]).toBeGreaterThan(1);

    // The same machine without the library that makes it one.
    const without = await bench([...driver, "--kernels", kernels], "");
    expect(without).toMatchObject({ code: 3, stdout: "" });
    expect(without.stderr).toContain("no CUDA device: the NVIDIA driver's library");
    expect(without.stderr).toContain("docs/guides/gpu.md says what a GPU needs");
  },
  BUILD_MS_MAX + RUN_MS_MAX,
);
