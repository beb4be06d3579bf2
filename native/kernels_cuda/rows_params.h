// What the row kernels (rows.cuh) take: for whoever launches them.
#pragma once

#include "core/numeric.h"
#include "core/types.h"

namespace signalbox {

inline constexpr int kRowThreads = 256;

/// x[row] = table[tokens[row]], as floats. A block per row. Tokens may be what the last step drew:
/// they are read on the device.
struct EmbedParams {
  const Bf16* table;      // [vocab][hidden]
  const TokenId* tokens;  // [rows]
  float* x;               // [rows][hidden]
  int hidden;             // % 8 == 0: a thread moves 16 bytes
};

/// x[row] = x[row] + (the ranks' shares + bias), then normed[row] = x[row] / sqrt(mean(x^2) + eps)
/// * weight. A block per row. The shares are added as a pairwise tree: (p0 + p1) + (p2 + p3).
struct ResidualNormParams {
  float* x;                  // [rows][hidden]
  const float* partials[4];  // of each rank [rows][hidden]
  int ranks;                 // 1, 2 or 4; 0: nothing is added, x stays as it is
  const float* bias;         // [hidden] or null
  const float* weight;       // [hidden]
  Bf16* normed;              // [rows][hidden]
  int hidden;                // % 4 == 0
  float eps;
};

struct ResidualNormShared {
  float sums[kRowThreads / 32];
};

/// gated[row] = silu(gate) * up. A block per row.
struct GatedParams {
  const float* gateUp;  // [rows][2 * columns]: 16 of gate, 16 of up, and so on
  Bf16* gated;          // [rows][columns]
  int columns;          // % 16 == 0
};

}  // namespace signalbox
