// Matrix products in tiles: three ways through memory, one order of sums.
//
//   up to 48 rows    Panels by fours or twos, each weight used once, as it arrives from memory.
//   more             The activations of a run of k (at most 1 MB) stay in the second-level cache. A
//                    pair of panels comes from memory for the first rows and from that cache for
//                    the others, while the next pair is asked for.
//   too many rows    The weights of a run of k (at most 16 panels, 1 MB) stay in the second-level
//   to stay there    cache instead, and the activations pass by.
//
// Why these: gemm_amx_tiles.inl says what limits a core. Measured on Emerald Rapids with 2 MB of
// second-level cache a core; on others the order of sums is the same.

#include "kernels_cpu/gemm_epilogue.inl"
#include "kernels_cpu/gemm_fp8.inl"
#include "kernels_cpu/gemm_amx_tiles.inl"
#include "kernels_cpu/gemm_amx_plan.inl"
#include "kernels_cpu/gemm_amx_many.inl"

namespace signalbox {
namespace {

inline std::size_t gemmScratchBytes(int rowsMax, int kMax) {
  const int padded = padTo(rowsMax < kTileRows ? kTileRows : rowsMax, kTileRows);
  const int rows = padded < kRowsWaiting ? padded : kRowsWaiting;
  const std::size_t waiting = sizeof(float) * 4 * kPanelsCached * kPanel *
                              static_cast<std::size_t>(rows < kStreamRows ? kStreamRows : rows);
  const int run = kMax < kRunMax ? padTo(kMax, kTileK) : kRunMax;
  return waiting + static_cast<std::size_t>(run) * kPanel * sizeof(Bf16) * kPanelsCached +
         8 * kTileBytes;
}

inline int gemmPanels(int rows, int k) {
  (void)k;
  return rows <= kStreamRows ? 8 : kPanelsCached;
}

template <int kTiles, int kPanels>
SIGNALBOX_INLINE void streamRun(const TileGemm& g, const TileRun& run, const std::uint8_t* after,
                                Aside& aside) {
  if (g.fp8) {
    multiplyStreaming<kTiles, kPanels, true>(run, after, g.widened, aside);
  } else {
    multiplyStreaming<kTiles, kPanels, false>(run, after, g.widened, aside);
  }
}

/// All rows are in kTiles tiles.
template <int kTiles>
inline void multiplyFewRows(const TileGemm& g, int first, int count) {
  constexpr int kTogether = kTiles == 1 ? 4 : 2;
  const KRuns runs(g.params);
  const std::size_t sumStride = static_cast<std::size_t>(kTiles * g.tileRows * kPanel);
  const std::size_t segmentStride = kTogether * sumStride;
  const int end = first + count;
  Aside aside;
  for (int p = first; p < end;) {
    const int together = end - p >= kTogether ? kTogether : end - p >= 2 ? 2 : 1;
    const std::uint8_t* const weights = g.panel(p);
    const std::uint8_t* const following =
        p + together < end || g.next == nullptr ? g.panel(p + together) : g.next;
    for (int segment = 0; segment < runs.segments; ++segment) {
      const int step = segment * runs.stepsPerSegment;
      const std::uint8_t* const from = weights + static_cast<std::size_t>(step) * g.stepBytes;
      const bool last = segment + 1 == runs.segments;
      const std::uint8_t* const after =
          last ? following : from + static_cast<std::size_t>(runs.stepsPerSegment) * g.stepBytes;
      const TileRun run{from,
                        g.panelStride,
                        g.activations(0, step),
                        g.tileStride,
                        g.tileRows,
                        runs.stepsPerSegment,
                        g.sums + static_cast<std::size_t>(segment) * segmentStride,
                        sumStride,
                        true};
      if (together == 4) {
        if constexpr (kTiles == 1) streamRun<1, 4>(g, run, after, aside);
      } else if (together == 2) {
        streamRun<kTiles, 2>(g, run, after, aside);
      } else {
        streamRun<kTiles, 1>(g, run, after, aside);
      }
    }
    finish(g.params, Sums{g.sums, segmentStride, sumStride}, p, together, 0, g.params.rows);
    p += together;
  }
}

inline void gemm(const GemmParams& params, int first, int count, void* scratch,
                 const std::uint8_t* next, std::size_t nextBytes) {
  const bool fp8 = params.dtype == WeightDtype::kFp8;
  const int tileRows = params.rows < kTileRows ? params.rows : kTileRows;
  TileGemm g{params,
             nullptr,
             static_cast<std::uint8_t*>(scratch),
             next,
             nextBytes,
             fp8,
             (params.rows + kTileRows - 1) / kTileRows,
             tileRows,
             panelBytes(params.k, params.dtype),
             static_cast<std::size_t>(params.k) * kTileRows,
             fp8 ? kTileBytes / 2 : kTileBytes};
  // Widened weights first, then sums.
  const int run = params.k < kRunMax ? params.k : kRunMax;
  const std::size_t widenedBytes =
      g.tiles <= 3 ? 8 * kTileBytes
                   : static_cast<std::size_t>(run) * kPanel * sizeof(Bf16) * kPanelsCached;
  g.sums = reinterpret_cast<float*>(g.widened + widenedBytes);
  loadTileShape(tilesOf(6, tileRows));
  if (g.tiles == 1) return multiplyFewRows<1>(g, first, count);
  if (g.tiles == 2) return multiplyFewRows<2>(g, first, count);
  if (g.tiles == 3) return multiplyFewRows<3>(g, first, count);
  const bool waiting = KRuns(params).count() > 1;
  for (int p = first; p < first + count; p += kPanelsCached) {
    const int panels = first + count - p < kPanelsCached ? first + count - p : kPanelsCached;
    constexpr int kTilesWaiting = kRowsWaiting / kTileRows;
    int tile = 0;
    while (tile < g.tiles) {
      // Blocks of at least two tiles: what is left over of one tile joins the block before.
      int tileEnd = g.tiles;
      if (waiting && g.tiles - tile > kTilesWaiting) {
        tileEnd = tile + kTilesWaiting - (g.tiles - tile == kTilesWaiting + 1 ? 2 : 0);
      }
      ManyRows(g, p, panels, tile, tileEnd).multiply();
      tile = tileEnd;
    }
  }
}

}  // namespace
}  // namespace signalbox
