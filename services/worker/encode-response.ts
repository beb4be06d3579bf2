// What an engine says, as the wire has it.

import { signalbox } from "#proto/signalbox.js";
import type { Chunk, KvEvent, TokenLogprobs } from "#native/index.ts";
import { Failure } from "#shared/base/errors.ts";
import { STATE_NUMBERS, type Figures } from "./core/figures.ts";
import type { GpuReport } from "./core/gpu-health.ts";

type Response = signalbox.inference.v1.IGenerateResponse;
type WireEvent = signalbox.inference.v1.IKvEvent;
type WireProgress = signalbox.inference.v1.IProgress;
type WireGpu = signalbox.inference.v1.IGpuHealth;

const { FinishReason, WorkerState } = signalbox.inference.v1;

const FINISHES = {
  stop: FinishReason.FINISH_REASON_STOP,
  length: FinishReason.FINISH_REASON_LENGTH,
  aborted: FinishReason.FINISH_REASON_ABORTED,
} as const;

const STATES = {
  [STATE_NUMBERS.ready]: WorkerState.WORKER_STATE_READY,
  [STATE_NUMBERS.draining]: WorkerState.WORKER_STATE_DRAINING,
  [STATE_NUMBERS.failed]: WorkerState.WORKER_STATE_FAILED,
  [STATE_NUMBERS.sick]: WorkerState.WORKER_STATE_SICK,
};

export function encodeChunk(chunk: Chunk, fence: number): Response {
  const { index, tokenIds, logprobs, cachedTokens, finish } = chunk;
  return {
    fence,
    firstIndex: index,
    tokenIds: tokenIds as number[],
    ...(logprobs === null ? {} : { logprobs: logprobs.map(encodeLogprobs) }),
    ...(cachedTokens === null ? {} : { cachedTokens }),
    ...(finish === null ? {} : { finish: FINISHES[finish] }),
  };
}

function encodeLogprobs({
  logprob,
  alternatives,
}: TokenLogprobs): signalbox.inference.v1.ITokenLogprobs {
  return { logprob, alternatives: alternatives.map((it) => ({ ...it })) };
}

/** Of one request among those of a call. */
export function encodeFailure(reason: unknown): signalbox.inference.v1.IBatchedFailure {
  const { code, message, hint = "", retryAfterMs } = Failure.from(reason);
  const later = retryAfterMs === undefined ? {} : { retryAfterMs: Math.ceil(retryAfterMs) };
  return { code, message, hint, ...later };
}

export function encodeKvEvent(event: KvEvent): WireEvent {
  const { sequence, kind, parent } = event;
  const hash = fixed64(event.hash);
  if (kind === "cleared") return { sequence, cleared: {} };
  if (kind === "removed") return { sequence, removed: { hash } };
  const of = parent === null ? {} : { parent: fixed64(parent) };
  return { sequence, stored: { hash, ...of, tokenIds: event.tokenIds as number[] } };
}

/**
 * All 64 bits, as protobufjs writes them from halves. Its types know numbers alone, and that is
 * what readers in JavaScript get: the nearest one, the same for the same hash.
 */
function fixed64(value: bigint): number {
  const halves = { low: Number(value & 0xffff_ffffn), high: Number(value >> 32n) };
  return halves as unknown as number;
}

export interface ProgressExtras {
  readonly sequence: number;
  readonly seen: number;
  readonly loopLagMs: number;
  /** Null: the worker's allocation has no end. */
  readonly walltimeLeftS: number | null;
  /** Of the reading, over the worker's life. */
  readonly beat: number;
  readonly routers: readonly signalbox.inference.v1.IRouterSeen[];
  readonly gpus: readonly WireGpu[];
}

export function encodeProgress(figures: Figures, extras: ProgressExtras): WireProgress {
  const { walltimeLeftS, routers, gpus, ...rest } = extras;
  const { state, ...counts } = figures;
  return {
    ...counts,
    ...rest,
    routers: [...routers],
    gpus: [...gpus],
    ...(walltimeLeftS === null ? {} : { walltimeLeftS }),
    state: STATES[state as keyof typeof STATES],
  };
}

/** `nowMs` by the clock of the report. */
export function encodeGpus(report: GpuReport | null, nowMs: number): WireGpu[] {
  if (report === null) return [];
  return report.gpus.map((gpu) => ({
    ...{ index: gpu.index, uuid: gpu.uuid ?? "", name: gpu.name ?? "" },
    ...{ pciBusId: gpu.busId ?? "", fault: gpu.fault ?? "" },
    ...{ memoryTotalBytes: gpu.memoryTotalBytes, memoryUsedBytes: gpu.memoryUsedBytes },
    utilisationPercent: gpu.utilisationPercent,
    temperatureCelsius: gpu.temperatureCelsius,
    eccUncorrected: gpu.eccUncorrected,
    lastXid: gpu.lastXid?.code ?? null,
    lastXidAgeS: gpu.lastXid === null ? null : (nowMs - gpu.lastXid.atMs) / 1000,
    ageS: (nowMs - report.atMs) / 1000,
  }));
}
