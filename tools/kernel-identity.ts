// The hash of all that the CUDA kernels' machine code is made of. native/kernel_identity.cmake
// computes the same for the engine, which refuses machine code of another one.

import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

const PATTERNS: readonly string[] = [
  ...["core/*.h", "kernels_cpu/*.h", "sample/*.h"],
  ...["kernels_cuda/*.h", "kernels_cuda/*.cuh", "kernels_cuda/*.cu"],
];

/** `sources` is the folder native/. */
export function kernelIdentity(sources: string): string {
  const all = createHash("sha256");
  for (const name of globSync([...PATTERNS], { cwd: sources }).toSorted()) {
    const hash = createHash("sha256").update(readFileSync(join(sources, name)));
    all.update(`${name} ${hash.digest("hex")}\n`);
  }
  return all.digest("hex");
}
