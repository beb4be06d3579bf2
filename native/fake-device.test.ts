// The addon on a CUDA device that is made up: a driver of the tests' own, found by the loader as
// the real one is (native/test/fake_cuda/).

import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

import { tempDirectory } from "#shared/testing/temp-directory.ts";

import { kernelIdentity } from "../tools/kernel-identity.ts";
import { buildNative, SOURCES } from "../tools/native-build.ts";
import { loadEngine } from "./index.ts";
import { builtAddon, BUILD_MS_MAX, TEST_MODEL, WHY_NO_ADDON } from "./testing/built-addon.ts";

const run = promisify(execFile);
const RUN_MS_MAX = 120_000;

test.skipIf(WHY_NO_ADDON !== null)(
  "an engine on cuda:0 draws the CPU's tokens, in a class of its own",
  async () => {
    await builtAddon();
    const { folder } = await buildNative({
      variant: "release",
      targets: ["fake_cuda"],
      strict: true,
    });
    const { path: kernels, remove } = tempDirectory();
    onTestFinished(remove);
    writeFileSync(join(kernels, "identity"), kernelIdentity(SOURCES));
    for (const name of ["attention", "product", "rope_append", "rows"]) {
      const image = `machine code of the fake CUDA device: ${name}`;
      writeFileSync(join(kernels, `${name}.cubin`), image);
    }
    const fixture = join(import.meta.dirname, "testing", "fake-device.fixture.ts");
    const env = { ...process.env, LD_LIBRARY_PATH: join(folder, "fake_cuda") };
    const { stdout } = await run(process.execPath, [fixture, kernels], {
      ...{ env, timeout: RUN_MS_MAX, killSignal: "SIGKILL" },
    });
    const cpu = await loadEngine({ folder: TEST_MODEL, contextMax: 64, threads: 1 });
    const tokens: number[] = [];
    const sampling = { temperature: 0, maxTokens: 3, ignoreEos: true };
    for await (const chunk of cpu.generate({ prompt: [1, 5, 9], sampling })) {
      tokens.push(...chunk.tokenIds);
    }
    await cpu.unload();
    expect(JSON.parse(stdout)).toEqual({ isa: "cuda-sm90", numerics: "native", tokens });
  },
  BUILD_MS_MAX + RUN_MS_MAX,
);
