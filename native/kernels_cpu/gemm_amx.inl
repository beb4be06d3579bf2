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

namespace signalbox {
namespace {

constexpr int kStreamRows = 3 * kTileRows;
/// Longest run of k between a load and a store of the sums.
constexpr int kRunMax = 2048;
/// Panels whose weights stay cached while many rows pass by.
constexpr int kPanelsCached = 16;
/// What may stay of the activations, in bytes: the second-level cache also holds weights.
constexpr std::size_t kActivationsCached = std::size_t{1} << 20;
/// Rows whose sums of several runs wait in the scratch at once.
constexpr int kRowsWaiting = 512;

/// A run of k: whole segments, or a part of one.
struct KRun {
  int first;  // step of 32
  int steps;
  int segment;   // the first
  int segments;  // at least 1; steps / segments each
  bool begin;    // the segment's first part
  bool last;     // of the product
};

/// How the steps of a product are cut into runs of at most kRunMax.
struct KRuns {
  int stepsPerSegment;
  int segmentsPerRun;
  int partsPerSegment;
  int segments;

  explicit KRuns(const GemmParams& params) : segments(params.segments) {
    constexpr int kStepsMax = kRunMax / kTileK;
    stepsPerSegment = params.k / params.segments / kTileK;
    segmentsPerRun = 1;
    while (segmentsPerRun < segments && 2 * segmentsPerRun * stepsPerSegment <= kStepsMax) {
      segmentsPerRun *= 2;
    }
    partsPerSegment = (stepsPerSegment + kStepsMax - 1) / kStepsMax;
  }
  int count() const { return segments / segmentsPerRun * partsPerSegment; }
  int stepsMax() const {
    return segmentsPerRun * ((stepsPerSegment + partsPerSegment - 1) / partsPerSegment);
  }
  KRun at(int i) const {
    const int segment = i / partsPerSegment * segmentsPerRun;
    const int part = i % partsPerSegment;
    const int from = stepsPerSegment * part / partsPerSegment;
    const int to = stepsPerSegment * (part + 1) / partsPerSegment;
    return {segment * stepsPerSegment + from,
            segmentsPerRun * (to - from),
            segment,
            segmentsPerRun,
            part == 0,
            i + 1 == count()};
  }
};

/// What the functions below share: one call of gemm.
struct TileGemm {
  const GemmParams& params;
  float* sums;
  std::uint8_t* widened;       // room for weights widened from fp8
  const std::uint8_t* next;    // where this thread goes on afterwards, or null
  std::size_t nextBytes;
  bool fp8;
  int tiles;                   // of rows
  int tileRows;
  std::size_t panelStride;     // bytes
  std::size_t tileStride;      // elements
  std::size_t stepBytes;       // of a panel: 32 of k

  const std::uint8_t* panel(int p) const {
    return params.weights + static_cast<std::size_t>(p) * panelStride;
  }
  const Bf16* activations(int tile, int step) const {
    return reinterpret_cast<const Bf16*>(params.activations) +
           static_cast<std::size_t>(tile) * tileStride +
           static_cast<std::size_t>(step * tileRows * kTileK);
  }
};

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

/// What a pair of panels will write for the rows of `tiles` tiles; activations are too few to ask
/// for.
SIGNALBOX_INLINE OutputAhead outputAhead(const GemmParams& params, int panel, int panels, int tile,
                                         int tiles) {
  OutputAhead ahead;
  if (params.epilogue == Epilogue::kSiluMul) return ahead;
  const int row = tile * kTileRows;
  const int rows = params.rows - row < tiles * kTileRows ? params.rows - row : tiles * kTileRows;
  ahead.at = reinterpret_cast<std::uint8_t*>(params.out +
                                             static_cast<std::size_t>(row) * params.outStride +
                                             static_cast<std::size_t>(panel) * kPanel);
  ahead.rowBytes = params.outStride * sizeof(float);
  ahead.perRow = panels < 2 ? 1 : 2;
  ahead.lines = rows * ahead.perRow;
  return ahead;
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

/// Where the sums of a block of rows and a pair of panels are.
struct SumPlaces {
  float* base;
  std::size_t segmentStride;
  std::size_t panelStride;
};

/// The segments of one run of k, for `tiles` tiles of rows from `tile` and `panels` (1 or 2) panels
/// whose weights of this run begin at `weights`.
inline void multiplyRun(const TileGemm& g, const KRun& k, const std::uint8_t* weights,
                        std::size_t panelStride, int tile, int tiles, int panels,
                        const SumPlaces& sums, bool stream, Aside& aside) {
  const int steps = k.steps / k.segments;
  const std::size_t stepBytes = stream ? g.stepBytes : kTileBytes;
  for (int i = 0; i < k.segments; ++i) {
    const std::uint8_t* const from = weights + static_cast<std::size_t>(i * steps) * stepBytes;
    const TileRun run{from,
                      panelStride,
                      g.activations(tile, k.first + i * steps),
                      g.tileStride,
                      kTileRows,
                      steps,
                      sums.base + static_cast<std::size_t>(k.segment + i) * sums.segmentStride,
                      sums.panelStride,
                      k.begin};
    const std::uint8_t* const after = from + static_cast<std::size_t>(steps) * stepBytes;
    const int shape = tiles * 10 + panels;
    if (stream) {
      switch (shape) {
        case 32: multiplyStreaming<3, 2, false>(run, after, nullptr, aside); break;
        case 31: multiplyStreaming<3, 1, false>(run, after, nullptr, aside); break;
        case 22: multiplyStreaming<2, 2, false>(run, after, nullptr, aside); break;
        default: multiplyStreaming<2, 1, false>(run, after, nullptr, aside); break;
      }
    } else {
      switch (shape) {
        case 32: multiplyCached<3, 2>(run, aside); break;
        case 31: multiplyCached<3, 1>(run, aside); break;
        case 22: multiplyCached<2, 2>(run, aside); break;
        default: multiplyCached<2, 1>(run, aside); break;
      }
    }
  }
}

/// Widens `steps` steps of `panels` panels; tile s of panel p goes to `to` + (p * steps + s) KB.
inline void widenRun(const TileGemm& g, int panel, int panels, int firstStep, int steps,
                     std::uint8_t* to) {
  for (int p = 0; p < panels; ++p) {
    const std::uint8_t* from =
        g.panel(panel + p) + static_cast<std::size_t>(firstStep) * g.stepBytes;
    for (int s = 0; s < steps; ++s, from += g.stepBytes, to += kTileBytes) {
      askForTile(from + kStreamAhead, g.stepBytes);
      widenFp8Tile(from, reinterpret_cast<Bf16*>(to));
    }
  }
  beforeTileLoads();
}

/// Tiles of rows are taken by twos; where their number is odd, the first block has three.
SIGNALBOX_INLINE int tilesOfBlock(int tile, int tileEnd, int tileFirst) {
  return tile == tileFirst && (tileEnd - tileFirst) % 2 != 0 ? 3 : 2;
}

/// Tiles [tileFirst, tileEnd) of rows, at least two, against at most kPanelsCached panels.
inline void multiplyManyRows(const TileGemm& g, int first, int count, int tileFirst, int tileEnd) {
  const KRuns runs(g.params);
  const bool manyRuns = runs.count() > 1;
  const int rowsWaiting = manyRuns ? (tileEnd - tileFirst) * kTileRows : kStreamRows;
  const std::size_t panelSums = static_cast<std::size_t>(rowsWaiting) * kPanel;
  const std::size_t segmentStride = (manyRuns ? kPanelsCached : 2) * panelSums;
  const int end = first + count;
  const bool activationsStay = static_cast<std::size_t>((tileEnd - tileFirst) * kTileRows) *
                                   static_cast<std::size_t>(runs.stepsMax() * kTileK) *
                                   sizeof(Bf16) <=
                               kActivationsCached;
  Aside aside;
  bool half = false;

  for (int i = 0; i < runs.count(); ++i) {
    const KRun k = runs.at(i);
    const std::size_t runOffset = static_cast<std::size_t>(k.first) * g.stepBytes;
    const std::size_t widenedStride = static_cast<std::size_t>(k.steps) * kTileBytes;

    const auto block = [&](int p, int tile, int tiles) __attribute__((always_inline)) {
      const int panels = end - p < 2 ? 1 : 2;
      SumPlaces sums{g.sums, segmentStride, panelSums};
      if (manyRuns) {
        sums.base += static_cast<std::size_t>(p - first) * panelSums +
                     static_cast<std::size_t>((tile - tileFirst) * kTileRows) * kPanel;
      } else {
        // The block before may still wait in the other half.
        half = !half;
        if (half) sums.base += 4 * segmentStride;
      }
      if (k.last) aside.output = outputAhead(g.params, p, panels, tile, tiles);
      const int widenedPanel = activationsStay ? 0 : p - first;
      const std::uint8_t* const weights =
          g.fp8 ? g.widened + static_cast<std::size_t>(widenedPanel) * widenedStride
                : g.panel(p) + runOffset;
      multiplyRun(g, k, weights, g.fp8 ? widenedStride : g.panelStride, tile, tiles, panels, sums,
                  !g.fp8 && tile == tileFirst, aside);
      if (aside.waiting.rows != 0) aside.waiting.rest();
      if (!k.last) return;
      const int row = tile * kTileRows;
      const int rows = g.params.rows - row < tiles * kTileRows ? g.params.rows - row
                                                               : tiles * kTileRows;
      aside.waiting = {&g.params, Sums{sums.base, segmentStride, panelSums}, p, panels, row, rows};
    };

    if (activationsStay) {
      for (int p = first; p < end; p += 2) {
        const int panels = end - p < 2 ? 1 : 2;
        if (g.fp8) widenRun(g, p, panels, k.first, k.steps, g.widened);
        // As much of what comes next as can be asked for; the rest streams.
        Ahead& ahead = aside.ahead;
        ahead = {};
        const int firstTiles = tilesOfBlock(tileFirst, tileEnd, tileFirst);
        const int stepsLeft = (tileEnd - tileFirst - firstTiles) / 2 * k.steps;
        if (!g.fp8 && stepsLeft > 0) {
          const std::uint8_t* following = nullptr;
          if (p + 2 < end) {
            following = g.panel(p + 2) + runOffset;
          } else if (!k.last) {
            following =
                g.panel(first) + runOffset + static_cast<std::size_t>(k.steps) * g.stepBytes;
          } else if (g.nextBytes >= 2 * g.panelStride) {
            following = g.next;
          }
          if (following != nullptr) {
            ahead.run = following;
            ahead.stride = g.panelStride;
            ahead.runs = 2;
            const int whole = k.steps * static_cast<int>(kTileBytes / kLine);
            const int can = stepsLeft * Ahead::kPerStep / 2;
            ahead.lines = (can < whole ? can : whole) / 4 * 4;
          }
        }
        for (int tile = tileFirst; tile < tileEnd;) {
          const int tiles = tilesOfBlock(tile, tileEnd, tileFirst);
          block(p, tile, tiles);
          tile += tiles;
        }
      }
      continue;
    }

    if (g.fp8) widenRun(g, first, count, k.first, k.steps, g.widened);
    for (int tile = tileFirst; tile < tileEnd;) {
      const int tiles = tilesOfBlock(tile, tileEnd, tileFirst);
      // The activations of the next block, from a cache shared by all cores.
      Ahead& ahead = aside.ahead;
      ahead = {};
      if (tile + tiles < tileEnd) {
        ahead.run = reinterpret_cast<const std::uint8_t*>(g.activations(tile + tiles, k.first));
        ahead.stride = g.tileStride * sizeof(Bf16);
        ahead.runs = 2;
        ahead.lines = k.steps * static_cast<int>(kTileBytes / kLine);
      }
      for (int p = first; p < end; p += 2) block(p, tile, tiles);
      tile += tiles;
    }
  }
  if (aside.waiting.rows != 0) aside.waiting.rest();
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
      multiplyManyRows(g, p, panels, tile, tileEnd);
      tile = tileEnd;
    }
  }
}

}  // namespace
}  // namespace signalbox
