// The innermost loops of matrix products in tiles: kTiles tiles of rows against kPanels panels over
// a run of k. Sums stay in tiles for the whole run and go up in order of k, 32 at a time.
//
// A core asks memory for at most 16 lines at once, for tile loads from the second-level cache as
// for prefetches from memory. What comes straight from memory is therefore left to the hardware's
// prefetcher, helped by asking 2 KB ahead; what is in the second-level cache is loaded past the
// first (TILELOADDT1), which needs no eviction.

namespace signalbox {
namespace {

constexpr std::size_t kTileBytes = 1024;
constexpr int kTileSums = kTileRows * kPanel;
constexpr std::size_t kLine = 64;
constexpr int kTileLines = static_cast<int>(kTileBytes / kLine);
/// How far ahead of its use a weight is asked for when it comes straight from memory: 1 KB is too
/// little, 8 KB no better.
constexpr std::size_t kStreamAhead = 2048;

/// Lines to ask for while computing: two runs of `lines` that are `stride` bytes apart, four lines
/// a step. More would leave too few of the core's sixteen for the tiles.
struct Ahead {
  const std::uint8_t* run = nullptr;
  std::size_t stride = 0;
  int lines = 0;  // of a run; % 4 == 0
  int line = 0;
  int runs = 0;

  static constexpr int kPerStep = 4;

  SIGNALBOX_INLINE void step() {
    if (line == lines) {
      if (--runs <= 0) {
        lines = line = 0;
        return;
      }
      run += stride;
      line = 0;
    }
    for (int i = 0; i < kPerStep; ++i) {
      _mm_prefetch(reinterpret_cast<const char*>(run) + static_cast<std::size_t>(line + i) * kLine,
                   _MM_HINT_T1);
    }
    line += kPerStep;
  }
};

/// Output lines that will be written after the run: asked for in advance, as to be owned.
struct OutputAhead {
  std::uint8_t* at = nullptr;
  std::size_t rowBytes = 0;
  int lines = 0;    // in all
  int perRow = 1;   // 1 or 2
  int line = 0;

  SIGNALBOX_INLINE void step() {
    if (line >= lines) return;
    const std::uint8_t* const to = at + static_cast<std::size_t>(line / perRow) * rowBytes +
                                   static_cast<std::size_t>(line % perRow) * kLine;
    // GCC makes this instruction only under a flag of its own; every processor with AVX-512 has it.
    asm volatile("prefetchw %0" : : "m"(*to));
    ++line;
  }
};

/// Sums that wait for their epilogue: a row at a time between tile instructions, which leave the
/// vector units idle.
struct Waiting {
  const GemmParams* params = nullptr;
  Sums sums{};
  int panel = 0;
  int panels = 0;
  int row = 0;
  int rows = 0;  // left

  SIGNALBOX_INLINE void step() {
    if (rows == 0) return;
    finish(*params, sums, panel, panels, row, 1);
    sums.at += kPanel;
    ++row;
    --rows;
  }
  void rest() {
    finish(*params, sums, panel, panels, row, rows);
    rows = 0;
  }
};

/// What a core does on the side of a run.
struct Aside {
  Ahead ahead;
  OutputAhead output;
  Waiting waiting;

  SIGNALBOX_INLINE void step() {
    ahead.step();
    output.step();
    waiting.step();
  }
};

/// Operands of a run of k.
struct TileRun {
  const std::uint8_t* weights;
  std::size_t panelStride;  // bytes
  const Bf16* activations;
  std::size_t tileStride;  // elements from a tile of rows to the next
  int tileRows;            // rows in a tile: below 16 only where there is one tile
  int steps;               // of 32
  float* sums;             // of panel p, tile t at sums + p * sumStride + t * 256
  std::size_t sumStride;
  bool begin;  // at zero, or with what `sums` holds
};

SIGNALBOX_INLINE void askForTile(const std::uint8_t* at, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; i += kLine) {
    _mm_prefetch(reinterpret_cast<const char*>(at + i), _MM_HINT_T0);
  }
}

// Tiles are named by literals, so the shapes are spelled out: sum (tile t, panel p) is tile number
//   1 x 4: p    2 x 2: 2 t + p    3 x 2: t and 5 - t
#define SIGNALBOX_EACH_SUM(operation)                           \
  do {                                                          \
    [[maybe_unused]] constexpr std::size_t t1 = kTileSums;      \
    [[maybe_unused]] constexpr std::size_t t2 = 2 * kTileSums;  \
    [[maybe_unused]] const std::size_t p1 = run.sumStride;      \
    if constexpr (kTiles == 1) {                                \
      operation(0, 0);                                          \
      if constexpr (kPanels > 1) operation(1, p1);              \
      if constexpr (kPanels > 2) operation(2, 2 * p1);          \
      if constexpr (kPanels > 3) operation(3, 3 * p1);          \
    } else if constexpr (kTiles == 2) {                         \
      operation(0, 0);                                          \
      operation(2, t1);                                         \
      if constexpr (kPanels > 1) operation(1, p1);              \
      if constexpr (kPanels > 1) operation(3, p1 + t1);         \
    } else {                                                    \
      operation(0, 0);                                          \
      operation(1, t1);                                         \
      operation(2, t2);                                         \
      if constexpr (kPanels > 1) operation(5, p1);              \
      if constexpr (kPanels > 1) operation(4, p1 + t1);         \
      if constexpr (kPanels > 1) operation(3, p1 + t2);         \
    }                                                           \
  } while (false)
#define SIGNALBOX_ZERO_SUM(tile, at) _tile_zero(tile)
#define SIGNALBOX_LOAD_SUM(tile, at) _tile_loadd(tile, run.sums + (at), kPanel * sizeof(float))
#define SIGNALBOX_STORE_SUM(tile, at) _tile_stored(tile, run.sums + (at), kPanel * sizeof(float))

template <int kTiles, int kPanels>
SIGNALBOX_INLINE void beginSums(const TileRun& run) {
  if (run.begin) {
    SIGNALBOX_EACH_SUM(SIGNALBOX_ZERO_SUM);
  } else {
    SIGNALBOX_EACH_SUM(SIGNALBOX_LOAD_SUM);
  }
}

template <int kTiles, int kPanels>
SIGNALBOX_INLINE void storeSums(const TileRun& run) {
  SIGNALBOX_EACH_SUM(SIGNALBOX_STORE_SUM);
}

/// One step of 32: activations at `a`, weight tiles at `w`.
template <int kTiles, int kPanels, bool kStreams>
SIGNALBOX_INLINE void multiplyStep(const Bf16* a, std::size_t tileStride,
                                   const std::uint8_t* const* w) {
#define SIGNALBOX_LOAD_WEIGHTS(tile, from)        \
  do {                                            \
    if constexpr (kStreams) {                     \
      _tile_loadd(tile, from, kLine);             \
    } else {                                      \
      _tile_stream_loadd(tile, from, kLine);      \
    }                                             \
  } while (false)
  if constexpr (kTiles == 1) {
    _tile_loadd(4, a, kLine);
    SIGNALBOX_LOAD_WEIGHTS(6, w[0]);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kPanels > 1) {
      SIGNALBOX_LOAD_WEIGHTS(7, w[1]);
      _tile_dpbf16ps(1, 4, 7);
    }
    if constexpr (kPanels > 2) {
      SIGNALBOX_LOAD_WEIGHTS(6, w[2]);
      _tile_dpbf16ps(2, 4, 6);
      SIGNALBOX_LOAD_WEIGHTS(7, w[3]);
      _tile_dpbf16ps(3, 4, 7);
    }
  } else if constexpr (kTiles == 2) {
    _tile_stream_loadd(4, a, kLine);
    SIGNALBOX_LOAD_WEIGHTS(6, w[0]);
    if constexpr (kPanels > 1) SIGNALBOX_LOAD_WEIGHTS(7, w[1]);
    _tile_stream_loadd(5, a + tileStride, kLine);
    _tile_dpbf16ps(0, 4, 6);
    if constexpr (kPanels > 1) _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    if constexpr (kPanels > 1) _tile_dpbf16ps(3, 5, 7);
  } else {
    // Six sums leave one tile for each operand; the last activations of a panel serve the next
    // first.
    SIGNALBOX_LOAD_WEIGHTS(7, w[0]);
    _tile_loadd(6, a, kLine);
    _tile_dpbf16ps(0, 6, 7);
    _tile_loadd(6, a + tileStride, kLine);
    _tile_dpbf16ps(1, 6, 7);
    _tile_loadd(6, a + 2 * tileStride, kLine);
    _tile_dpbf16ps(2, 6, 7);
    if constexpr (kPanels > 1) {
      SIGNALBOX_LOAD_WEIGHTS(7, w[1]);
      _tile_dpbf16ps(3, 6, 7);
      _tile_loadd(6, a + tileStride, kLine);
      _tile_dpbf16ps(4, 6, 7);
      _tile_loadd(6, a, kLine);
      _tile_dpbf16ps(5, 6, 7);
    }
  }
#undef SIGNALBOX_LOAD_WEIGHTS
}

/// Weights as they arrive from memory. `after` is what streams next from each panel's place, so
/// that asking ahead goes on over the end. fp8 is widened step by step into `widened`, 2 kPanels
/// tiles.
template <int kTiles, int kPanels, bool kFp8>
inline void multiplyStreaming(const TileRun& run, const std::uint8_t* after, std::uint8_t* widened,
                              Aside& aside) {
  constexpr std::size_t kBytes = kFp8 ? kTileBytes / 2 : kTileBytes;
  constexpr int kStepsAhead = static_cast<int>(kStreamAhead / kBytes);
  beginSums<kTiles, kPanels>(run);
  const Bf16* activations = run.activations;
  const std::uint8_t* weights = run.weights;
  for (int step = 0; step < run.steps; ++step) {
    const int over = step + kStepsAhead - run.steps;
    const std::uint8_t* const ahead =
        over < 0 ? weights + kStreamAhead : after + static_cast<std::size_t>(over) * kBytes;
    const std::uint8_t* tile[kPanels];
    for (int p = 0; p < kPanels; ++p) {
      askForTile(ahead + static_cast<std::size_t>(p) * run.panelStride, kBytes);
      tile[p] = weights + static_cast<std::size_t>(p) * run.panelStride;
      if constexpr (kFp8) {
        std::uint8_t* const to =
            widened + static_cast<std::size_t>(step % 2 * kPanels + p) * kTileBytes;
        widenFp8Tile(tile[p], reinterpret_cast<Bf16*>(to));
        tile[p] = to;
      }
    }
    if constexpr (kFp8) beforeTileLoads();
    aside.output.step();
    aside.waiting.step();
    multiplyStep<kTiles, kPanels, true>(activations, run.tileStride, tile);
    activations += run.tileRows * kTileK;
    weights += kBytes;
  }
  storeSums<kTiles, kPanels>(run);
}

/// Weights from the second-level cache, bf16.
template <int kTiles, int kPanels>
inline void multiplyCached(const TileRun& run, Aside& aside) {
  beginSums<kTiles, kPanels>(run);
  const Bf16* activations = run.activations;
  const std::uint8_t* weights = run.weights;
  for (int step = 0; step < run.steps; ++step) {
    const std::uint8_t* const tile[2] = {weights, weights + run.panelStride};
    multiplyStep<kTiles, kPanels, false>(activations, run.tileStride, tile);
    aside.step();
    activations += kTileRows * kTileK;
    weights += kTileBytes;
  }
  storeSums<kTiles, kPanels>(run);
}

#undef SIGNALBOX_EACH_SUM
#undef SIGNALBOX_ZERO_SUM
#undef SIGNALBOX_LOAD_SUM
#undef SIGNALBOX_STORE_SUM

}  // namespace
}  // namespace signalbox
