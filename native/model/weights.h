// Where a rank's weights lie, in the memory of its back end.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace signalbox {

/// One matrix, packed as the back end likes it. Outputs are padded to panels of 16.
struct LinearWeights {
  std::uint8_t* weights = nullptr;
  float* scales = nullptr;  // fp8: [panels * 16], one power of two per output; bf16: null
  float* bias = nullptr;    // [panels * 16] or null
  WeightDtype dtype = WeightDtype::kBf16;
  int panels = 0;
  int k = 0;         // of the rank, % 32
  int segments = 1;  // of the rank
};

/// Rows of the vocabulary that the rank holds. Tied models keep one copy: the head's panels.
struct EmbeddingWeights {
  std::uint16_t* rows = nullptr;  // [rank's vocabulary][hidden] bf16; null: gathered from the head
};

struct LayerWeights {
  float* attentionNorm = nullptr;  // [padTo(hidden, 32)], zeros in the padding; so is mlpNorm
  LinearWeights qkv;               // the rank's query heads, key heads, value heads
  float* queryNorm = nullptr;      // [headDim] or null
  float* keyNorm = nullptr;        // [headDim] or null
  LinearWeights output;            // row-parallel
  float* mlpNorm = nullptr;
  LinearWeights gateUp;            // panels alternate: gate, up
  LinearWeights down;              // row-parallel
};

struct RankWeights {
  EmbeddingWeights embedding;
  std::vector<LayerWeights> layers;
  float* finalNorm = nullptr;
  LinearWeights head;  // the rank's panels of the vocabulary
};

}  // namespace signalbox
