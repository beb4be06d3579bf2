// Attention's two products on tiles: a block's keys and values are B tiles as they lie in the
// cache.
//
//   tiles 0 to 3   sums: two of up to 16 rows times two of 16 columns
//   tiles 4, 5     queries or weights: up to 16 rows of 32
//   tiles 6, 7     keys: 32 of head dim by 16 tokens; values: 32 tokens by 16 of head dim
//
// Bound by: per 32 rows and block of head dim 64, 16 products (16 cycles each) beside 64
// exponentials of 16 lanes (about 12 cycles each), so by the softmax. Two row tiles share each B
// tile.

namespace signalbox {
namespace {

using QueryElement = Bf16;
using WeightElement = Bf16;

/// Before the first product for `rows` rows.
inline void beginProducts(int rows) {
  TileShape shape = tilesOf(6, rows < kTileRows ? rows : kTileRows);
  if (rows > kTileRows) {
    const auto lower = static_cast<std::uint8_t>(rows - kTileRows);
    shape.rows[2] = shape.rows[3] = shape.rows[5] = lower;
  }
  loadTileShape(shape);
}

/// The multiplier goes to sleep when it was idle for about 1000 cycles and takes 600 to wake
/// (measured on Emerald Rapids: +300 ns for the first product after a gap of 400 ns, +20 ns after
/// shorter ones). A product of whatever is in the tiles, whose sum nobody reads, keeps it awake
/// between the others.
SIGNALBOX_INLINE void keepAwake() { _tile_dpbf16ps(0, 4, 6); }

/// Loads of tiles are not declared to read memory: what was stored before must be there.
SIGNALBOX_INLINE void finishStores() { asm volatile("" : : : "memory"); }

/// queries: [row / 16][headDimPadded / 32][16][32].
SIGNALBOX_INLINE void copyQuery(QueryElement* queries, int row, const Bf16* from,
                                int headDimPadded) {
  Bf16* to = queries + (row / kTileRows * headDimPadded * kTileRows + row % kTileRows * kTileK);
  for (int k = 0; k < headDimPadded; k += kTileK, to += kTileRows * kTileK) {
    __builtin_memcpy(to, from + k, kTileK * sizeof(Bf16));
  }
}

SIGNALBOX_INLINE void storeWeights(WeightElement* to, V16 first, V16 second) {
  const __m512bh both = _mm512_cvtne2ps_pbh(second.part[0], first.part[0]);
  _mm512_storeu_si512(to, reinterpret_cast<__m512i>(both));
}

template <int kTiles>
SIGNALBOX_INLINE void scoresOfTiles(const Bf16* queries, int headDimPadded, const Bf16* keys,
                                    float* scores) {
  const Bf16* const lower = queries + headDimPadded * kTileRows;
  constexpr int kPairBytes = kBlockTokens * 2 * static_cast<int>(sizeof(Bf16));
  _tile_zero(0);
  _tile_zero(1);
  if constexpr (kTiles == 2) {
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int k = 0; k < headDimPadded; k += kTileK) {
    const Bf16* const step = keys + k * kBlockTokens;
    _tile_loadd(4, queries + k * kTileRows, 64);
    _tile_loadd(6, step, kPairBytes);
    _tile_loadd(7, step + kTileK, kPairBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTiles == 2) {
      _tile_loadd(5, lower + k * kTileRows, 64);
      _tile_dpbf16ps(2, 5, 6);
      _tile_dpbf16ps(3, 5, 7);
    }
  }
  constexpr int kRowBytes = kBlockTokens * static_cast<int>(sizeof(float));
  _tile_stored(0, scores, kRowBytes);
  _tile_stored(1, scores + 16, kRowBytes);
  if constexpr (kTiles == 2) {
    _tile_stored(2, scores + kTileRows * kBlockTokens, kRowBytes);
    _tile_stored(3, scores + kTileRows * kBlockTokens + 16, kRowBytes);
  }
}

/// scores[row][token] = query . key
SIGNALBOX_INLINE void scoresOfBlock(const QueryElement* queries, int rows, int headDimPadded,
                                    const Bf16* keys, float* scores) {
  finishStores();
  if (rows > kTileRows) {
    scoresOfTiles<2>(queries, headDimPadded, keys, scores);
  } else {
    scoresOfTiles<1>(queries, headDimPadded, keys, scores);
  }
}

template <int kTiles>
SIGNALBOX_INLINE void addValuesOfTiles(const Bf16* weights, int headDimPadded, const Bf16* values,
                                       float* out) {
  const int pairBytes = headDimPadded * 2 * static_cast<int>(sizeof(Bf16));
  const int rowBytes = headDimPadded * static_cast<int>(sizeof(float));
  float* const lower = out + headDimPadded * kTileRows;
  _tile_loadd(4, weights, 64);
  if constexpr (kTiles == 2) _tile_loadd(5, weights + kTileRows * kBlockTokens, 64);
  for (int d = 0; d < headDimPadded; d += 32) {
    _tile_loadd(6, values + 2 * d, pairBytes);
    _tile_loadd(0, out + d, rowBytes);
    _tile_dpbf16ps(0, 4, 6);
    _tile_loadd(7, values + 2 * d + 32, pairBytes);
    _tile_loadd(1, out + d + 16, rowBytes);
    _tile_dpbf16ps(1, 4, 7);
    if constexpr (kTiles == 2) {
      _tile_loadd(2, lower + d, rowBytes);
      _tile_dpbf16ps(2, 5, 6);
      _tile_loadd(3, lower + d + 16, rowBytes);
      _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, out + d, rowBytes);
    _tile_stored(1, out + d + 16, rowBytes);
    if constexpr (kTiles == 2) {
      _tile_stored(2, lower + d, rowBytes);
      _tile_stored(3, lower + d + 16, rowBytes);
    }
  }
}

/// out[row][d] += weights of the block's tokens . values
SIGNALBOX_INLINE void addValues(const WeightElement* weights, int rows, int headDimPadded,
                                const Bf16* values, float* out) {
  finishStores();
  if (rows > kTileRows) {
    addValuesOfTiles<2>(weights, headDimPadded, values, out);
  } else {
    addValuesOfTiles<1>(weights, headDimPadded, values, out);
  }
}

}  // namespace
}  // namespace signalbox
