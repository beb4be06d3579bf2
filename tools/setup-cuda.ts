// Makes a CUDA compiler out of wheels of the Python package index: no GPU, no driver, no root.
//
//   U1. Nothing is used whose SHA-256 is not the pinned one (cuda-wheels.json).
//   U2. Wheels that have come are kept until all are there: a setup that was ended goes on.
//   U3. The toolkit appears in its place by one rename, after it has built a program.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import { pinnedToolkit, WHEEL_PINS, type Wheel, type WheelPins } from "./cuda-toolchain.ts";
import { SetupError } from "./setup-error.ts";
import { runPip } from "./setup-pip.ts";

/** Kernel code for Hopper with its own instructions, and nothing else. */
const PROBE_TARGET = "arch=compute_90a,code=sm_90a";
const PROBE = `#include <cuda_runtime.h>
__global__ void probe(int* p) { *p = 1; }
int main() { probe<<<1, 1>>>(nullptr); return 0; }
`;

/** Returns the toolkit's folder in `cache`. `say` is told of each wheel. */
export function setupCuda(
  cache: string,
  say: (line: string) => void,
  pins: WheelPins = WHEEL_PINS,
): string {
  const target = pinnedToolkit(cache, pins);
  if (existsSync(target)) {
    say(`${target} is there already`);
    return target;
  }
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new SetupError(
      `the pinned CUDA wheels are for Linux on x86-64, not ${process.platform} ${process.arch}: ` +
        `install CUDA ${pins.release} and name its nvcc in CUDACXX`,
    );
  }
  const store = join(cache, `cuda-${pins.release}.wheels`);
  mkdirSync(store, { recursive: true });
  const files = pins.wheels.map((wheel) => fetchWheel(store, wheel, say));
  const work = mkdtempSync(join(cache, "cuda-setup-"));
  try {
    const toolkit = unpack(work, files);
    completeToolkit(toolkit);
    probe(toolkit, work);
    renameSync(toolkit, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  rmSync(store, { recursive: true, force: true });
  say(`CUDA ${pins.release} in ${target}`);
  return target;
}

/** The wheel's file, fetched unless it has come before. */
function fetchWheel(store: string, wheel: Wheel, say: (line: string) => void): string {
  const { name, version, megabytes, sha256 } = wheel;
  const place = join(store, sha256);
  const fileHere = (): string | undefined => {
    const file = existsSync(place) ? readdirSync(place).find((it) => it.endsWith(".whl")) : null;
    return file ? join(place, file) : undefined;
  };
  const known = fileHere();
  if (known !== undefined && hashOf(known) === sha256) {
    say(`${name} ${version} has come before`);
    return known;
  }
  rmSync(place, { recursive: true, force: true });
  say(`${name} ${version}, ${megabytes} MB`);
  const failed = runPip(
    [
      ...["download", "--quiet", "--disable-pip-version-check", "--no-deps"],
      ...["--only-binary=:all:", "--dest", place, `${name}==${version}`],
    ],
    () => fileHere() !== undefined,
  );
  const file = fileHere();
  if (failed !== null || file === undefined) {
    throw new SetupError(
      `pip could not fetch ${name} ${version} (${failed}). What has come is kept: run this again; ` +
        "or install Python's pip, or a CUDA toolkit whose nvcc CUDACXX names",
    );
  }
  const found = hashOf(file);
  if (found === sha256) return file;
  rmSync(place, { recursive: true, force: true });
  throw new SetupError(
    `the SHA-256 of ${name} ${version} is ${found}, pinned is ${sha256}: not installed`,
  );
}

function hashOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** All wheels of 13.x share one folder, which is the toolkit. */
function unpack(work: string, files: readonly string[]): string {
  const place = join(work, "wheels");
  const failed = runPip(
    [
      ...["install", "--quiet", "--disable-pip-version-check", "--no-warn-conflicts"],
      ...["--no-compile", "--no-deps", "--no-index", "--target", place, ...files],
    ],
    () => true,
  );
  if (failed !== null) throw new SetupError(`pip could not unpack the CUDA wheels (${failed})`);
  const toolkit = join(work, "toolkit");
  cpSync(join(place, "nvidia", "cu13"), toolkit, { recursive: true, verbatimSymlinks: true });
  return toolkit;
}

/** What the wheels leave out: nvcc looks in lib64 and wants names without a version. */
function completeToolkit(toolkit: string): void {
  symlinkSync("lib", join(toolkit, "lib64"));
  for (const name of readdirSync(join(toolkit, "lib"))) {
    const plain = /^(lib.*\.so)\.\d/u.exec(name)?.[1];
    if (plain === undefined || existsSync(join(toolkit, "lib", plain))) continue;
    symlinkSync(name, join(toolkit, "lib", plain));
  }
}

function probe(toolkit: string, work: string): void {
  const source = join(work, "probe.cu");
  writeFileSync(source, PROBE);
  const run = spawnSync(
    join(toolkit, "bin", "nvcc"),
    [`-gencode=${PROBE_TARGET}`, source, "-o", join(work, "probe")],
    { encoding: "utf8" },
  );
  if (run.status === 0) return;
  const why = (run.error?.message ?? run.stderr).trim().split("\n").slice(0, 3).join("; ");
  throw new SetupError(
    `the CUDA compiler does not build a program (it needs g++ 6 to 15 in PATH): ${why}`,
  );
}
