// What a worker says of its model: who it is, what it can do, and which outputs agree with its own.

import type { signalbox } from "#proto/signalbox.js";
import type { ModelSummary } from "#native/index.ts";
import { BLOCK_TOKENS } from "./parse-request.ts";

export interface ModelFacts {
  readonly name: string;
  /** Of this package: its version. */
  readonly build: string;
  readonly backEnd: string;
  readonly sequencesMax: number;
  readonly tokenizerSha256: string;
  readonly weightsFingerprint: string;
}

export function modelCard(
  model: ModelSummary,
  facts: ModelFacts,
): signalbox.inference.v1.IModel & { readonly name: string } {
  const { execution, defaults } = model;
  const { numerics, isa, weights, cache } = execution;
  const { exactResume, seeds, masks, logprobs, kvEvents, refuses } = model.capabilities;
  const { name, build, backEnd, sequencesMax, tokenizerSha256, weightsFingerprint } = facts;
  return {
    name,
    family: model.family,
    parameters: model.parameters,
    vocab: model.shape.vocab,
    contextMax: model.contextMax,
    eosIds: [...model.eosIds],
    ...(model.bosId === null ? {} : { bosId: model.bosId }),
    numericsClass: {
      ...{ numerics, isa, weights, cache, backEnd },
      build: buildText(build, execution.build),
    },
    tokenizerSha256,
    capabilities: {
      ...{ resume: true, exactResume, seeds, masks, logprobs, kvEvents, batched: true },
      refuses: [...refuses],
    },
    blocks: execution.blocks,
    blockTokens: BLOCK_TOKENS,
    sequencesMax,
    weightsFingerprint,
    ...(defaults.temperature === null ? {} : { temperature: defaults.temperature }),
    ...(defaults.topK === null ? {} : { topK: defaults.topK }),
    ...(defaults.topP === null ? {} : { topP: defaults.topP }),
  };
}

/** As versions are written: what is behind the plus tells builds of one version apart. */
function buildText(version: string, build: string): string {
  return build === "" ? version : `${version}+${build}`;
}
