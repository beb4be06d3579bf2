// Matrix products in tiles for more than 48 rows: what stays in the second-level cache and what
// passes by (gemm_amx.inl says why). Sums of several runs of k wait in the scratch between them; of
// one run, only for the next block, between whose instructions their epilogue runs.

namespace signalbox {
namespace {

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

/// Tiles [tileFirst, tileEnd) of rows, at least two, against at most kPanelsCached panels.
class ManyRows {
 public:
  ManyRows(const TileGemm& gemm, int first, int count, int tileFirst, int tileEnd)
      : g_(gemm),
        runs_(gemm.params),
        first_(first),
        end_(first + count),
        tileFirst_(tileFirst),
        tileEnd_(tileEnd),
        sumsWait_(runs_.count() > 1) {
    const int rows = sumsWait_ ? (tileEnd - tileFirst) * kTileRows : kStreamRows;
    panelSums_ = static_cast<std::size_t>(rows) * kPanel;
    segmentStride_ = (sumsWait_ ? kPanelsCached : 2) * panelSums_;
  }

  void multiply() {
    const std::size_t activations = static_cast<std::size_t>((tileEnd_ - tileFirst_) * kTileRows) *
                                    static_cast<std::size_t>(runs_.stepsMax() * kTileK) *
                                    sizeof(Bf16);
    const bool activationsStay = activations <= kActivationsCached;
    for (int i = 0; i < runs_.count(); ++i) {
      const KRun k = runs_.at(i);
      if (activationsStay) {
        panelsPassBy(k);
      } else {
        rowsPassBy(k);
      }
    }
    if (aside_.waiting.rows != 0) aside_.waiting.rest();
  }

 private:
  void panelsPassBy(const KRun& k) {
    for (int p = first_; p < end_; p += 2) {
      if (g_.fp8) widenRun(g_, p, end_ - p < 2 ? 1 : 2, k.first, k.steps, g_.widened);
      aside_.ahead = aheadOfPair(k, p);
      for (int tile = tileFirst_; tile < tileEnd_;) {
        const int tiles = tilesOfBlock(tile);
        block(k, p, tile, tiles, 0);
        tile += tiles;
      }
    }
  }

  void rowsPassBy(const KRun& k) {
    if (g_.fp8) widenRun(g_, first_, end_ - first_, k.first, k.steps, g_.widened);
    for (int tile = tileFirst_; tile < tileEnd_;) {
      const int tiles = tilesOfBlock(tile);
      // The activations of the next block, from a cache shared by all cores.
      aside_.ahead = {};
      if (tile + tiles < tileEnd_) {
        const auto* const next = g_.activations(tile + tiles, k.first);
        aside_.ahead = {reinterpret_cast<const std::uint8_t*>(next), g_.tileStride * sizeof(Bf16),
                        k.steps * kTileLines, 0, 2};
      }
      for (int p = first_; p < end_; p += 2) block(k, p, tile, tiles, p - first_);
      tile += tiles;
    }
  }

  /// Tiles of rows are taken by twos; where their number is odd, the first block has three.
  int tilesOfBlock(int tile) const {
    return tile == tileFirst_ && (tileEnd_ - tileFirst_) % 2 != 0 ? 3 : 2;
  }

  /// As much of the weights after this pair's as can be asked for meanwhile; the rest streams.
  Ahead aheadOfPair(const KRun& k, int p) const {
    const int steps = (tileEnd_ - tileFirst_ - tilesOfBlock(tileFirst_)) / 2 * k.steps;
    const std::uint8_t* following = nullptr;
    if (p + 2 < end_) {
      following = weightsOf(k, p + 2);
    } else if (!k.last) {
      following = weightsOf(k, first_) + static_cast<std::size_t>(k.steps) * g_.stepBytes;
    } else if (g_.nextBytes >= 2 * g_.panelStride) {
      following = g_.next;
    }
    if (g_.fp8 || following == nullptr) return {};
    const int can = steps * Ahead::kPerStep / 2;
    const int whole = k.steps * kTileLines;
    return {following, g_.panelStride, (can < whole ? can : whole) / 4 * 4, 0, 2};
  }

  const std::uint8_t* weightsOf(const KRun& k, int p) const {
    return g_.panel(p) + static_cast<std::size_t>(k.first) * g_.stepBytes;
  }

  /// A pair of panels from `p` (or the last one) and `tiles` tiles of rows from `tile`.
  /// `widenedPanel` is where the pair stands among those widened.
  void block(const KRun& k, int p, int tile, int tiles, int widenedPanel) {
    const int panels = end_ - p < 2 ? 1 : 2;
    SumPlaces sums{g_.sums, segmentStride_, panelSums_};
    if (sumsWait_) {
      sums.base += static_cast<std::size_t>(p - first_) * panelSums_ +
                   static_cast<std::size_t>((tile - tileFirst_) * kTileRows) * kPanel;
    } else {
      // The block before still waits in the other half for its epilogue.
      half_ = !half_;
      if (half_) sums.base += 4 * segmentStride_;
    }
    if (k.last) aside_.output = outputAhead(g_.params, p, panels, tile, tiles);
    const std::size_t widenedStride = static_cast<std::size_t>(k.steps) * kTileBytes;
    const std::uint8_t* const weights =
        g_.fp8 ? g_.widened + static_cast<std::size_t>(widenedPanel) * widenedStride
               : weightsOf(k, p);
    // Its first block brings a pair from memory.
    const bool stream = !g_.fp8 && tile == tileFirst_;
    multiplyRun(g_, k, weights, g_.fp8 ? widenedStride : g_.panelStride, tile, tiles, panels, sums,
                stream, aside_);
    if (aside_.waiting.rows != 0) aside_.waiting.rest();
    if (!k.last) return;
    const int row = tile * kTileRows;
    const int left = g_.params.rows - row;
    aside_.waiting = {&g_.params,
                      Sums{sums.base, segmentStride_, panelSums_},
                      p,
                      panels,
                      row,
                      left < tiles * kTileRows ? left : tiles * kTileRows};
  }

  const TileGemm& g_;
  const KRuns runs_;
  const int first_;
  const int end_;
  const int tileFirst_;
  const int tileEnd_;
  const bool sumsWait_;  // for the next run of k
  std::size_t panelSums_;
  std::size_t segmentStride_;
  bool half_ = false;
  Aside aside_;
};

}  // namespace
}  // namespace signalbox
