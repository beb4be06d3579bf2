// What routers and workers say over NATS, as the fleet's core takes it.

import { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { PeerLoad, Share } from "../core/peers.ts";
import type { Progress } from "../core/worker.ts";
import { progressOf } from "../workers/worker-facts.ts";

const { RouterLoad, WorkerReport } = signalbox.inference.v1;

/** In one message; of a larger fleet the rest is said the next time. */
export const SHARES_MAX = 256;

export function encodeLoad(load: PeerLoad): Uint8Array {
  const { router, epoch, sequence, isLeaving, shares } = load;
  const workers = Array.from(shares, ([worker, share]) => ({ worker, ...share }));
  return RouterLoad.encode({ router, epoch, sequence, leaving: isLeaving, workers }).finish();
}

/** CORRUPT for what is no such message. */
export function parseLoad(payload: Uint8Array): PeerLoad {
  const { router, epoch, sequence, leaving, workers } = decoded(() => RouterLoad.decode(payload));
  if (router === "" || workers.length > SHARES_MAX) {
    throw new Failure("CORRUPT", `a load of ${workers.length} workers from router "${router}"`);
  }
  const shares = new Map(workers.map((wire) => [wire.worker ?? "", shareOf(wire)]));
  return { router, epoch, sequence, isLeaving: leaving, shares };
}

/** CORRUPT for what is no such message. */
export function parseReport(payload: Uint8Array): {
  readonly worker: string;
  readonly progress: Progress;
} {
  const { worker, progress } = decoded(() => WorkerReport.decode(payload));
  if (progress === null || progress === undefined) {
    throw new Failure("CORRUPT", `a report of worker "${worker}" without figures`);
  }
  return { worker, progress: progressOf(progress as signalbox.inference.v1.Progress) };
}

function shareOf(wire: signalbox.inference.v1.IWorkerShare): Share {
  return {
    ...{ dispatch: wire.dispatch ?? 0, seen: wire.seen ?? 0, unseen: wire.unseen ?? 0 },
    ...{ unseenTokens: wire.unseenTokens ?? 0, unseenBlocks: wire.unseenBlocks ?? 0 },
    ...{ inFlight: wire.inFlight ?? 0, awaitingTokens: wire.awaitingTokens ?? 0 },
    inFlightBlocks: wire.inFlightBlocks ?? 0,
  };
}

function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new Failure("CORRUPT", `no message of ours: ${(cause as Error).message}`, { cause });
  }
}
