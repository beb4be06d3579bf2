// What is said of kernels' machine code, on what cuobjdump prints; and the kernels themselves,
// compiled for Hopper and held to their promises.

import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

import { findCudaToolchain } from "./cuda-toolchain.ts";
import { brokenPromises, kernelName, kernelTable, readKernels } from "./machine-code.ts";

const ATTENTION =
  "_ZN9signalbox14pagedAttentionILi128ELNS_7KvDtypeE1EEEvNS_20PagedAttentionParamsE";
const DRAW = "_ZN9signalbox10drawTokensENS_10DrawParamsE";
const USAGE = `
Resource usage:
 Common:
  GLOBAL:0
 Function ${ATTENTION}:
  REG:148 STACK:0 SHARED:1024 LOCAL:0 CONSTANT[0]:656 TEXTURE:0 SURFACE:0 SAMPLER:0
 Function ${DRAW}:
  REG:32 STACK:24 SHARED:1024 LOCAL:8 CONSTANT[0]:568 TEXTURE:0 SURFACE:0 SAMPLER:0
`;
const SASS = `
\tcode for sm_90a
\t\tFunction : ${ATTENTION}
        /*0000*/                   LDC R1, c[0x0][0x28] ;            /* 0x00000a00ff017b82 */
                                                                     /* 0x000fe20000000800 */
        /*0a10*/              @!P0 LDGSTS.E.BYPASS.128 [R5], desc[UR4][R2.64] ; /* 0x0 */
        /*0b20*/                   HMMA.16816.F32 R4, R8, R12, R4 ;  /* 0x0 */
\t\tFunction : ${DRAW}
        /*0000*/             @!UP0 SHFL.IDX PT, R3, R2, R1, 0x1f ;   /* 0x0 */
`;
const kernels = readKernels(USAGE, SASS);

test("kernels are read with their registers, stack and instructions", () => {
  expect(kernels.map(({ name }) => name)).toEqual(["pagedAttention<128, fp8>", "drawTokens"]);
  expect(kernels.map((it) => [it.registers, it.stackBytes])).toEqual([
    [148, 0],
    [32, 32],
  ]);
  expect([...(kernels[0]?.instructions ?? [])]).toEqual([
    "LDC",
    "LDGSTS.E.BYPASS.128",
    "HMMA.16816.F32",
  ]);
  expect(kernelName("memcpy")).toBe("memcpy");
  const product =
    "_ZN9signalbox13weightProductILi8ELNS_11WeightDtypeE0EEEvNS_19WeightProductParamsE";
  expect(kernelName(product)).toBe("weightProduct<8, bf16>");
  const prompt = "_ZN9signalbox13promptProductILNS_11WeightDtypeE1EEEvNS_19PromptProductParamsE";
  expect(kernelName(prompt)).toBe("promptProduct<fp8>");
});

test("each broken promise is a sentence that names the kernel", () => {
  const kept = { registersMax: 148, instructions: ["HMMA.16816", "LDGSTS.E"] };
  const draw = { registersMax: 64, instructions: ["SHFL.IDX"] };
  const judge = (promises: Parameters<typeof brokenPromises>[1]): string[] =>
    brokenPromises(kernels, promises);
  expect(judge({ "pagedAttention<128, fp8>": kept, drawTokens: draw })).toEqual([
    "drawTokens: 32 bytes a thread spill to local memory",
  ]);
  expect(judge({ "pagedAttention<128, fp8>": { ...kept, registersMax: 147 } })).toEqual([
    "pagedAttention<128, fp8>: 148 registers, at most 147 are allowed",
    "drawTokens: nothing in machine_code.json says what it must be",
  ]);
  const bf16 = { ...kept, instructions: ["HMMA.16816.F32.BF16", "LDGS"] };
  expect(
    judge({ "pagedAttention<128, fp8>": bf16, drawTokens: draw, old: draw }).slice(0, 2),
  ).toEqual(
    ["HMMA.16816.F32.BF16", "LDGS"].map(
      (it) => `pagedAttention<128, fp8>: the compiler made no ${it} of it`,
    ),
  );
  expect(judge({ old: draw })).toContain("old: machine_code.json names it, and it is gone");
  expect(kernelTable(kernels, { drawTokens: draw })).toMatch(/drawTokens +32 +64 +32 +SHFL\.IDX$/m);
});

const COMPILE_MS_MAX = 600_000;
const toolchain = findCudaToolchain();
const lacks = typeof toolchain === "string" ? ` (${toolchain})` : "";

describe.skipIf(typeof toolchain === "string")(`the kernels in machine code${lacks}`, () => {
  test(
    "every kernel compiles for Hopper, spills nothing and keeps its promises",
    async () => {
      const { promise, resolve, reject } = Promise.withResolvers<number | null>();
      const child = spawn(process.execPath, [join(import.meta.dirname, "build-cuda.ts")]);
      const said: Buffer[] = [];
      child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
      child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
      child.on("error", reject).on("close", resolve);
      const code = await promise;
      const output = Buffer.concat(said).toString("utf8");
      expect(code, output).toBe(0);
      expect(output).toMatch(/^residualNorm +\d+ +\d+ +0 +LDG\.E\.128/m);
      process.stdout.write(output);
    },
    COMPILE_MS_MAX,
  );
});
