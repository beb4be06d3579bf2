// The CPU's operations: one table of functions per instruction path, each function a single
// thread's work on one slice. Who does which slice is the caller's (model/cpu_ops).
//
//   K1. `portable` paths (amx, avx512, avx2, scalar) give the same bits for the same arguments.
//   K2. A row's result depends on that row alone: not on the number of rows, the slice it was in,
//       the thread, or what the padding holds.
//   K3. Matrix products take bf16 inputs and follow TDPBF16PS: for every 32 of k an even and an odd
//       chain of fused multiply-adds from +0, their sum, added to the accumulator in order of k;
//       subnormals are zero on the way in and out. Source: Intel SDM, TDPBF16PS; measured.
//   K4. With `segments` > 1, k is cut in that many equal runs, each accumulated apart, and summed
//       as a pairwise tree: (s0 + s1) + (s2 + s3).
//   K5. Everything else is fp32, products and sums never fused, sums over a row in 16 lanes (lane i
//       takes elements i, i + 16, ...), then halves: 8, 4, 2, 1. The `reference` path is exempt.
//   K6. No function allocates, throws, or calls what lives in another instruction path's unit.
//
// Layouts, shared by all portable paths. Sizes are padded by `padTo`; padding holds zeros in
// weights and in k, anything in rows.
//
//   weights      panels of 16 outputs: [n / 16][k / 32][16 pairs of k][16 outputs][2], bf16 or fp8:
//                every 1 KB of bf16 is one B tile
//   activations  [rows / 16][k / 32][R][32] bf16, R = min(rows, 16): every R x 32 is one A tile
//   queries      [row][query head][headDimPadded] bf16, rotated, not scaled
//   cache        see KvLayout (core/kv_layout.h)
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/kv_layout.h"
#include "core/numeric.h"
#include "core/types.h"

namespace signalbox {

inline constexpr int kPanel = 16;   // outputs in a panel of weights
inline constexpr int kTileK = 32;   // inputs in a tile
inline constexpr int kTileRows = 16;

[[gnu::always_inline]] inline constexpr int padTo(int value, int multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// Where activation (row, k) lies, in elements. `k` and `kTotal` in elements, kTotal % 32 == 0.
[[gnu::always_inline]] inline constexpr std::size_t activationOffset(int row, int k, int kTotal,
                                                                     int rows) {
  const std::size_t tileRows = static_cast<std::size_t>(rows < kTileRows ? rows : kTileRows);
  return static_cast<std::size_t>(row / kTileRows) * static_cast<std::size_t>(kTotal) * kTileRows +
         static_cast<std::size_t>(k / kTileK) * tileRows * kTileK +
         static_cast<std::size_t>(row % kTileRows) * kTileK + static_cast<std::size_t>(k % kTileK);
}

/// What a matrix product does with its result `sum`, after the scales of fp8 weights.
enum class Epilogue {
  kStore,    // out[row][n] = sum + bias
  kAdd,      // out[row][n] = out[row][n] + (sum + bias)
  kSiluMul,  // panels alternate gate and up: activations[row][n / 2] = silu(gate) * up, bf16
};

struct GemmParams {
  const std::uint8_t* weights;  // [panels] panels
  WeightDtype dtype;
  const float* scales;  // fp8: [panels * 16], powers of two; bf16: null
  const float* bias;    // [panels * 16] or null
  int panels;           // even for kSiluMul
  int k;                // % 32 == 0; % (32 * segments) == 0
  int segments;         // 1, 2 or 4
  const std::uint8_t* activations;  // [rows][k]
  int rows;
  Epilogue epilogue;
  float* out;             // kStore, kAdd: [rows][outStride]
  std::size_t outStride;  // floats; at least panels * 16
  std::uint8_t* activationsOut;  // kSiluMul: [rows][panels * 8], panels * 8 % 32 == 0
};

/// y[outRow] = x[inRow] / sqrt(mean(x^2) + eps) * weight, as activations.
struct RmsNormParams {
  const float* x;       // [..][stride]
  std::size_t stride;   // floats
  const float* weight;  // [padTo(hidden, 32)], zeros in the padding
  int hidden;
  float eps;
  std::uint8_t* activations;  // [rows][padTo(hidden, 32)]
  int rows;
};

/// Rows of one sequence at consecutive positions, all inside one block.
struct RowRun {
  int row;
  int count;
  int position;
  BlockId block;
};

/// Per head: optional RMS norm of queries and keys, rotation in halves (HF's rotate_half), queries
/// stored, keys and values appended. A run that begins a block (position % 32 == 0) first zeroes
/// the head's keys, values and scales in it, so that no owner sees another's bytes. fp8: per token
/// and head, scale = the smallest fp16 not below amax / 448, at most 65504 (0 counts as 1), code =
/// fp8(value / scale). Where a key or value is not finite, in bf16 after rounding, the token's keys
/// of this head become NaN and its values 0: every row that sees it is NaN, and no other.
struct RopeAppendParams {
  const float* qkv;       // [rows][stride]: query heads, key heads, value heads of the rank
  std::size_t stride;     // floats
  int heads;              // of the rank
  int kvHeads;            // of the rank
  int headDim;            // even
  int headDimPadded;      // padTo(headDim, 32)
  const float* cosines;   // [rows][headDim / 2]
  const float* sines;     // [rows][headDim / 2]
  const float* queryNorm; // [headDim] or null
  const float* keyNorm;   // [headDim] or null
  float normEps;
  std::uint8_t* queries;  // [rows][heads][headDimPadded]
  KvLayout cache;
  int layer;
};

/// Consecutive positions of one sequence inside one block's span, p / 32 the same for all: a row
/// has no step after its own block. Their queries are rows of one walk over the cache.
struct AttentionTile {
  int row;
  int count;     // positions: 1 to attentionPositions(group)
  int position;  // of the first; row i sees positions 0..position + i
  const BlockId* blocks;  // the sequence's table: block of position p is blocks[p / 32]
};

/// Softmax over cached positions in steps of one block from the first visible one: scores in fp32
/// (sum * (scale * key scale)), running maximum (rescaled only when it grows), weights
/// bf16(exp(score - max) * value scale), sums of the unrounded exp. Result as activations, zeros of
/// either sign as +0; the call for the last key head also writes the padding of k, as zeros.
struct AttentionParams {
  const std::uint8_t* queries;  // [rows][heads][headDimPadded]
  int heads;
  int kvHeads;
  int headDim;
  int headDimPadded;
  float scale;   // 1 / sqrt(headDim)
  int window;    // positions a query sees, itself included; 0: all
  KvLayout cache;
  int layer;
  std::uint8_t* activations;  // [rows][padTo(heads * headDim, 32)]
  int rows;
};

/// One instruction path.
struct Kernels {
  const char* name;  // "amx", "avx512", "avx512_bf16", "avx2", "scalar", "neon", "reference"
  Numerics numerics;

  /// On every thread before it computes: flush-to-zero and denormals-are-zero. `leave` gives tile
  /// registers back before the thread sleeps.
  void (*enter)();
  void (*leave)();

  std::size_t (*activationBytes)(int rows, int k);
  std::size_t (*queryBytes)(int rows, int heads, int headDimPadded);
  /// Of one panel of 16 outputs. The reference path holds every dtype as bf16 rows.
  std::size_t (*panelBytes)(int k, WeightDtype dtype);
  /// Keys, values and scales of one head in one block.
  std::size_t (*kvHeadBytes)(int headDim, KvDtype dtype);

  /// Packs up to 16 rows of weights, [count][stride] bf16, of which `k` columns count; the rest of
  /// the panel is zero. fp8 fills `scales` [16] with the power of two of each output.
  void (*packPanel)(const Bf16* rows, std::size_t stride, int count, int k, WeightDtype dtype,
                    std::uint8_t* panel, float* scales);
  /// out[0..k) of output `n % 16` of a panel, as floats: embeddings of tied models.
  void (*unpackOutput)(const std::uint8_t* panel, int n, int k, WeightDtype dtype,
                       const float* scales, float* out);

  /// Panels [first, first + count) of the product. `scratch` is the thread's, of gemmScratchBytes.
  /// `next` (or null) is what this thread will stream next, to be fetched meanwhile.
  void (*gemm)(const GemmParams& params, int first, int count, void* scratch,
               const std::uint8_t* next, std::size_t nextBytes);
  std::size_t (*gemmScratchBytes)(int rowsMax, int kMax);
  /// Panels a thread should take at once; even.
  int (*gemmPanels)(int rows, int k);

  void (*rmsNorm)(const RmsNormParams& params, int inRow, int outRow);
  void (*ropeAppend)(const RopeAppendParams& params, const RowRun& run, int kvHead);
  /// Positions of one query tile when `group` query heads share a key head: max(1, 32 / group), two
  /// tiles of queries for each tile of keys.
  int (*attentionPositions)(int group);
  void (*attention)(const AttentionParams& params, const AttentionTile& tile, int kvHead,
                    void* scratch);
  std::size_t (*attentionScratchBytes)(int group, int headDimPadded);

  /// x[i] = x[i] + (tree of partials[r][i] + bias[i]) for i < count, count % 16 == 0; the tree is
  /// pairwise over ranks: 1, 2 or 4. `bias` may be null.
  void (*addPartials)(float* x, const float* const* partials, int ranks, const float* bias,
                      int count);
};

/// The path called `name`, or null where this build or this machine does not have it. `name` empty:
/// the fastest portable one; on aarch64, which has none, "neon". Native ones are "avx512_bf16" and
/// "neon". AMX asks the kernel's permission.
const Kernels* kernelsNamed(const char* name);
/// Names of the paths this machine has: portable ones, fastest first, then the native one,
/// reference last; ends with null.
const char* const* kernelNamesHere();
/// Names of all paths of this build, ends with null.
const char* const* kernelNamesBuilt();
/// Why a path of this build is not available here, as a sentence; empty when it is.
const char* whyNotHere(const char* name);

}  // namespace signalbox
