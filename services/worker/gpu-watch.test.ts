// The worker's reading of its GPUs: which are its own, what it says of them, and that a driver that
// stands still holds up nothing. And how they go with the heartbeats.

import { expect, onTestFinished, test } from "vitest";
import type { Device, DevicesReading } from "#native/index.ts";
import type { WorkerConfig } from "#shared/config/load-config.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { NO_TLS } from "#shared/mesh/tls.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { ManualClock } from "#shared/testing/manual-clock.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { FIGURE_NAMES, STATE_NUMBERS, type Figures } from "./core/figures.ts";
import type { GpuReport } from "./core/gpu-health.ts";
import { GpuWatch, watchedGpus } from "./gpu-watch.ts";
import { ProgressBoard, sharedNowMs } from "./progress-board.ts";
import { ProgressLinks } from "./progress-link.ts";
import { FakeRouter } from "./worker-world.fixture.ts";
import { workerMeter } from "./worker-metrics.ts";

const GIB = 2 ** 30;

const device = (index: number, over: Partial<Device> = {}): Device => ({
  ...{ index, uuid: `GPU-${index}`, name: "H100", busId: `0000:0${index}:00.0`, migs: [] },
  ...{ memoryTotalBytes: 80 * GIB, memoryUsedBytes: GIB, utilisationPercent: 37 },
  ...{ temperatureCelsius: 41, watts: 300, eccUncorrected: null, xids: [] },
  ...{ isLost: false, refused: null, ...over },
});
const reading = (devices: readonly Device[], over: Partial<DevicesReading> = {}) => ({
  ...{ ageMs: 0, missing: null, driver: "580", devices, ...over },
});

/** A watch whose readings the test gives, one at a time, and whose clock it moves. */
function watching(choice: WorkerConfig["gpus"], env: NodeJS.ProcessEnv = {}) {
  const clock = new ManualClock();
  const lines: string[] = [];
  const destination = { write: (line: string) => void lines.push(line) };
  const answers: ((reading: DevicesReading) => void)[] = [];
  const signals: AbortSignal[] = [];
  const watch = new GpuWatch({
    ...{ choice, env, timers: clock },
    logger: createLogger({ service: "test", level: "info", destination }),
    read: (_, signal) => {
      signals.push(signal);
      return new Promise((answer) => answers.push(answer));
    },
  });
  const give = async (it: DevicesReading): Promise<void> => {
    answers.shift()?.(it);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { watch, clock, lines, answers, signals, give };
}

test.each([
  ["auto", { CUDA_VISIBLE_DEVICES: "2,0" }, [2, 0]],
  ["auto", {}, [0, 1, 2]],
  [["1", "GPU-2"], { CUDA_VISIBLE_DEVICES: "" }, [1, 2]],
] as const)("gpus = %j with %j watches %j", async (choice, env, indices) => {
  const { watch, give } = watching(choice, env);
  const first = watch.first(1_000);
  await give(reading([device(0), device(1), device(2)]));
  await first;
  expect(watch.report?.gpus.map(({ index }) => index)).toEqual(indices);
});

test("nothing is read for a worker that has no GPUs", async () => {
  const { watch, clock, answers } = watching("none");
  await watch.first(1_000);
  watch.watch(() => {});
  expect(answers).toEqual([]);
  expect(clock.pending).toBe(0);
});

test("a fatal Xid is told at once, with the GPU and what to do; a foreign GPU's is not", async () => {
  const { watch, clock, lines, answers, give } = watching(["0"]);
  const told: (readonly [GpuReport, boolean])[] = [];
  const first = watch.first(1_000);
  await give(reading([device(0), device(1)]));
  await first;
  watch.watch((report, sickened) => void told.push([report, sickened]));
  expect(told).toHaveLength(1);
  const xids = [{ code: 79, count: 1, ageMs: 0 }];
  for (const devices of [
    [device(0), device(1, { xids })],
    [device(0, { xids }), device(1)],
    [device(0, { xids }), device(1)],
  ]) {
    clock.advance(5_000);
    await give(reading(devices));
  }
  expect(told.map(([, sickened]) => sickened)).toEqual([false, false, true, false]);
  expect(watch.sickness).toBe(
    "GPU 0 (H100, 0000:00:00.0, GPU-0): Xid 79, the GPU has fallen off the bus",
  );
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? "")).toMatchObject({
    ...{ gpu: "GPU 0 (H100, 0000:00:00.0, GPU-0)", what: "Xid 79, the GPU has fallen off the bus" },
    advice: expect.stringContaining("start the machine anew") as string,
  });
  watch.close();
  clock.advance(60_000);
  expect(answers).toEqual([]);
});

test("while the driver stands still no second reading begins, and the last report gets older", async () => {
  const { watch, clock, answers, signals, give } = watching(["0"]);
  const told: GpuReport[] = [];
  const first = watch.first(1_000);
  await give(reading([device(0)]));
  await first;
  watch.watch((report) => void told.push(report));
  clock.advance(5_000);
  expect(answers).toHaveLength(1);
  clock.advance(60_000);
  expect(answers).toHaveLength(1);
  // As a wait that ended gives it: what was read then.
  await give(reading([device(0)], { ageMs: 65_000 }));
  expect(sharedNowMs() - (told.at(-1)?.atMs ?? 0)).toBeGreaterThanOrEqual(65_000);
  expect(watch.sickness).toBeNull();
  // The end of the worker waits for it as little.
  clock.advance(5_000);
  watch.close();
  expect(signals.at(-1)?.aborted).toBe(true);
  await give(reading([device(0)]));
  expect(told).toHaveLength(2);
  expect(clock.pending).toBe(0);
});

test("a machine without a driver, and GPUs that are not there, are told of once", async () => {
  const { watch, clock, lines, give } = watching(["0", "7"]);
  const first = watch.first(1_000);
  await give(reading([], { missing: "no NVIDIA driver: it is not here" }));
  await first;
  watch.watch(() => {});
  const next = async (it: DevicesReading): Promise<void> => {
    clock.advance(5_000);
    await give(it);
  };
  await next(reading([], { missing: "no NVIDIA driver: it is not here" }));
  expect(watch.report).toBeNull();
  await next(reading([device(0)]));
  await next(reading([device(0)]));
  expect(lines.map((line) => (JSON.parse(line) as { reason: string }).reason)).toEqual([
    "no NVIDIA driver: it is not here",
    "worker.gpus names 7; there are 0 (GPU-0)",
  ]);
  expect(watch.report?.gpus).toHaveLength(1);
});

const server = (url: string | null, command: readonly string[] | null) =>
  ({ gpus: "auto", server: { url, command }, engineOptions: {} }) as WorkerConfig;
const own = (engineOptions: WorkerConfig["engineOptions"], gpus: WorkerConfig["gpus"] = "auto") =>
  ({ gpus, server: null, engineOptions }) as WorkerConfig;

test.each([
  [own({}), "none"],
  [own({ device: "cpu" }), "none"],
  [own({ device: "cuda:1" }), "auto"],
  [own({ device: "cuda:1" }, ["1"]), ["1"]],
  [server("http://127.0.0.1:8000", null), "auto"],
  [server("http://[::1]:8000", null), "auto"],
  [server(null, ["vllm", "--port={port}"]), "auto"],
  [server("http://gpu7:8000", null), "none"],
])("by itself a worker watches the GPUs that its engine may compute on: %j", (config, expected) => {
  expect(watchedGpus(config)).toEqual(expected);
});

const REPORT: Omit<GpuReport, "atMs"> = {
  gpus: [
    {
      ...{ index: 3, uuid: "GPU-3", name: "H100", busId: "0000:3B:00.0" },
      ...{ memoryTotalBytes: 80 * GIB, memoryUsedBytes: 9 * GIB, utilisationPercent: 0 },
      ...{ temperatureCelsius: null, watts: 300, eccUncorrected: 2 },
      ...{ lastXid: null, fault: null },
    },
  ],
};

test("heartbeats carry the GPUs now and then with their age, and always once one is broken", async () => {
  const router = new FakeRouter();
  await router.start();
  const none = Object.fromEntries(FIGURE_NAMES.map((name) => [name, 0]));
  const board = new ProgressBoard(1);
  const write = (state: number): void => {
    const figures = { ...(none as Figures), state };
    board.write({ figures, seen: [0], beatMs: sharedNowMs(), thread: null });
  };
  write(STATE_NUMBERS.ready);
  const options = {
    identity: { worker: "w", epoch: "1", secret: null, tls: NO_TLS },
    routers: [{ address: router.address, link: "1" }],
    ...{ endsAtMs: null, model: "m", build: "1", nats: null },
  };
  const world = { clock: systemClock, timers: systemTimers, random: systemRandom };
  const links = new ProgressLinks(options, board, world);
  onTestFinished(() => links.close());
  links.setGpus({ ...REPORT, atMs: sharedNowMs() - 10_000 });
  await waitFor(() => router.progress.length > 0, 20_000, "the first heartbeat");
  for (let i = 0; i < 45; i++) links.sendAll();
  await waitFor(() => router.progress.length > 45, 20_000, "45 more");
  for (const { sequence, beat, gpus } of router.progress) {
    expect(gpus.length, `beat ${beat}`).toBe(sequence === 1 || beat % 20 === 0 ? 1 : 0);
  }
  const [gpu] = router.progress[0]?.gpus ?? [];
  expect(gpu).toMatchObject({
    ...{ index: 3, uuid: "GPU-3", name: "H100", pciBusId: "0000:3B:00.0", fault: "" },
    ...{ memoryTotalBytes: 80 * GIB, memoryUsedBytes: 9 * GIB, utilisationPercent: 0 },
    eccUncorrected: 2,
  });
  // Absent is not 0.
  expect(Object.keys(gpu ?? {})).not.toContain("temperatureCelsius");
  expect(Object.keys(gpu ?? {})).not.toContain("lastXid");
  expect(gpu?.ageS).toBeGreaterThanOrEqual(10);

  // A router that comes back hears of them at once.
  router.stop();
  await router.start();
  await waitFor(() => router.progress.length > 0, 20_000, "the first heartbeat again");
  expect(router.progress[0]).toMatchObject({ sequence: 1, gpus: [{ index: 3 }] });

  const broken = {
    ...REPORT.gpus[0]!,
    fault: "Xid 79",
    lastXid: { code: 79, atMs: sharedNowMs() },
  };
  links.setGpus({ gpus: [broken], atMs: sharedNowMs() });
  write(STATE_NUMBERS.sick);
  for (let i = 0; i < 3; i++) links.sendAll();
  const sick = () => router.progress.filter((it) => it.state === STATE_NUMBERS.sick);
  await waitFor(() => sick().length > 2, 20_000, "what a sick worker says");
  for (const { gpus } of sick()) expect(gpus).toMatchObject([{ fault: "Xid 79", lastXid: 79 }]);
}, 60_000);

test("metrics have what is told, by index, and no number for what is not told any more", async () => {
  const metrics = createMetrics("worker");
  let report: GpuReport | null = null;
  workerMeter(metrics, "m", {
    ...{ stats: () => null, links: () => ({ serve: 0, progress: 0 }), loopLagMs: () => 0 },
    gpus: () => report,
  });
  const lines = async (): Promise<string[]> =>
    (await metrics.render()).split("\n").filter((it) => it.startsWith("signalbox_worker_gpu"));
  expect(await lines()).toEqual([]);
  report = { ...REPORT, atMs: sharedNowMs() - 3_000 };
  const said = (await lines()).map((it) => it.replace('service="worker"', ""));
  expect(said).toContain(`signalbox_worker_gpu_memory_used_bytes{gpu="3",} ${9 * GIB}`);
  expect(said).toContain('signalbox_worker_gpu_utilization_ratio{gpu="3",} 0');
  expect(said).toContain('signalbox_worker_gpu_broken{gpu="3",} 0');
  expect(said.join("\n")).not.toMatch(/temperature|last_xid/u);
  expect(said.find((it) => it.includes("age_seconds"))).toMatch(/ 3\.\d+$/u);
  const [gpu] = REPORT.gpus;
  report = { gpus: [{ ...gpu!, memoryUsedBytes: null, fault: "lost" }], atMs: sharedNowMs() };
  const lost = (await lines()).join("\n");
  expect(lost).toMatch(/memory_used_bytes\{[^}]*\} Na[Nn]/u);
  expect(lost).toMatch(/gpu_broken\{[^}]*\} 1/u);
});
