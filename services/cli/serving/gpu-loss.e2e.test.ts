// A worker whose GPU falls off the bus: its router sees it, and sends the next streams elsewhere.
// The processes are real; the GPU is a file that NVIDIA's library, as a test has it, reads.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { whyNoBuild } from "../../../tools/native-build.ts";
import { builtAddon, BUILD_MS_MAX, WHY_NO_ADDON } from "#native/testing/built-addon.ts";
import { fakeMachine, TWO_GPUS } from "#native/testing/fake-nvml.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { bundledModel } from "../package-root.ts";
import { untilLinked } from "./linked-workers.ts";
import { READY_MS, ServiceGroup } from "./service-group.fixture.ts";

const why = WHY_NO_ADDON ?? whyNoBuild();

describe.skipIf(why !== null)(`the loss of a GPU${why === null ? "" : ` (${why})`}`, () => {
  const group = new ServiceGroup("gpu-loss");
  beforeAll(builtAddon, BUILD_MS_MAX);
  afterAll(() => group.end(), READY_MS);

  test(
    "takes its worker out of new placements, and says so",
    async () => {
      const machine = await fakeMachine(TWO_GPUS);
      const router = await group.start("router", {}, { name: "r1" });
      const url = `http://${String(router.ready?.["http"])}`;
      const model = { ENGINE: "simulated", MODEL: bundledModel(), MODEL_NAME: "m" };
      const settings = { ...model, ROUTERS: String(router.ready?.["workers"]), GPUS: "0" };
      const { LD_LIBRARY_PATH, FAKE_NVML } = machine.env;
      const env = { LD_LIBRARY_PATH, FAKE_NVML };
      const hurt = await group.start("worker", settings, { name: "w1", env });
      await untilLinked(`${url}/v1`, "m", 1, READY_MS, group.at(""));
      const servedBy = (it: typeof hurt): Promise<number> =>
        sumOf(`http://${String(it.ready?.["http"])}`, "signalbox_worker_requests_total");
      const w1 = `http://${String(hurt.ready?.["http"])}`;
      expect(await sumOf(w1, "signalbox_worker_gpu_memory_used_bytes")).toBe(2 ** 30);
      expect(await sumOf(w1, "signalbox_worker_gpu_broken")).toBe(0);

      machine.is([...TWO_GPUS, "xid 0 79", "lost 0"]);
      const well = await group.start("worker", { ...settings, GPUS: "none" }, { name: "w2" });
      await untilLinked(`${url}/v1`, "m", 2, READY_MS, group.at(""));
      const sick = () => sumOf(url, "signalbox_router_workers", 'state="sick"');
      await waitFor(async () => (await sick()) === 1, READY_MS, "the router's word for it");
      const before = await servedBy(hurt);
      await Promise.all(Array.from({ length: 8 }, () => complete(url)));
      expect(await servedBy(hurt)).toBe(before);
      expect(await servedBy(well)).toBeGreaterThanOrEqual(8);
      expect(await sumOf(w1, "signalbox_worker_gpu_broken")).toBe(1);
      const health = await fetch(`${w1}/readyz`);
      expect(health.status).toBe(503);
      const gpu = "GPU 0 (NVIDIA H100 80GB HBM3, 00000000:3B:00.0, GPU-aaaa-1)";
      expect(await health.text()).toContain(gpu);
      for (const name of ["w1", "r1"]) {
        const log = readFileSync(group.at(`${name}.log`), "utf8");
        expect(log).toContain(gpu);
        expect(log).toContain("Xid 79, the GPU has fallen off the bus");
      }
    },
    3 * READY_MS,
  );
});

async function complete(url: string): Promise<void> {
  const response = await fetch(`${url}/v1/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", prompt: "signal", max_tokens: 3, ignore_eos: true }),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
}

/** Of all lines of a metric, or of those with a label. */
async function sumOf(url: string, name: string, label = ""): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return text
    .split("\n")
    .filter((line) => line.startsWith(`${name}{`) && line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" ") + 1)), 0);
}
