// What a simulated engine says of its model: shapes that fit its options, and that it has none.

import { ALL_CAPABILITIES } from "../capabilities.ts";
import type { ModelSummary } from "../engine.ts";
import type { SimulatedOptions } from "./simulated-options.ts";

export function describeSimulated(options: SimulatedOptions): ModelSummary {
  const { vocab, contextMax, eosIds, defaults, blocks, stepTokens } = options;
  const none = { layers: 0, hidden: 0, intermediate: 0, heads: 0, kvHeads: 0, headDim: 0 };
  return {
    folder: `simulated-${options.modelSeed}`,
    family: "simulated",
    parameters: 0,
    shape: { ...none, vocab, contextMax, tiedEmbeddings: false },
    contextMax,
    eosIds,
    bosId: null,
    defaults,
    execution: {
      ...{ isa: "simulated", numerics: "simulated", weights: "bf16", cache: "bf16", build: "" },
      ...{ ranks: 1, threads: 0, rowsMax: stepTokens, blocks, blockBytes: 0, rankBytes: [] },
    },
    capabilities: ALL_CAPABILITIES,
    waterfall: [],
  };
}
