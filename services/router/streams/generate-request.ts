// Between what a front door asks and what goes to a worker.

import type { signalbox } from "#proto/signalbox.js";
import type { RequestClass } from "../core/request-class.ts";
import type { ChunkLogprobs, TokenRequest, TokenSampling } from "../token-source.ts";

type Wire = signalbox.inference.v1.IGenerateRequest;

/** The worker's queue takes lower numbers first. */
const PRIORITY_OF: { readonly [C in RequestClass]: number } = {
  ...{ critical: 0, realtime: 1, high: 2, normal: 3, low: 4, bulk: 5 },
};

export interface AttemptNumbers {
  readonly fence: number;
  readonly resumeIds: readonly number[];
  readonly dispatch: number;
}

export function generateRequestOf(request: TokenRequest, attempt: AttemptNumbers): Wire {
  return {
    id: request.id,
    fence: attempt.fence,
    promptIds: request.promptIds as number[],
    resumeIds: attempt.resumeIds as number[],
    sampling: samplingOf(request.sampling),
    cacheSalt: request.cacheSalt,
    priority: PRIORITY_OF[request.priority],
    dispatch: attempt.dispatch,
  };
}

function samplingOf(sampling: TokenSampling): signalbox.inference.v1.ISampling {
  const { logitBias, stopIds, ignoreEos, minTokens, maxTokens, seed, ...given } = sampling;
  const some = Object.entries(given).filter(([, value]) => value !== null);
  return {
    ...(Object.fromEntries(some) as signalbox.inference.v1.ISampling),
    ...{ ignoreEos, minTokens, seed, maxTokens: maxTokens ?? 0 },
    logitBias: [...logitBias],
    stopIds: [...stopIds],
  };
}

export function logprobsOf(wire: signalbox.inference.v1.ITokenLogprobs): ChunkLogprobs {
  return {
    logprob: wire.logprob ?? 0,
    alternatives: (wire.alternatives ?? []).map(({ tokenId, logprob }) => ({
      ...{ tokenId: tokenId ?? 0, logprob: logprob ?? 0 },
    })),
  };
}
