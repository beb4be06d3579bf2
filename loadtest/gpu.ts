// One CUDA device against its own roofs, and which of its targets that meets. gpu/README.md has what
// is measured and how.

import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { Failure } from "#shared/base/errors.ts";
import { runNativeTest } from "#native/testing/native-test.ts";
import { buildGpuDriver, buildGpuTests } from "./engine/bench-build.ts";
import type { Say } from "./engine/contest.ts";
import { Driver, type Ready } from "./engine/driver.ts";
import { defaultCache } from "./engine/model-cache.ts";
import {
  memoryOf,
  parseLine,
  roofsLine,
  roofsOf,
  rowsOf,
  tableOf,
  type GpuLine,
} from "./gpu/lines.ts";
import type { GpuOptions } from "./gpu/options.ts";
import { planOf, type GpuRequest } from "./gpu/plan.ts";
import { verdictsOf } from "./gpu/targets.ts";

const ROOT = resolve(import.meta.dirname, "..");
const MODELS = join("native", "models");
const READY_MS_MAX = 60_000;
/** Loading the largest model is the longest of them. */
const REQUEST_MS_MAX = 300_000;
const TESTS_MS_MAX = 300_000;

/** Throws UNAVAILABLE where there is no device. */
export async function benchGpu(options: GpuOptions, say: Say): Promise<object> {
  const lines =
    options.figures === null ? await measure(options, say) : readFigures(options.figures);
  const rows = rowsOf(lines);
  const targets = verdictsOf(lines);
  const [device = "no device"] = lines.map((line) => line.device);
  const roofs = roofsOf(lines);
  say("");
  say(`${device}  ${roofsLine(roofs)}`);
  for (const line of [...tableOf(rows), ...memoryOf(lines)]) say(line);
  say("");
  for (const { target, shown, status } of targets) {
    say(`${status.padEnd(13)} ${target}${shown === null ? "" : `: ${shown}`}`);
  }
  return { device, roofs, rows, targets, lines };
}

/** The requests as the driver takes them, from the checkout's folder. */
export function printedPlan({ shape, quick }: GpuOptions): string {
  const plan = planOf({ shape, quick, models: MODELS });
  return plan.map((request) => `${JSON.stringify(request)}\n`).join("");
}

async function measure(options: GpuOptions, say: Say): Promise<GpuLine[]> {
  // An exit that Node knows of: the driver ends with it.
  process.once("SIGINT", () => process.exit(130));
  process.once("SIGTERM", () => process.exit(143));
  const cache = options.models ?? defaultCache();
  if (options.driver === null) say("building the driver");
  const program = options.driver ?? (await buildGpuDriver(cache));
  const kernels = options.kernels ?? join(ROOT, "build", "cuda");
  const index = String(options.device);
  const driver = await startDriver([program, "--device", index, "--kernels", kernels]);
  const lines: GpuLine[] = [];
  try {
    const { shape, quick } = options;
    const plan = planOf({ shape, quick, models: join(ROOT, MODELS) });
    lines.push(...(await askAll(driver, plan, say)));
  } finally {
    await driver.stop();
  }
  // Who brings a built driver may have no compiler.
  if (options.driver !== null) return lines;
  say("building device_model_test");
  return [...lines, await testModels(await buildGpuTests(cache), kernels, driver.ready, say)];
}

async function startDriver(argv: readonly string[]): Promise<Driver> {
  try {
    return await Driver.start({ argv, readyMsMax: READY_MS_MAX });
  } catch (cause) {
    const why = /no CUDA device: .*/u.exec((cause as Error).message)?.[0];
    if (why === undefined) throw cause;
    throw new Failure("UNAVAILABLE", why, {
      cause,
      hint: "docs/guides/gpu.md says what a GPU needs; `npm run bench -- engine` measures the CPU",
    });
  }
}

/** The C++ tests of whole models, on the driver's device, when it has that for itself again. */
async function testModels(
  folder: string,
  kernels: string,
  { device, uuid }: Ready,
  say: Say,
): Promise<GpuLine> {
  const name = "device_model_test";
  say(`${device}: ${name}`);
  const env = { SIGNALBOX_KERNELS: kernels, CUDA_VISIBLE_DEVICES: uuid };
  const { ok, passed, output } = await runNativeTest(folder, name, TESTS_MS_MAX, env);
  if (!ok) say(output);
  const numbers = { passed: passed.length, failed: ok ? 0 : failedOf(output) };
  return { test: "models", device, error: ok ? null : `${name} fails`, numbers, texts: {} };
}

/** At least one, also where it ended before it could count. */
function failedOf(output: string): number {
  return Math.max(
    1,
    Number(/^\d+ cases, (?<failed>\d+) failed/mu.exec(output)?.groups?.["failed"] ?? 1),
  );
}

/** A driver that ends is the end of the run, but not of what was measured until then. */
async function askAll(driver: Driver, plan: readonly GpuRequest[], say: Say): Promise<GpuLine[]> {
  const lines: GpuLine[] = [];
  for (const request of plan) {
    const { config: _, ...shown } = request;
    say(`${driver.ready.device}: ${JSON.stringify(shown)}`);
    try {
      const { error, numbers, texts } = await driver.ask(request, REQUEST_MS_MAX);
      lines.push({ test: request.test, device: texts["device"] ?? "", error, numbers, texts });
      if (error !== null) say(`    ${error}`);
    } catch (reason) {
      const error = (reason as Error).message;
      say(`    ${error}: nothing more is measured`);
      const ended = { device: driver.ready.device, error, numbers: {}, texts: {} };
      return [...lines, { test: request.test, ...ended }];
    }
  }
  return lines;
}

/** What gpu_main printed, by hand. */
function readFigures(file: string): GpuLine[] {
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.flatMap((line, index) => {
    if (line.trim() === "") return [];
    try {
      return parseLine(line) ?? [];
    } catch (cause) {
      const why = `${file}:${index + 1} is no line of gpu_main: ${(cause as Error).message}`;
      throw new Failure("INVALID", why, { cause });
    }
  });
}
