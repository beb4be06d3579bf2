// The engine and its kernels are compiled by different tools, and must agree on what of.

import { execFileSync } from "node:child_process";
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import { tempDirectory } from "#shared/testing/temp-directory.ts";

import { kernelIdentity } from "./kernel-identity.ts";
import { SOURCES } from "./native-build.ts";
import { findToolchain } from "./native-toolchain.ts";

const FOLDERS = ["core", "kernels_cpu", "sample", "kernels_cuda"];

const { toolchain } = findToolchain();

test.skipIf(toolchain === null)("CMake and build:cuda give the kernels one identity", () => {
  const { path: folder, remove } = tempDirectory();
  onTestFinished(remove);
  for (const name of FOLDERS) {
    cpSync(join(SOURCES, name), join(folder, name), { recursive: true });
  }
  const byCmake = (): string => {
    const out = join(folder, "identity.h");
    const script = join(SOURCES, "kernel_identity.cmake");
    execFileSync(toolchain?.cmake ?? "", [`-DSOURCES=${folder}`, `-DOUT=${out}`, "-P", script]);
    return /"([0-9a-f]{64})"/u.exec(readFileSync(out, "utf8"))?.[1] ?? "";
  };
  const first = kernelIdentity(folder);
  expect(byCmake()).toBe(first);
  // A kernel, its parameters, and what the CPU shares with it.
  for (const name of ["kernels_cuda/rows.cu", "kernels_cuda/rows_params.h", "core/types.h"]) {
    const before = kernelIdentity(folder);
    writeFileSync(join(folder, name), "// another\n", { flag: "a" });
    expect(kernelIdentity(folder)).not.toBe(before);
    expect(byCmake()).toBe(kernelIdentity(folder));
  }
});
