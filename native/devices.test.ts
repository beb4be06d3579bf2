// The GPUs of machines that are not this one: a library of ours is in NVIDIA's place, whose driver
// answers or never does. And which GPUs are whose. `signalbox gpus` is tried without a driver.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";

import type { Device, DevicesReading } from "./index.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "./testing/built-addon.ts";
import { fakeMachine, TWO_GPUS } from "./testing/fake-nvml.ts";
import { whyNoBuild } from "../tools/native-build.ts";
import { namedDevices, visibleDevices } from "./visible-devices.ts";

const run = promisify(execFile);
const RUN_MS_MAX = 60_000;
const FIXTURE = join(import.meta.dirname, "testing", "gpus.fixture.ts");
const why = WHY_NO_ADDON ?? whyNoBuild();
const lacks = why === null ? "" : ` (${why})`;

type Said = { readonly [name in "first" | "second" | "hung" | "later"]: DevicesReading };

/** What the fixture says; it must end by itself, with the driver standing still. */
async function read(env: NodeJS.ProcessEnv): Promise<Said & { readonly turns: number }> {
  const options = { env, timeout: RUN_MS_MAX, killSignal: "SIGKILL" } as const;
  const { stdout } = await run(process.execPath, [FIXTURE], options);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof read>>;
}

describe.skipIf(why !== null)(`GPUs that the addon reads${lacks}`, () => {
  beforeAll(builtAddon, BUILD_MS_MAX);

  test("what a GPU tells arrives by name, and a driver that stands still delays nobody", async () => {
    const machine = await fakeMachine([...TWO_GPUS, "bare 1", "mig 0 MIG-cccc"]);
    const said = await read(machine.env);
    const { missing, driver, devices } = said.first;
    expect({ missing, driver }).toEqual({ missing: null, driver: "580.95.05" });
    // What it does not tell is null.
    expect(devices).toEqual([
      {
        ...{ index: 0, uuid: "GPU-aaaa-1", name: "NVIDIA H100 80GB HBM3" },
        ...{ busId: "00000000:3B:00.0", migs: ["MIG-cccc"] },
        ...{ memoryTotalBytes: 80 * 2 ** 30, memoryUsedBytes: 2 ** 30, utilisationPercent: 37 },
        ...{ temperatureCelsius: 41, watts: 312.5, eccUncorrected: 3, xids: [] },
        ...{ isLost: false, refused: null },
      },
      {
        ...{ index: 1, uuid: "GPU-bbbb-2", name: "NVIDIA H100 80GB HBM3" },
        ...{ busId: "00000000:86:00.0", migs: [] },
        ...{ memoryTotalBytes: null, memoryUsedBytes: null, utilisationPercent: null },
        ...{ temperatureCelsius: null, watts: null, eccUncorrected: null, xids: [] },
        ...{ isLost: false, refused: null },
      },
    ]);
    expect(said.second.devices[1]?.xids).toMatchObject([{ code: 79, count: 1 }]);
    // What was read last, and how old it is by now.
    expect(said.hung.devices).toMatchObject([
      { memoryUsedBytes: 2 ** 30 },
      { xids: [{ code: 79 }] },
    ]);
    expect(said.hung.ageMs).toBeGreaterThan(90);
    expect(said.later.ageMs).toBeGreaterThan(said.hung.ageMs + 90);
    expect(said.turns).toBeGreaterThan(2);
  });
});

const gpu = (index: number, uuid: string, ...migs: string[]): Device => ({
  ...{ index, uuid, name: "H100", busId: null, migs, isLost: false, refused: null, xids: [] },
  ...{ memoryTotalBytes: null, memoryUsedBytes: null, utilisationPercent: null },
  ...{ temperatureCelsius: null, watts: null, eccUncorrected: null },
});
const FOUR = [
  gpu(0, "GPU-aa11"),
  gpu(1, "GPU-aa22"),
  gpu(2, "GPU-bb33", "MIG-x1", "MIG-x2", "MIG-y3"),
  gpu(3, "GPU-cc44"),
];

// Beside the entries: which GPUs are left, in order.
test.each([
  [undefined, [0, 1, 2, 3]],
  ["", []],
  ["2,0", [2, 0]],
  ["0,2,-1,1", [0, 2]],
  ["1,4,0", [1]],
  ["no,1", []],
  ["GPU-bb, GPU-aa1", [2, 0]],
  ["GPU-cc44,GPU-aa", [3]],
  ["GPU-", []],
  ["3,GPU-cc44,1", [3]],
  ["MIG-x1,MIG-y,0", [2, 0]],
  ["MIG-x,0", []],
  ["MIG-GPU-bb33/1/0,1", [2, 1]],
])("CUDA_VISIBLE_DEVICES=%s", (said, left) => {
  const env = said === undefined ? {} : { CUDA_VISIBLE_DEVICES: said };
  expect(visibleDevices(FOUR, env).map(({ index }) => index)).toEqual(left);
});

test("GPUs that are named are found in nvidia-smi's order, and names of none are told", () => {
  const { found, unknown } = namedDevices(FOUR, ["GPU-cc", "7", "0", "GPU-aa", "MIG-y"]);
  expect(found.map(({ index }) => index)).toEqual([0, 2, 3]);
  expect(unknown).toEqual(["7", "GPU-aa"]);
});
