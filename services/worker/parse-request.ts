// A GenerateRequest of the wire as the engine's port takes it. The engine checks the values; here
// stands what absence and zero mean.

import type { signalbox } from "#proto/signalbox.js";
import type { ModelSummary, PartialRequest, Sampling } from "#native/index.ts";
import { Failure } from "#shared/base/errors.ts";

type Wire = signalbox.inference.v1.IGenerateRequest;
type WireSampling = signalbox.inference.v1.ISampling;

export interface ParsedRequest {
  readonly id: string;
  readonly fence: number;
  readonly dispatch: number;
  readonly request: PartialRequest & { readonly sampling: Partial<Sampling> };
}

const ID_CHARS_MAX = 256;
export const BLOCK_TOKENS = 32;

/** Throws INVALID naming the field. */
export function parseRequest(wire: Wire, model: ModelSummary, masked: boolean): ParsedRequest {
  const id = wire.id ?? "";
  if (id === "" || id.length > ID_CHARS_MAX) {
    throw new Failure("INVALID", `id must have 1 to ${ID_CHARS_MAX} characters`);
  }
  const prompt = wire.promptIds ?? [];
  return {
    id,
    fence: whole("fence", wire.fence),
    dispatch: whole("dispatch", wire.dispatch),
    request: {
      prompt,
      resume: wire.resumeIds ?? [],
      cacheSalt: wire.cacheSalt ?? "",
      priority: wire.priority ?? 0,
      masked,
      sampling: samplingOf(wire.sampling ?? {}, prompt.length, model),
    },
  };
}

function samplingOf(
  wire: WireSampling,
  promptTokens: number,
  model: ModelSummary,
): Partial<Sampling> {
  const { contextMax, execution } = model;
  const room = Math.min(contextMax, execution.blocks * BLOCK_TOKENS) - promptTokens;
  const given: { [N in keyof Sampling]: Sampling[N] | undefined } = {
    temperature: wire.temperature ?? undefined,
    topK: wire.topK === 0 ? null : (wire.topK ?? undefined),
    topP: wire.topP ?? undefined,
    minP: wire.minP ?? undefined,
    repetitionPenalty: wire.repetitionPenalty ?? undefined,
    presencePenalty: wire.presencePenalty ?? undefined,
    frequencyPenalty: wire.frequencyPenalty ?? undefined,
    logitBias: (wire.logitBias ?? []).map((it) => ({
      tokenId: it.tokenId ?? 0,
      bias: it.bias ?? 0,
    })),
    stopIds: wire.stopIds ?? [],
    ignoreEos: wire.ignoreEos ?? false,
    minTokens: wire.minTokens ?? 0,
    // With no room at all one token is asked for, and the engine says that it never fits.
    maxTokens: wire.maxTokens ? wire.maxTokens : Math.max(1, room),
    seed: whole("sampling.seed", wire.seed),
    logprobs: wire.logprobs ?? null,
  };
  const present = Object.entries(given).filter(([, value]) => value !== undefined);
  return Object.fromEntries(present) as Partial<Sampling>;
}

function whole(name: string, value: number | null | undefined): number {
  const number = value ?? 0;
  if (Number.isSafeInteger(number)) return number;
  throw new Failure("INVALID", `${name} must be at most 2^53 - 1`);
}
