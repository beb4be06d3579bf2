// What a worker says on the wire, as the fleet takes it.

import { signalbox } from "#proto/signalbox.js";
import type { Progress, WorkerSpec } from "../core/worker.ts";
import type { WireModel } from "./worker-connection.ts";

const { WorkerState } = signalbox.inference.v1;

export function workerSpecOf(key: string, model: WireModel, crossable: boolean): WorkerSpec {
  return {
    ...{ key, model: model.name, classId: classIdOf(model), isCrossable: crossable },
    sequencesMax: Math.max(1, model.sequencesMax),
    blocks: Math.max(1, model.blocks),
    blockTokens: Math.max(1, model.blockTokens),
    resume: model.capabilities?.resume ?? false,
    masks: model.capabilities?.masks ?? false,
  };
}

/** Workers of one class draw the same tokens: the same weights, computed with the same bits. */
export function classIdOf(model: WireModel): string {
  const { numerics, isa, weights, cache, backEnd, build } = model.numericsClass ?? {};
  // `portable` is one class on every instruction path: that is what it promises.
  const path = numerics === "portable" ? "" : (isa ?? "");
  const parts = [model.weightsFingerprint, numerics, path, weights, cache, backEnd, build];
  return parts.map((part) => part ?? "").join("|");
}

export function progressOf(wire: signalbox.inference.v1.Progress): Progress {
  const { sequence, seen, engineStep, tokensOut, lastStepMs, running, waiting } = wire;
  return {
    ...{ sequence, seen, engineStep, tokensOut, lastStepMs, running, waiting },
    promptTokensLeft: wire.promptTokensLeft,
    promptTokens: wire.promptTokens,
    blocksFree: wire.blocksFree,
    blocks: wire.blocks,
    state: STATES.get(wire.state) ?? "ready",
    walltimeLeftMs:
      wire.walltimeLeftS === undefined || wire.walltimeLeftS === null
        ? null
        : wire.walltimeLeftS * 1000,
    ...{ loopLagMs: wire.loopLagMs, beat: wire.beat, seenOf: seenOf(wire.routers) },
  };
}

/** What a worker says of its GPUs that are broken; empty: nothing. */
export function brokenGpusOf({ gpus }: signalbox.inference.v1.Progress): string[] {
  return gpus.flatMap(({ index, name, pciBusId, uuid, fault }) => {
    if (fault === undefined || fault === null || fault === "") return [];
    const known = [name, pciBusId, uuid].filter(Boolean).join(", ");
    return [`GPU ${index ?? 0}${known === "" ? "" : ` (${known})`}: ${fault}`];
  });
}

/** Routers that one worker dials; what is beyond is no worker of ours. */
const ROUTERS_MAX = 64;

function seenOf(
  routers: readonly signalbox.inference.v1.IRouterSeen[],
): ReadonlyMap<string, number> {
  const known = routers.slice(0, ROUTERS_MAX);
  return new Map(known.map(({ router, seen }) => [router ?? "", seen ?? 0]));
}

const STATES: ReadonlyMap<number, Progress["state"]> = new Map([
  [WorkerState.WORKER_STATE_READY, "ready"],
  [WorkerState.WORKER_STATE_DRAINING, "draining"],
  [WorkerState.WORKER_STATE_FAILED, "failed"],
  [WorkerState.WORKER_STATE_SICK, "sick"],
]);
