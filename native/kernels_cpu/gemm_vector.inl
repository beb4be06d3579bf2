// Matrix products in vectors: panels by groups, rows by blocks, and for every 32 of k a kernel of
// the unit's (gemm_fma.inl, gemm_dot.inl) that adds to the sums of a few rows.
//
// Weights of a group are used for a whole block of rows while they are in the first-level cache;
// sums wait there too, because a kernel keeps its intermediate sums in registers for 32 of k only.

#include "kernels_cpu/gemm_epilogue.inl"

namespace signalbox {
namespace {

constexpr int kGroupPanels = 4;
constexpr int kBlockRows = 64;
constexpr std::size_t kTileBytes = 1024;
/// How many steps of 32 of k ahead of its use a weight is asked for, 1 KB of a panel at a time: of
/// fp8 two steps, every line twice.
constexpr int kStepsAhead = 2;

/// A thread's memory: the sums of four segments, activations prepared for 32 of k, weights of 32 of
/// k as bf16 and as the kernel may want them.
struct VectorScratch {
  float sums[4][kGroupPanels][kBlockRows][kPanel];
  float activations[kBlockRows][kTileK];
  std::uint8_t fromFp8[kGroupPanels][kTileBytes];
  WidenedTile widened[kGroupPanels];
};

inline std::size_t gemmScratchBytes(int, int) { return sizeof(VectorScratch); }

inline int gemmPanels(int, int) { return 8; }

/// One block of rows against one group of panels, all of k; `following` is the group after it.
inline void multiplyBlock(const GemmParams& params, int panel, int panels, int row, int rows,
                          int following, VectorScratch& scratch) {
  const bool fp8 = params.dtype == WeightDtype::kFp8;
  const std::size_t panelStride = panelBytes(params.k, params.dtype);
  const std::size_t stepBytes = fp8 ? kTileBytes / 2 : kTileBytes;
  const int steps = params.k / kTileK;
  const int tileRows = params.rows < kTileRows ? params.rows : kTileRows;
  const int stepsPerSegment = steps / params.segments;
  const auto tileAt = [&](int p, int at) __attribute__((always_inline)) {
    return params.weights + static_cast<std::size_t>(p) * panelStride +
           static_cast<std::size_t>(at) * stepBytes;
  };
  int step = 0;
  for (int segment = 0; segment < params.segments; ++segment) {
    float* const sums = scratch.sums[segment][0][0];
    for (int p = 0; p < panels; ++p) {
      __builtin_memset(scratch.sums[segment][p], 0,
                       static_cast<std::size_t>(rows) * kPanel * sizeof(float));
    }
    for (int end = step + stepsPerSegment; step < end; ++step) {
      const std::uint8_t* tiles[kGroupPanels] = {};
      const std::uint8_t* ahead[kGroupPanels] = {};
      const bool same = step + kStepsAhead < steps;
      for (int p = 0; p < panels; ++p) {
        tiles[p] = tileAt(panel + p, step);
        ahead[p] = same ? tileAt(panel + p, step + kStepsAhead)
                        : tileAt(following + p, step + kStepsAhead - steps);
        if (fp8) {
          widenFp8Tile(tiles[p], reinterpret_cast<Bf16*>(scratch.fromFp8[p]));
          tiles[p] = scratch.fromFp8[p];
        }
      }
      // A block is whole tiles of activations, which lie k by k.
      const Bf16* const activations =
          reinterpret_cast<const Bf16*>(params.activations) +
          static_cast<std::size_t>(row) * static_cast<std::size_t>(params.k) +
          static_cast<std::size_t>(step * tileRows * kTileK);
      const std::size_t tileStride = static_cast<std::size_t>(params.k) * kTileRows;
      for (int r = 0; r < rows; ++r) {
        prepareActivations(activations + static_cast<std::size_t>(r / kTileRows) * tileStride +
                               static_cast<std::size_t>(r % kTileRows) * kTileK,
                           scratch.activations[r]);
      }
      multiplyStep(tiles, ahead, panels, scratch.activations[0], rows, sums, kBlockRows * kPanel,
                   scratch.widened);
    }
  }
}

inline void gemm(const GemmParams& params, int first, int count, void* scratchBytes,
                 const std::uint8_t*, std::size_t) {
  VectorScratch& scratch = *static_cast<VectorScratch*>(scratchBytes);
  const Sums sums{scratch.sums[0][0][0], sizeof scratch.sums[0] / sizeof(float),
                  sizeof scratch.sums[0][0] / sizeof(float)};
  for (int p = first; p < first + count; p += kGroupPanels) {
    const int panels = first + count - p < kGroupPanels ? first + count - p : kGroupPanels;
    for (int row = 0; row < params.rows; row += kBlockRows) {
      const int rows = params.rows - row < kBlockRows ? params.rows - row : kBlockRows;
      const int following = row + rows < params.rows ? p : p + panels;
      multiplyBlock(params, p, panels, row, rows, following, scratch);
      finish(params, sums, p, panels, row, rows);
    }
  }
}

}  // namespace
}  // namespace signalbox
