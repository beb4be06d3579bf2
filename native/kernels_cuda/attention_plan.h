// Who computes what of paged attention on a device. Nothing here depends on the batch but which
// block of threads does a piece of work: a row's result has the same bits alone, among others,
// decoded token by token or replayed in tiles.
//
//   P1. Positions are cut in fixed segments, counted from position 0. A segment of a tile and a key
//       head is one block's work; what a row sees of it is summed apart.
//   P2. A row's segments are merged in order of position, by the block that finishes last.
//   P3. A segment's cache blocks go to the warps in turn, by position, and warps are merged in
//       order.
//   P4. A tile is consecutive positions of one sequence inside one cache block, and at most 16 rows
//       of queries: positions times the query heads that share a key head. Groups of more than 16
//       heads are cut into head tiles of one position.
#pragma once

#include <span>
#include <vector>

#include "core/types.h"

namespace signalbox {

/// Rows of a tile of queries: A of mma.m16n8k16.
inline constexpr int kQueryRows = 16;
/// Tokens of a segment. At 2048 tokens and 8 key heads one sequence is 64 blocks' work; partial
/// results of 4 heads of 128 are then 6 % of what an fp8 cache reads.
inline constexpr int kSegmentTokens = 256;
inline constexpr int kSegmentBlocks = kSegmentTokens / kBlockTokens;

/// Of one sequence; `table` is where its block table begins among all.
struct DeviceTile {
  int row;
  int count;     // positions
  int position;  // of the first; row i sees positions 0..position + i
  int table;
};

/// One segment of a tile. Those of a tile follow each other.
struct AttentionItem {
  int tile;      // -1: nothing to do, to fill a captured launch
  int segment;   // positions [256 segment, 256 segment + 256)
  int first;     // the tile's first item
  int segments;  // the tile's items
};

/// Positions that fit a tile when `group` query heads share a key head.
inline constexpr int tilePositions(int group) {
  return group >= kQueryRows ? 1 : kQueryRows / group;
}
/// Head tiles of a group.
inline constexpr int headTiles(int group) { return (group + kQueryRows - 1) / kQueryRows; }
/// Query heads of head tile `index`.
inline constexpr int headsOfTile(int group, int index) {
  const int rest = group - index * kQueryRows;
  return rest < kQueryRows ? rest : kQueryRows;
}

/// The first position that a query at `position` sees. `window` counts itself; 0: all.
inline constexpr int firstVisible(int position, int window) {
  return window == 0 || position < window ? 0 : position - window + 1;
}

/// `count` rows from `row`, at positions from `position`, as tiles.
inline void appendTiles(int row, int count, int position, int table, int group,
                        std::vector<DeviceTile>& tiles) {
  for (int done = 0; done < count;) {
    const int rest = kBlockTokens - (position + done) % kBlockTokens;
    int size = tilePositions(group);
    if (size > rest) size = rest;
    if (size > count - done) size = count - done;
    tiles.push_back({row + done, size, position + done, table});
    done += size;
  }
}

/// The segments that a tile sees: all of [low, high].
struct TileSegments {
  int low;
  int high;
};
inline constexpr TileSegments segmentsOf(const DeviceTile& tile, int window) {
  return {firstVisible(tile.position, window) / kSegmentTokens,
          (tile.position + tile.count - 1) / kSegmentTokens};
}

/// The items of these tiles, tile by tile.
inline std::vector<AttentionItem> planAttention(std::span<const DeviceTile> tiles, int window) {
  std::vector<AttentionItem> items;
  for (int t = 0; t < static_cast<int>(tiles.size()); ++t) {
    const DeviceTile& tile = tiles[static_cast<std::size_t>(t)];
    const auto [low, high] = segmentsOf(tile, window);
    const int first = static_cast<int>(items.size());
    for (int s = low; s <= high; ++s) items.push_back({t, s, first, high - low + 1});
  }
  return items;
}

}  // namespace signalbox
