// `signalbox gpus` on machines that are not this one: each in a process of its own, because the
// loader asks where libraries are when a process begins.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { fakeMachine, machineWithoutDriver, TWO_GPUS } from "#native/testing/fake-nvml.ts";

const run = promisify(execFile);
const MAIN = join(import.meta.dirname, "..", "main.ts");
const lacks = WHY_NO_ADDON === null ? "" : ` (${WHY_NO_ADDON})`;

/** Rejects unless it ends 0. */
const gpus = (env: NodeJS.ProcessEnv, ...args: string[]) =>
  run(process.execPath, [MAIN, "gpus", ...args], { env, timeout: 60_000 });

describe.skipIf(WHY_NO_ADDON !== null)(`signalbox gpus${lacks}`, () => {
  beforeAll(builtAddon, BUILD_MS_MAX);

  test("shows each GPU in a line, and which are hidden from CUDA or lost", async () => {
    const third = "gpu GPU-cccc-3 00000000:AF:00.0 0 NVIDIA A100";
    const { env } = await fakeMachine([...TWO_GPUS, third, "bare 0", "lost 2"]);
    const { stdout, stderr } = await gpus({ ...env, CUDA_VISIBLE_DEVICES: "GPU-aaaa" });
    expect(stderr).toBe("");
    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => line.split(/ {2,}/u))).toEqual([
      ["GPU", "NAME", "MEMORY", "USE", "TEMP", "POWER", "ECC", "STATE", "BUS", "UUID"],
      [
        ...["0", "NVIDIA H100 80GB HBM3", "-", "-", "-", "-", "-", "ok", "00000000:3B:00.0"],
        "GPU-aaaa-1",
      ],
      [
        ...["1", "NVIDIA H100 80GB HBM3", "2.0 GiB of 80 GiB", "37%", "41 C", "313 W", "3"],
        ...["hidden", "00000000:86:00.0", "GPU-bbbb-2"],
      ],
      ["2", "-", "-", "-", "-", "-", "-", "lost", "-", "-"],
    ]);
  });

  test("ends 0 without a driver, and says why there is no GPU", async () => {
    const env = machineWithoutDriver();
    const { stdout } = await gpus(env, "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      missing: expect.stringMatching(/^no NVIDIA driver: .*libnvidia-ml\.so\.1/u) as string,
      ...{ driver: null, gpus: [] },
    });
  });
});
