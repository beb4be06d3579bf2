// Matrix products in tiles. Three ways through memory, one order of sums:
//
//   up to 16 rows   four panels at once, each weight used as it arrives from memory
//   up to 32 rows   the same with two panels and two tiles of rows
//   more            blocks: `kSlab` inputs of two panels stay in the first-level cache while all rows
//                   pass by, read past that cache (TILELOADDT1); the next slab is fetched meanwhile
//
// Tiles 0 to 3 hold sums, 4 and 5 activations, 6 and 7 weights.

#include "kernels_cpu/gemm_epilogue.inl"
#include "kernels_cpu/gemm_fp8.inl"

namespace signalbox {
namespace {

constexpr std::size_t kTileBytes = 1024;
constexpr int kTileSums = kTileRows * kPanel;

#ifndef KSLAB
#define KSLAB 512
#endif
#ifndef AHEAD
#define AHEAD 2048
#endif
constexpr int kSlab = KSLAB;
/// How far ahead of its use a weight is asked for when it comes straight from memory.
constexpr int kAheadBytes = AHEAD;

/// Cache lines to ask for while computing.
struct Ahead {
  const char* at;
  std::size_t lines;  // left
  int perStep;

  SIGNALBOX_INLINE void step() {
    for (int i = 0; i < perStep; ++i) _mm_prefetch(at + i * 64, _MM_HINT_T1);
    at += perStep * 64;
  }
};

SIGNALBOX_INLINE void prefetchTile(const std::uint8_t* at, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += 64) {
    _mm_prefetch(reinterpret_cast<const char*>(at + i), _MM_HINT_T0);
  }
}

/// What streams: `kTiles` tiles of rows against `kPanels` panels, kTiles * kPanels <= 4.
struct Streams {
  const std::uint8_t* weights;
  std::size_t panelStride;      // bytes
  const std::uint8_t* after;    // what is streamed next, to go on with prefetching
  const Bf16* activations;
  std::size_t activationStride;  // elements from a tile of rows to the next
  int tileRows;
  int steps;                     // of all segments
};

template <int kTiles, int kPanels, bool kFp8>
inline void streamSegment(const Streams& s, int first, int count, float* sums, std::size_t sumStride,
                          std::uint8_t* widened) {
  constexpr std::size_t kBytes = kFp8 ? kTileBytes / 2 : kTileBytes;
  constexpr int kStepsAhead = static_cast<int>(kAheadBytes / kBytes);
  _tile_zero(0);
  if constexpr (kTiles * kPanels > 1) _tile_zero(1);
  if constexpr (kTiles * kPanels > 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
  const std::size_t stepElements = static_cast<std::size_t>(s.tileRows) * kTileK;
  const Bf16* activations = s.activations + static_cast<std::size_t>(first) * stepElements;
  const std::uint8_t* weights = s.weights + static_cast<std::size_t>(first) * kBytes;
  for (int step = first; step < first + count; ++step) {
    const int over = step + kStepsAhead - s.steps;
    const std::uint8_t* const ahead =
        over < 0 ? weights + kAheadBytes : s.after + static_cast<std::size_t>(over) * kBytes;
    const std::uint8_t* tile[kPanels];
    for (int p = 0; p < kPanels; ++p) {
      prefetchTile(ahead + static_cast<std::size_t>(p) * s.panelStride, kBytes);
      tile[p] = weights + static_cast<std::size_t>(p) * s.panelStride;
      if constexpr (kFp8) {
        std::uint8_t* const to = widened + static_cast<std::size_t>((step % 2) * 4 + p) * kTileBytes;
        widenFp8Tile(tile[p], reinterpret_cast<Bf16*>(to));
        tile[p] = to;
      }
    }
    if constexpr (kFp8) beforeTileLoads();
    _tile_loadd(4, activations, 64);
    if constexpr (kTiles == 1) {
      _tile_loadd(6, tile[0], 64);
      _tile_dpbf16ps(0, 4, 6);
      if constexpr (kPanels > 1) {
        _tile_loadd(7, tile[1], 64);
        _tile_dpbf16ps(1, 4, 7);
      }
      if constexpr (kPanels > 2) {
        _tile_loadd(6, tile[2], 64);
        _tile_dpbf16ps(2, 4, 6);
        _tile_loadd(7, tile[3], 64);
        _tile_dpbf16ps(3, 4, 7);
      }
    } else {
      _tile_loadd(6, tile[0], 64);
      _tile_dpbf16ps(0, 4, 6);
      _tile_loadd(5, activations + s.activationStride, 64);
      _tile_dpbf16ps(1, 5, 6);
      if constexpr (kPanels > 1) {
        _tile_loadd(7, tile[1], 64);
        _tile_dpbf16ps(2, 4, 7);
        _tile_dpbf16ps(3, 5, 7);
      }
    }
    activations += stepElements;
    weights += kBytes;
  }
  if constexpr (kTiles == 1) {
    _tile_stored(0, sums, 64);
    if constexpr (kPanels > 1) _tile_stored(1, sums + sumStride, 64);
    if constexpr (kPanels > 2) {
      _tile_stored(2, sums + 2 * sumStride, 64);
      _tile_stored(3, sums + 3 * sumStride, 64);
    }
  } else {
    _tile_stored(0, sums, 64);
    _tile_stored(1, sums + kTileSums, 64);
    if constexpr (kPanels > 1) {
      _tile_stored(2, sums + sumStride, 64);
      _tile_stored(3, sums + sumStride + kTileSums, 64);
    }
  }
}

/// Up to 32 rows.
template <int kTiles, bool kFp8>
inline void streamPanels(const GemmParams& params, int first, int count, float* scratch,
                         const std::uint8_t* next) {
  constexpr int kTogether = kTiles == 1 ? 4 : 2;
  const int tileRows = params.rows < kTileRows ? params.rows : kTileRows;
  const std::size_t panelStride = panelBytes(params.k, params.dtype);
  const std::size_t sumStride = static_cast<std::size_t>(kTiles * tileRows * kPanel);
  const std::size_t segmentStride = kTogether * sumStride;
  std::uint8_t* const widened = reinterpret_cast<std::uint8_t*>(scratch + 4 * segmentStride);
  Streams s;
  s.panelStride = panelStride;
  s.activations = reinterpret_cast<const Bf16*>(params.activations);
  s.activationStride = static_cast<std::size_t>(params.k) * kTileRows;
  s.tileRows = tileRows;
  s.steps = params.k / kTileK;
  const int stepsPerSegment = s.steps / params.segments;
  for (int p = first; p < first + count;) {
    const int left = first + count - p;
    const int together = left >= kTogether ? kTogether : left >= 2 ? 2 : 1;
    s.weights = params.weights + static_cast<std::size_t>(p) * panelStride;
    const std::uint8_t* const following =
        s.weights + static_cast<std::size_t>(together) * panelStride;
    s.after = left > together || next == nullptr ? following : next;
    for (int segment = 0; segment < params.segments; ++segment) {
      float* const sums = scratch + static_cast<std::size_t>(segment) * segmentStride;
      const int step = segment * stepsPerSegment;
      if (together == 1) {
        streamSegment<kTiles, 1, kFp8>(s, step, stepsPerSegment, sums, sumStride, widened);
      } else if (together == 2) {
        streamSegment<kTiles, 2, kFp8>(s, step, stepsPerSegment, sums, sumStride, widened);
      } else if constexpr (kTiles == 1) {
        streamSegment<1, 4, kFp8>(s, step, stepsPerSegment, sums, sumStride, widened);
      }
    }
    finish(params, Sums{scratch, segmentStride, sumStride}, p, together, 0, params.rows);
    p += together;
  }
}

/// `kTiles` x `kPanels` tiles of sums over `steps` of k, begun at zero or taken up again.
template <int kTiles, int kPanels>
inline void multiplyBlock(const std::uint8_t* weights, std::size_t panelStride,
                          const Bf16* activations, std::size_t activationStride, int steps,
                          float* sums, std::size_t sumStride, bool begin, Ahead& ahead) {
  if (begin) {
    _tile_zero(0);
    if constexpr (kPanels > 1) _tile_zero(1);
    if constexpr (kTiles > 1) _tile_zero(2);
    if constexpr (kTiles * kPanels > 2) _tile_zero(3);
  } else {
    _tile_loadd(0, sums, 64);
    if constexpr (kPanels > 1) _tile_loadd(1, sums + sumStride, 64);
    if constexpr (kTiles > 1) _tile_loadd(2, sums + kTileSums, 64);
    if constexpr (kTiles * kPanels > 2) _tile_loadd(3, sums + sumStride + kTileSums, 64);
  }
  for (int step = 0; step < steps; ++step) {
    _tile_loadd(6, weights, 64);
    _tile_stream_loadd(4, activations, 64);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kPanels > 1) {
      _tile_loadd(7, weights + panelStride, 64);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kTiles > 1) {
      _tile_stream_loadd(5, activations + activationStride, 64);
      _tile_dpbf16ps(2, 5, 6);
    }
    if constexpr (kTiles * kPanels > 2) _tile_dpbf16ps(3, 5, 7);
    ahead.step();
    weights += kTileBytes;
    activations += kTileRows * kTileK;
  }
  _tile_stored(0, sums, 64);
  if constexpr (kPanels > 1) _tile_stored(1, sums + sumStride, 64);
  if constexpr (kTiles > 1) _tile_stored(2, sums + kTileSums, 64);
  if constexpr (kTiles * kPanels > 2) _tile_stored(3, sums + sumStride + kTileSums, 64);
}

inline std::size_t gemmScratchBytes(int rowsMax, int kMax) {
  (void)kMax;
  const auto rows = static_cast<std::size_t>(rowsMax < kTileRows ? kTileRows : padTo(rowsMax, 32));
  return sizeof(float) * 4 * 4 * kPanel * rows + 2 * kSlab / kTileK * kTileBytes;
}

inline int gemmPanels(int rows, int k) {
  (void)rows;
  (void)k;
  return 8;
}

inline void multiplyBlocks(const GemmParams& params, int first, int count, float* scratch,
                           const std::uint8_t* next, std::size_t nextBytes) {
  (void)nextBytes;
  const int rowsPadded = padTo(params.rows, kTileRows);
  const std::size_t panelStride = panelBytes(params.k, params.dtype);
  const std::size_t activationStride = static_cast<std::size_t>(params.k) * kTileRows;
  const std::size_t sumStride = static_cast<std::size_t>(rowsPadded) * kPanel;
  const std::size_t segmentStride = 2 * sumStride;
  const Bf16* const activations = reinterpret_cast<const Bf16*>(params.activations);
  const bool fp8 = params.dtype == WeightDtype::kFp8;
  const std::size_t weightBytes = fp8 ? kPanel : kPanel * sizeof(Bf16);
  std::uint8_t* const widened = reinterpret_cast<std::uint8_t*>(scratch + 4 * segmentStride);
  const int kSegment = params.k / params.segments;
  const int slabs = (kSegment + kSlab - 1) / kSlab;
  const int kSlabHere = padTo((kSegment + slabs - 1) / slabs, kTileK);
  const int blocks = (rowsPadded + 31) / 32;
  for (int p = first; p < first + count; p += 2) {
    const int panels = p + 2 <= first + count ? 2 : 1;
    const std::uint8_t* const pair = params.weights + static_cast<std::size_t>(p) * panelStride;
    for (int segment = 0; segment < params.segments; ++segment) {
      float* const segmentSums = scratch + static_cast<std::size_t>(segment) * segmentStride;
      for (int k = 0; k < kSegment; k += kSlabHere) {
        const int kCount = kSegment - k < kSlabHere ? kSegment - k : kSlabHere;
        const int kAt = segment * kSegment + k;
        const std::uint8_t* const slab = pair + static_cast<std::size_t>(kAt) * weightBytes;
        // The next slab: further along k, or the next pair's first.
        const bool last = kAt + kCount == params.k;
        const std::uint8_t* following =
            !last ? slab + static_cast<std::size_t>(kCount) * weightBytes
            : p + 2 < first + count || next == nullptr ? pair + 2 * panelStride
                                                       : next;
        const int steps = kCount / kTileK;
        const std::size_t lines = static_cast<std::size_t>(kSlabHere) / (fp8 ? 4 : 2);  // of each panel
        const std::uint8_t* tiles = slab;
        std::size_t tilesStride = panelStride;
        if (fp8) {
          tiles = widened;
          tilesStride = static_cast<std::size_t>(kCount) * kPanel * 2;
          for (int i = 0; i < panels; ++i) {
            for (int step = 0; step < steps; ++step) {
              widenFp8Tile(slab + static_cast<std::size_t>(i) * panelStride + step * (kTileBytes / 2),
                           reinterpret_cast<Bf16*>(widened + i * tilesStride + step * kTileBytes));
            }
          }
          beforeTileLoads();
        }
        const int perStep = static_cast<int>((2 * lines + static_cast<std::size_t>(blocks * steps) - 1) /
                                             static_cast<std::size_t>(blocks * steps));
        Ahead ahead{reinterpret_cast<const char*>(following), lines, perStep};
        std::size_t asked = 0;
        for (int row = 0; row < rowsPadded; row += 32) {
          const Bf16* const block = activations + static_cast<std::size_t>(row / 16) * activationStride +
                                    static_cast<std::size_t>(kAt) * kTileRows;
          float* const sums = segmentSums + static_cast<std::size_t>(row) * kPanel;
          ahead.at = reinterpret_cast<const char*>(
              asked < lines ? following + asked * 64
                            : following + panelStride + (asked - lines) * 64);
          if (asked >= 2 * lines) ahead.perStep = 0;
          asked += static_cast<std::size_t>(perStep * steps);
          const bool two = row + 32 <= rowsPadded;
          if (two && panels == 2) {
            multiplyBlock<2, 2>(tiles, tilesStride, block, activationStride, steps, sums, sumStride,
                                k == 0, ahead);
          } else if (two) {
            multiplyBlock<2, 1>(tiles, tilesStride, block, activationStride, steps, sums, sumStride,
                                k == 0, ahead);
          } else if (panels == 2) {
            multiplyBlock<1, 2>(tiles, tilesStride, block, activationStride, steps, sums, sumStride,
                                k == 0, ahead);
          } else {
            multiplyBlock<1, 1>(tiles, tilesStride, block, activationStride, steps, sums, sumStride,
                                k == 0, ahead);
          }
        }
      }
    }
    finish(params, Sums{scratch, segmentStride, sumStride}, p, panels, 0, params.rows);
  }
}

inline void gemm(const GemmParams& params, int first, int count, void* scratch,
                 const std::uint8_t* next, std::size_t nextBytes) {
  float* const sums = static_cast<float*>(scratch);
  const bool fp8 = params.dtype == WeightDtype::kFp8;
  loadTileShape(tilesOf(6, params.rows < kTileRows ? params.rows : kTileRows));
  if (params.rows <= kTileRows) {
    if (fp8) {
      streamPanels<1, true>(params, first, count, sums, next);
    } else {
      streamPanels<1, false>(params, first, count, sums, next);
    }
    return;
  }
  if (params.rows <= 2 * kTileRows) {
    if (fp8) {
      streamPanels<2, true>(params, first, count, sums, next);
    } else {
      streamPanels<2, false>(params, first, count, sums, next);
    }
    return;
  }
  multiplyBlocks(params, first, count, sums, next, nextBytes);
}

}  // namespace
}  // namespace signalbox
