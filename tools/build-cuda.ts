// Compiles the CUDA kernels to machine code and looks at what came out. Needs neither a GPU nor a
// driver, and nothing of the CPU's build.
//
//   node tools/build-cuda.ts      build/cuda/NAME.cubin of every native/kernels_cuda/NAME.cu
//                                 build/cuda/identity, by which an engine knows them for its own
//
// Compares native/device/driver.h with NVIDIA's header, too.
//
// Ends 1 when a kernel does not compile, spills, has too many registers or lacks an instruction
// that native/kernels_cuda/machine_code.json promises; 3 when there is no CUDA compiler.

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";
import { promisify } from "node:util";

import { findCudaToolchain, type CudaToolchain } from "./cuda-toolchain.ts";
import { kernelIdentity } from "./kernel-identity.ts";
import {
  brokenPromises,
  kernelTable,
  readKernels,
  type KernelCode,
  type KernelPromise,
} from "./machine-code.ts";
import { BuildError, jobsHere, PACKAGE_ROOT, SOURCES } from "./native-build.ts";

const EXIT_FAILED = 1;
const EXIT_MISSING = 3;
const KERNELS = join(SOURCES, "kernels_cuda");
const OUT = join(PACKAGE_ROOT, "build", "cuda");
/** Folders whose headers kernels may include. */
const INCLUDED = ["core", "device", "kernels_cpu", "sample", "kernels_cuda"];
/** What we declare of NVIDIA's by hand, beside its headers: no kernels. */
const DECLARATIONS = ["device/driver_declarations.cu", "kernels_cuda/tensor_map_declarations.cu"];
/** The machine code of `kernelIdentity`, once all of it is there. */
const IDENTITY = join(OUT, "identity");

/**
 * Machine code for Hopper with its own instructions, and no PTX. Floats are not fused unless the
 * source says so, and subnormals are zero, as on the CPU's paths. constexpr is for both sides.
 */
const FLAGS: readonly string[] = [
  ...["-std=c++20", "-cubin", "-gencode=arch=compute_90a,code=sm_90a"],
  ...["--expt-relaxed-constexpr", "-fmad=false", "-ftz=true", "-prec-div=true", "-prec-sqrt=true"],
  ...["-Werror=all-warnings", "-Xcompiler=-Wall,-Wextra"],
];

const runFile = promisify(execFile);
const OUTPUT_BYTES_MAX = 64 << 20;

async function main(toolchain: CudaToolchain): Promise<number> {
  const names = readdirSync(KERNELS)
    .filter((name) => name.endsWith(".cu") && !DECLARATIONS.includes(`kernels_cuda/${name}`))
    .map((name) => name.slice(0, -".cu".length))
    .toSorted();
  mkdirSync(OUT, { recursive: true });
  const identity = kernelIdentity(SOURCES);
  if (existsSync(IDENTITY) && readFileSync(IDENTITY, "utf8") !== identity) rmSync(IDENTITY);
  for (const source of DECLARATIONS) await compile(toolchain, join(SOURCES, source));
  const kernels: KernelCode[] = [];
  const waiting = [...names];
  const works = Array.from({ length: Math.min(jobsHere(), names.length) }, async () => {
    for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) {
      kernels.push(...(await compileAndRead(toolchain, name)));
    }
  });
  await Promise.all(works);
  writeFileSync(IDENTITY, identity);
  kernels.sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const promises = JSON.parse(readFileSync(join(KERNELS, "machine_code.json"), "utf8")) as Record<
    string,
    KernelPromise
  >;
  process.stdout.write(`${kernelTable(kernels, promises)}\n`);
  const broken = brokenPromises(kernels, promises);
  for (const sentence of broken) process.stderr.write(`${sentence}\n`);
  return broken.length === 0 ? 0 : EXIT_FAILED;
}

async function compileAndRead(toolchain: CudaToolchain, name: string): Promise<KernelCode[]> {
  const cubin = await compile(toolchain, join(KERNELS, `${name}.cu`));
  const usage = await run(toolchain.cuobjdump, ["-res-usage", cubin]);
  return readKernels(usage, await run(toolchain.cuobjdump, ["-sass", cubin]));
}

/** Compiles unless the same sources were compiled before. */
async function compile(toolchain: CudaToolchain, source: string): Promise<string> {
  const name = basename(source, ".cu");
  const cubin = join(OUT, `${name}.cubin`);
  const key = keyOf(toolchain, source);
  const record = `${cubin}.made-of`;
  if (!existsSync(cubin) || !existsSync(record) || readFileSync(record, "utf8") !== key) {
    process.stderr.write(`compiling ${name}.cu\n`);
    const beside = `${cubin}.${process.pid}`;
    await run(toolchain.nvcc, [...FLAGS, `-I${SOURCES}`, source, "-o", beside]);
    renameSync(beside, cubin);
    writeFileSync(record, key);
  }
  return cubin;
}

/** Of all that the machine code is made of. */
function keyOf(toolchain: CudaToolchain, source: string): string {
  const hash = createHash("sha256").update([toolchain.nvcc, ...FLAGS].join("\n"));
  hash.update(readFileSync(source));
  for (const folder of INCLUDED) {
    const headers = readdirSync(join(SOURCES, folder)).filter((it) => /\.(?:h|cuh)$/u.test(it));
    for (const header of headers.toSorted()) {
      hash.update(header).update(readFileSync(join(SOURCES, folder, header)));
    }
  }
  return hash.digest("hex");
}

async function run(command: string, argv: readonly string[]): Promise<string> {
  try {
    const { stdout } = await runFile(command, argv, { maxBuffer: OUTPUT_BYTES_MAX });
    return stdout;
  } catch (reason) {
    const said = reason as { readonly stdout?: string; readonly stderr?: string };
    throw new BuildError(`${command} ${argv.join(" ")}\n${said.stdout ?? ""}${said.stderr ?? ""}`);
  }
}

const toolchain = findCudaToolchain();
if (typeof toolchain === "string") {
  process.stderr.write(`the CUDA kernels cannot be compiled here: ${toolchain}\n`);
  process.exitCode = EXIT_MISSING;
} else {
  try {
    process.exitCode = await main(toolchain);
  } catch (reason) {
    if (!(reason instanceof BuildError)) throw reason;
    process.stderr.write(`${reason.message}\n`);
    process.exitCode = EXIT_FAILED;
  }
}
