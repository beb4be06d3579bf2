// The drivers of native/bench, built beside the models with the user's own compiler. CMake does
// nothing when nothing has changed.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { promisify } from "node:util";

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
  const checkout = createHash("sha256").update(SOURCE).digest("hex").slice(0, 8);
  const folder = join(cache, `build-${checkout}`);
  const options = ["-DCMAKE_BUILD_TYPE=Release", "-DSIGNALBOX_TESTS=OFF", "-DSIGNALBOX_ADDON=OFF"];
  await cmake(["-S", SOURCE, "-B", folder, ...options]);
  await cmake(["--build", folder, "-j", "2", "--target", "probe_main"]);
  await cmake(["--build", folder, "-j", "2", "--target", "bench_main"]);
  return { probe: join(folder, "probe_main"), engine: join(folder, "bench_main") };
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
