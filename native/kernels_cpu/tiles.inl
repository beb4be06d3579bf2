// The tile registers' shape. Every operation that uses tiles loads its own: the shape belongs to
// the thread and loading one clears the tiles.

namespace signalbox {
namespace {

/// Source: Intel SDM, LDTILECFG.
struct alignas(64) TileShape {
  std::uint8_t palette = 1;
  std::uint8_t startRow = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t rowBytes[16] = {};
  std::uint8_t rows[16] = {};
};

SIGNALBOX_INLINE void loadTileShape(const TileShape& shape) {
  // GCC 12 takes 8 of the 64 bytes for the instruction's input and may drop the stores of the rest.
  asm volatile("" : : "r"(&shape) : "memory");
  _tile_loadconfig(&shape);
}

/// Between writing memory and loading tiles from it: GCC 12's tile loads do not say that they read,
/// and stores may be moved below them.
SIGNALBOX_INLINE void beforeTileLoads() { asm volatile("" : : : "memory"); }

/// Eight tiles of 64-byte rows: the first `few` of `rows` rows, the others of 16.
SIGNALBOX_INLINE TileShape tilesOf(int few, int rows) {
  TileShape shape;
  for (int i = 0; i < 8; ++i) {
    shape.rowBytes[i] = 64;
    shape.rows[i] = static_cast<std::uint8_t>(i < few ? rows : kTileRows);
  }
  return shape;
}

}  // namespace
}  // namespace signalbox
