import { expect, test } from "vitest";
import { createGpuCore, onReading, sicknessOf, type GpuReading } from "./gpu-health.ts";

const xid = (code: number, ageMs = 0, count = 1) => ({ code, count, ageMs });
const gpu = (over: Partial<GpuReading> = {}): GpuReading => ({
  ...{ index: 0, uuid: "GPU-a", name: "H100", busId: "00000000:3B:00.0" },
  ...{ memoryTotalBytes: 80, memoryUsedBytes: 8, utilisationPercent: 37, temperatureCelsius: 41 },
  ...{ watts: 300, eccUncorrected: 0, xids: [], isLost: false },
  ...over,
});
const other = gpu({ index: 1, uuid: "GPU-b", busId: "00000000:86:00.0" });

test("a report has every figure, when it was read, and the Xid that came last", () => {
  const core = createGpuCore();
  onReading(core, [gpu({ xids: [xid(13, 900), xid(31, 200), xid(43, 600)] }), other], 50, 10_000);
  expect(core.report?.atMs).toBe(9_950);
  const { xids: _, isLost: __, ...figures } = gpu();
  const [first, second] = core.report?.gpus ?? [];
  expect(first).toEqual({ ...figures, lastXid: { code: 31, atMs: 9_800 }, fault: null });
  expect(second).toMatchObject({ index: 1, lastXid: null, fault: null });
  expect(sicknessOf(core)).toBeNull();
});

// NVIDIA's catalog: the immediate action is a reset of the GPU, or a restart of the machine.
const FATAL = [46, 48, 62, 64, 79, 95, 109, 110, 119, 120, 136, 140, 143, 151, 155, 156, 158];

test.each(FATAL)("Xid %i takes the worker out, once, and says which GPU it was", (code) => {
  const core = createGpuCore();
  const news = onReading(core, [other, gpu({ xids: [xid(code)] })], 0, 0);
  expect(news).toHaveLength(1);
  expect(news[0]).toMatchObject({ kind: "fault", gpu: "GPU 0 (H100, 00000000:3B:00.0, GPU-a)" });
  expect(news[0]?.what).toMatch(new RegExp(`^Xid ${code}, `, "u"));
  expect(news[0]?.advice).toMatch(/reset the GPU|start the machine anew/u);
  expect(sicknessOf(core)).toBe(`GPU 0 (H100, 00000000:3B:00.0, GPU-a): ${news[0]?.what}`);
  expect(onReading(core, [other, gpu({ xids: [xid(code, 5_000)] })], 0, 5_000)).toEqual([]);
});

// Faults of one program, memory that was mended, and what only registers can tell.
test.each([13, 31, 43, 45, 63, 74, 92, 94, 154])("Xid %i is told of, and no reason", (code) => {
  const core = createGpuCore();
  const first = onReading(core, [gpu({ xids: [xid(code)] })], 0, 0);
  expect(first).toMatchObject([{ kind: "xid", what: `Xid ${code}` }]);
  expect(onReading(core, [gpu({ xids: [xid(code, 5_000)] })], 0, 5_000)).toEqual([]);
  expect(onReading(core, [gpu({ xids: [xid(code, 0, 2)] })], 0, 9_000)).toHaveLength(1);
  expect(sicknessOf(core)).toBeNull();
});

test("what comes after a fatal Xid hides it as little as a GPU that answers again", () => {
  const core = createGpuCore();
  onReading(core, [gpu({ xids: [xid(79, 100), xid(154, 0)] })], 0, 0);
  expect(core.report?.gpus[0]).toMatchObject({ lastXid: { code: 154 } });
  const sick = sicknessOf(core);
  expect(sick).toContain("Xid 79");
  onReading(core, [gpu()], 0, 5_000);
  expect(sicknessOf(core)).toBe(sick);
});

test("a lost GPU is broken, also one that was lost before it could say its name", () => {
  const core = createGpuCore();
  const gone = gpu({ uuid: null, name: null, busId: null, memoryUsedBytes: null, isLost: true });
  const news = onReading(core, [gone], 0, 0);
  expect(news).toMatchObject([{ kind: "fault", gpu: "GPU 0" }]);
  expect(sicknessOf(core)).toBe("GPU 0: the driver cannot reach it any more");
  expect(onReading(core, [gone], 0, 5_000)).toEqual([]);
});

test("a GPU that is not listed any more is lost, and stays so", () => {
  const core = createGpuCore();
  onReading(core, [gpu(), other], 0, 0);
  const news = onReading(core, [gpu()], 0, 5_000);
  expect(news).toMatchObject([{ kind: "fault", gpu: "GPU 1 (H100, 00000000:86:00.0, GPU-b)" }]);
  expect(core.report?.gpus).toMatchObject([{ uuid: "GPU-a" }, { uuid: "GPU-b", watts: null }]);
  onReading(core, [gpu()], 0, 10_000);
  onReading(core, [gpu(), other], 0, 15_000);
  expect(core.report?.gpus).toHaveLength(2);
  expect(sicknessOf(core)).toBe(
    "GPU 1 (H100, 00000000:86:00.0, GPU-b): the driver cannot reach it any more",
  );
});

test("a driver that makes numbers up is told of so many times and no more", () => {
  const core = createGpuCore();
  const made = (from: number) => Array.from({ length: 600 }, (_, i) => xid(10_000 + from + i));
  for (let i = 0; i < 10; i++) onReading(core, [gpu({ xids: made(i * 600) })], 0, i);
  expect(core.told.size).toBeLessThan(1_100);
});
