// Whether the GPUs that the worker's engine computes on are well. Pure; gpu-watch.ts reads them.
//
//   G1. A fault stays until the worker's end: what NVIDIA's catalog says of each is that the GPU
//       must be reset or the machine started anew, and neither leaves a process on the GPU alive.
//   G2. A reading that does not come changes nothing: the last one gets older.

/** What a reading says of one GPU; native/binding.ts has the rest. */
export interface GpuReading {
  readonly index: number;
  readonly uuid: string | null;
  readonly name: string | null;
  readonly busId: string | null;
  readonly memoryTotalBytes: number | null;
  readonly memoryUsedBytes: number | null;
  readonly utilisationPercent: number | null;
  readonly temperatureCelsius: number | null;
  readonly watts: number | null;
  readonly eccUncorrected: number | null;
  readonly xids: readonly {
    readonly code: number;
    readonly count: number;
    readonly ageMs: number;
  }[];
  readonly isLost: boolean;
}

/** One GPU as it was read last. It crosses to the progress thread. */
export interface GpuState extends Omit<GpuReading, "xids" | "isLost"> {
  readonly lastXid: { readonly code: number; readonly atMs: number } | null;
  /** Why nothing can be computed on it any more. */
  readonly fault: string | null;
}

export interface GpuReport {
  readonly atMs: number;
  /** By index. */
  readonly gpus: readonly GpuState[];
}

export interface GpuCore {
  report: GpuReport | null;
  /** By gpuKey(). */
  readonly faults: Map<string, string>;
  /** Xids that were told of, by gpuKey() and code. */
  readonly told: Map<string, number>;
}

/** Something to log, once: a fault, or an Xid that is none. */
export interface GpuNews {
  readonly gpu: string;
  readonly kind: "fault" | "xid";
  readonly what: string;
  /** What whoever runs the machine can do. */
  readonly advice: string;
}

const RESET = "reset the GPU (nvidia-smi --gpu-reset) and start the worker again";
const REBOOT = "start the machine anew; if it happens again, have the GPU looked at";

/**
 * The Xids that a GPU does not come back from by itself: those whose immediate action is to reset
 * the GPU, or to start the machine or its guest anew, in NVIDIA's catalog
 * (https://docs.nvidia.com/deploy/xid-errors/analyzing-xid-catalog.html, read in November 2026).
 * 48's own workflow ends with a reset. 74 and 144 to 150 do so by registers that nobody here is
 * told. 94 ends one application, ours or another's: where it is ours, the engine fails by itself.
 */
const FATAL_XIDS: ReadonlyMap<number, readonly [what: string, advice: string]> = new Map([
  [46, ["the GPU stopped processing", RESET]],
  [48, ["a memory error of two bits (ECC)", RESET]],
  [62, ["the GPU's power controller halted", RESET]],
  [64, ["a bad row of memory could not be replaced", RESET]],
  [79, ["the GPU has fallen off the bus", REBOOT]],
  [95, ["a memory error that reached more than one application", RESET]],
  [109, ["a context could not be switched in time", RESET]],
  [110, ["a security fault", RESET]],
  [119, ["the GPU's system processor (GSP) does not answer", RESET]],
  [120, ["the GPU's system processor (GSP) failed", RESET]],
  [136, ["a link could not be trained", RESET]],
  [140, ["a memory error that was not recovered (ECC)", RESET]],
  [143, ["the GPU could not be initialised", RESET]],
  [151, ["a key could not be changed", REBOOT]],
  [155, ["an NVLink error that software defines", RESET]],
  [156, ["a part of the GPU is retired", RESET]],
  [158, ["the GPU did not answer in time", RESET]],
]);

const CATALOG = "NVIDIA's Xid catalog says what it means";
/** Codes times GPUs: a driver that makes numbers up fills nothing. */
const TOLD_MAX = 1024;

export function createGpuCore(): GpuCore {
  return { report: null, faults: new Map(), told: new Map() };
}

/**
 * The worker's own GPUs as they were read `ageMs` ago; the ages of Xids are from now, too. Returns
 * what is new.
 */
export function onReading(
  core: GpuCore,
  gpus: readonly GpuReading[],
  ageMs: number,
  nowMs: number,
): GpuNews[] {
  const all = [...gpus, ...goneFrom(core, gpus)];
  const news = all.flatMap((gpu) => newsOf(core, gpu));
  core.report = { atMs: nowMs - ageMs, gpus: all.map((gpu) => stateOf(core, gpu, nowMs)) };
  return news;
}

/** Why the worker should get no new requests; null: no reason that is known of. */
export function sicknessOf({ report }: GpuCore): string | null {
  const faults = report?.gpus.flatMap((gpu) =>
    gpu.fault === null ? [] : [`${gpuName(gpu)}: ${gpu.fault}`],
  );
  return faults === undefined || faults.length === 0 ? null : faults.join("; ");
}

function newsOf(core: GpuCore, gpu: GpuReading): GpuNews[] {
  const key = gpuKey(gpu);
  const news: GpuNews[] = [];
  const fail = (what: string, advice: string): void => {
    if (core.faults.has(key)) return;
    core.faults.set(key, what);
    news.push({ gpu: gpuName(gpu), kind: "fault", what, advice });
  };
  for (const { code, count } of gpu.xids) {
    const known = FATAL_XIDS.get(code);
    if (known !== undefined) {
      fail(`Xid ${code}, ${known[0]}`, known[1]);
      continue;
    }
    const of = `${key} ${code}`;
    if (core.told.get(of) === count || core.told.size > TOLD_MAX) continue;
    core.told.set(of, count);
    news.push({ gpu: gpuName(gpu), kind: "xid", what: `Xid ${code}`, advice: CATALOG });
  }
  if (gpu.isLost) fail("the driver cannot reach it any more", REBOOT);
  return news;
}

/** Those of the last report that are not there any more: lost, whether the driver says so or not. */
function goneFrom({ report }: GpuCore, gpus: readonly GpuReading[]): GpuReading[] {
  const isThere = (old: GpuState): boolean =>
    gpus.some((it) => (old.uuid === null ? it.index === old.index : it.uuid === old.uuid));
  const gone = report?.gpus.filter((old) => !isThere(old)) ?? [];
  return gone.map(({ index, uuid, name, busId }) => ({
    ...{ index, uuid, name, busId, xids: [], isLost: true, watts: null },
    ...{ memoryTotalBytes: null, memoryUsedBytes: null, utilisationPercent: null },
    ...{ temperatureCelsius: null, eccUncorrected: null },
  }));
}

function stateOf(core: GpuCore, gpu: GpuReading, nowMs: number): GpuState {
  const { xids, isLost: _, ...figures } = gpu;
  const fault = core.faults.get(gpuKey(gpu)) ?? null;
  return { ...figures, lastXid: lastOf(xids, nowMs), fault };
}

type Identity = Pick<GpuReading, "index" | "uuid" | "name" | "busId">;

/** A GPU that is lost before it was ever read has no UUID. */
function gpuKey({ index, uuid }: Identity): string {
  return uuid ?? String(index);
}

/** Enough to find it by. */
function gpuName({ index, uuid, name, busId }: Identity): string {
  const known = [name, busId, uuid].filter((it) => it !== null);
  return known.length === 0 ? `GPU ${index}` : `GPU ${index} (${known.join(", ")})`;
}

function lastOf(xids: GpuReading["xids"], nowMs: number): GpuState["lastXid"] {
  const [last] = xids.toSorted((a, b) => a.ageMs - b.ageMs);
  return last === undefined ? null : { code: last.code, atMs: nowMs - last.ageMs };
}
