// Faults that GPU kernels are known for, planted one at a time into a copy of the sources: the test
// of that kernel must fail, and say why.

import { spawn } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { buildNative, SOURCES, whyNoBuild } from "../../tools/native-build.ts";
import { findToolchain } from "../../tools/native-toolchain.ts";
import { BUILD_MS_MAX } from "../testing/built-addon.ts";

interface Fault {
  readonly name: string;
  /** In native/kernels_cuda; `from` stands there once. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Of native/test, and the sentence of the case that must fail. */
  readonly test: string;
  readonly sentence: string;
  /** What the failure says. */
  readonly said: RegExp;
  readonly sanitize?: string;
}

const ATTENTION = { file: "attention.cuh", test: "cuda_attention_test" };

const FAULTS: readonly Fault[] = [
  {
    name: "a missing barrier",
    ...{ file: "rows.cuh", test: "cuda_rows_test", sentence: "shares of 1, 2 and 4 ranks" },
    from: "shared->sums[device::warpIndex()] = square;\n  device::syncBlock();",
    to: "shared->sums[device::warpIndex()] = square;",
    said: /norm at \d+ of hidden \d+: -?nan/u,
  },
  {
    name: "an overrun",
    ...{ file: "rows.cuh", test: "cuda_rows_test", sentence: "shares of 1, 2 and 4 ranks" },
    from: "i < params.hidden; i += 4 * kRowThreads) {\n    square",
    to: "i <= params.hidden; i += 4 * kRowThreads) {\n    square",
    said: /heap-buffer-overflow[\s\S]*rows\.cuh/u,
    sanitize: "address",
  },
  {
    name: "a wrong mask",
    ...{ ...ATTENTION, sentence: "attention is float64's" },
    from: "seen[n][e] = at <= position &&",
    to: "seen[n][e] = at < position &&",
    said: /not so: error <= bound/u,
  },
  {
    name: "a wrong scale",
    ...{ ...ATTENTION, sentence: "attention is float64's" },
    from: "score = score * ofKey + device::log2Near(ofValue);",
    to: "score = score * ofKey;",
    said: /not so: error <= bound: .* fp8/u,
  },
];

const missing = whyNoBuild();
const root = mkdtempSync(join(tmpdir(), "signalbox-planted-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe.skipIf(missing !== null)(
  `planted faults${missing === null ? "" : ` (${missing})`}`,
  () => {
    let libraries = "";
    beforeAll(async () => {
      const targets = ["cuda_rows_test", "cuda_attention_test"];
      libraries = (await buildNative({ variant: "release", targets, strict: true })).folder;
    }, BUILD_MS_MAX);

    test.each(FAULTS)(
      "$name in $file is caught",
      async (fault) => {
        const program = await plant(fault, libraries);
        const { code, output } = await run(program, [fault.sentence]);
        expect(code, output).not.toBe(0);
        expect(output).toMatch(fault.said);
      },
      BUILD_MS_MAX,
    );
  },
);

/** The kernel's test, built over a copy of the kernels with the fault. Returns the executable. */
async function plant(fault: Fault, libraries: string): Promise<string> {
  const tree = join(root, fault.name.replaceAll(" ", "-"));
  cpSync(join(SOURCES, "kernels_cuda"), join(tree, "kernels_cuda"), { recursive: true });
  const file = join(tree, "kernels_cuda", fault.file);
  const text = readFileSync(file, "utf8");
  expect(text.split(fault.from), `${fault.file} has it once`).toHaveLength(2);
  writeFileSync(file, text.replace(fault.from, fault.to));
  const { toolchain } = findToolchain();
  const program = join(tree, fault.test);
  const { code, output } = await run(toolchain?.compiler ?? "g++", [
    ...["-std=c++20", "-O1", "-g1", "-ffp-contract=off", "-fno-math-errno"],
    ...(fault.sanitize === undefined ? [] : [`-fsanitize=${fault.sanitize}`]),
    ...[`-I${tree}`, `-I${SOURCES}`, `-I${join(SOURCES, "include")}`],
    ...[join(SOURCES, "test", `${fault.test}.cpp`), "-o", program],
    ...["sample", "kernels_cpu", "core"].map((name) => join(libraries, `libsb_${name}.a`)),
    "-pthread",
  ]);
  expect(code, output).toBe(0);
  return program;
}

async function run(
  command: string,
  argv: readonly string[],
): Promise<{ readonly code: number | null; readonly output: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  const child = spawn(command, argv, { stdio: ["ignore", "pipe", "pipe"] });
  const said: Buffer[] = [];
  child.stdout.on("data", (bytes: Buffer) => said.push(bytes));
  child.stderr.on("data", (bytes: Buffer) => said.push(bytes));
  child.on("error", reject).on("close", resolve);
  const code = await promise;
  return { code, output: Buffer.concat(said).toString("utf8") };
}
