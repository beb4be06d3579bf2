// The drivers of native/bench, built beside the models with the user's own compiler. CMake does
// nothing when nothing has changed.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

import { jobsHere } from "../../tools/native-build.ts";

const run = promisify(execFile);
const SOURCE = resolve(import.meta.dirname, "..", "..", "native");
const BUILD_MS_MAX = 1_800_000;

export interface BenchDrivers {
  readonly probe: string;
  readonly engine: string;
}

/**
 * Builds in a folder of this checkout's own below `cache`. Throws with the compiler's last words
 * when they cannot be built.
 */
export async function buildDrivers(cache: string): Promise<BenchDrivers> {
  const [probe, engine] = await build(cache, ["probe_main", "bench_main"]);
  return { probe, engine };
}

const FOR_GPU = {
  name: "gpu",
  options: ["-DSIGNALBOX_TESTS=ON", "-DSIGNALBOX_REAL_CUDA=ON"],
};

/** The driver of `npm run bench -- gpu`, likewise. */
export async function buildGpuDriver(cache: string): Promise<string> {
  const [driver] = await build(cache, ["gpu_main"], FOR_GPU);
  return driver;
}

/** The folder of device_model_test, built for this machine's device. */
export async function buildGpuTests(cache: string): Promise<string> {
  const [program] = await build(cache, ["device_model_test"], FOR_GPU);
  return dirname(program);
}

/** The programs of these targets. What is built with options of its own has a folder of its own. */
async function build<const T extends readonly string[]>(
  cache: string,
  targets: T,
  other: { readonly name: string; readonly options: readonly string[] } | null = null,
): Promise<{ [index in keyof T]: string }> {
  const checkout = createHash("sha256").update(SOURCE).digest("hex").slice(0, 8);
  const folder = join(cache, `build-${checkout}${other === null ? "" : `-${other.name}`}`);
  const options = ["-DCMAKE_BUILD_TYPE=Release", "-DSIGNALBOX_ADDON=OFF"];
  const chosen = other?.options ?? ["-DSIGNALBOX_TESTS=OFF"];
  await cmake(["-S", SOURCE, "-B", folder, ...options, ...chosen]);
  await cmake(["--build", folder, "-j", String(jobsHere()), "--target", ...targets]);
  return targets.map((target) => join(folder, target)) as { [index in keyof T]: string };
}

async function cmake(args: readonly string[]): Promise<void> {
  try {
    await run("cmake", args, { timeout: BUILD_MS_MAX, maxBuffer: 1 << 26 });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    const last = `${stdout}${stderr}`.trim().slice(-1500);
    throw new Error(`cmake ${args.join(" ")} failed: ${last || String(error)}`, { cause: error });
  }
}
