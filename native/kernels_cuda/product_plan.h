// Matrix products of a device: how weights lie there, the order of their sums, and what is launched
// for few rows. Nothing here but the launch depends on the number of rows.
//
//   L1. Panels of 16 outputs and tiles of 32 inputs, with as many bytes as the CPU's
//       (kernels_cpu/kernels.h): a loader that packs for the CPU needs toDevicePanel alone.
//   L2. A tile is two steps of mma.m16n8k16, weights its A; each step's 8 upper and 8 lower outputs
//       are a half of 32 lanes' registers, in order of lanes: tileElement. So two loads of 8 bytes
//       give a warp its A, and halves of two panels (gate and up) can be one A.
//   L3. k is cut in segments (model/shards.h, S2) and each segment in kProductSlices runs of whole
//       pairs of tiles, the last one perhaps half. A run is one chain of products from +0, by tiles
//       and steps; runs are added in order, then scaled, and segments as a pairwise tree:
//       (s0 + s1) + (s2 + s3); then the bias.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/host_device.h"
#include "core/numeric.h"
#include "core/types.h"
#include "kernels_cpu/kernels.h"

namespace signalbox {

/// Warps of a block: each takes one slice of every segment, so that even 4096 outputs at one row
/// keep 1024 warps loading.
inline constexpr int kProductSlices = 8;
inline constexpr int kProductThreads = 32 * kProductSlices;
/// Panels of a block: a pair of gate and up.
inline constexpr int kProductPanels = 2;
inline constexpr int kTileElements = kPanel * kTileK;

inline constexpr int tileBytes(WeightDtype dtype) {
  return dtype == WeightDtype::kFp8 ? kTileElements : 2 * kTileElements;
}

/// Where a half (8 outputs) of a step begins in a tile, in bytes: bf16 has the halves of one step
/// after the other's, fp8 a lane's words of both steps together.
inline constexpr int halfOffset(int half, int step, WeightDtype dtype) {
  return dtype == WeightDtype::kFp8 ? 256 * half : 512 * step + 256 * half;
}

/// Where weight (output, k) of a tile lies in it, in elements. output < 16, k < 32.
inline constexpr int tileElement(int output, int k, WeightDtype dtype) {
  const int lane = output % 8 * 4 + k % 8 / 2;
  const int step = k / 16;
  const int within = k / 8 % 2 * 2 + k % 2;  // of the lane's two words of a half
  return dtype == WeightDtype::kFp8
             ? halfOffset(output / 8, step, dtype) + 8 * lane + 4 * step + within
             : halfOffset(output / 8, step, dtype) / 2 + 4 * lane + within;
}

/// A panel as the CPU packs it (kernels.h) becomes one for the device. `k` in elements; `from` and
/// `to` have padTo(k, 32) * 16 elements and do not overlap.
inline void toDevicePanel(const std::uint8_t* from, int k, WeightDtype dtype, std::uint8_t* to) {
  const auto bytes = static_cast<std::size_t>(tileBytes(dtype));
  const std::size_t each = bytes / kTileElements;
  for (int tile = 0; tile < padTo(k, kTileK) / kTileK; ++tile, from += bytes, to += bytes) {
    for (int output = 0; output < kPanel; ++output) {
      for (int i = 0; i < kTileK; ++i) {
        const auto source = static_cast<std::size_t>((i / 2 * kPanel + output) * 2 + i % 2);
        const auto target = static_cast<std::size_t>(tileElement(output, i, dtype));
        std::memcpy(to + target * each, from + source * each, each);
      }
    }
  }
}

/// Pairs of tiles of a segment of `tiles`.
inline constexpr int pairsOf(int tiles) { return (tiles + 1) / 2; }

/// The first tile of slice `slice` among a segment's `tiles`; that of slice kProductSlices is the
/// end.
inline constexpr int sliceBegin(int slice, int tiles) {
  const int tile = 2 * (pairsOf(tiles) * slice / kProductSlices);
  return tile < tiles ? tile : tiles;
}

/// Rows of a block, by eights: 1, 2, 4 or 8.
inline constexpr int productRowTiles(int rows) {
  return rows <= 8 ? 1 : rows <= 16 ? 2 : rows <= 32 ? 4 : 8;
}

/// Where 16 bytes of eight rows' activations lie in shared memory: row < 8, piece < 4. The order of
/// pieces turns with the row, so that a fragment's loads meet 32 different banks.
inline constexpr int activationOffset16(int row, int piece) {
  return 64 * row + 16 * (piece ^ row / 2);
}

/// How a block of 8 * rowTiles rows uses shared memory.
struct ProductShared {
  int stageBytes;  // of one warp: a tile of each panel, and of each eight rows
  int stages;      // of a warp's ring
  int ringBytes;   // of all warps
  int sumBytes;    // where the warps' sums of a segment meet
};

/// Floats from one row of sums to the next: 4 more than a row has, so that a fragment's stores meet
/// 32 different banks.
inline constexpr int kSumStride = kProductPanels * kPanel + 4;

/// Of an SM of Hopper, and what each block takes of it beside its own.
inline constexpr int kSharedOfSm = 228 * 1024;
inline constexpr int kSharedOfSystem = 1024;

/// Blocks that share an SM: two up to 16 rows, where one block's end would leave memory idle.
inline constexpr int productBlocks(int rowTiles) { return rowTiles <= 2 ? 2 : 1; }

inline constexpr ProductShared productShared(int rowTiles, WeightDtype dtype) {
  const int stageBytes = kProductPanels * tileBytes(dtype) + rowTiles * 8 * kTileK * 2;
  const int sumBytes = kProductSlices * 8 * rowTiles * kSumStride * 4;
  const int room = kSharedOfSm / productBlocks(rowTiles) - kSharedOfSystem - sumBytes;
  const int stages = room / (kProductSlices * stageBytes);
  return {stageBytes, stages, kProductSlices * stages * stageBytes, sumBytes};
}

/// What weightProduct (product.cuh) takes.
struct WeightProductParams {
  const std::uint8_t* weights;  // [panels][k / 32] tiles, 16-byte aligned
  const float* scales;          // fp8: [panels * 16], powers of two; bf16: null
  const float* bias;            // [panels * 16] or null
  int panels;                   // even for `gated`
  int k;                        // % (32 * segments) == 0
  int segments;                 // 1, 2 or 4
  const Bf16* activations;      // [rows][stride], 16-byte aligned
  int stride;                   // elements, % 8 == 0; inputs from there on are zeros
  int rows;                     // > 0
  float* out;                   // [rows][outStride]: sums and bias; or null for `gated`
  int outStride;                // floats
  int outputs;                  // of out, at most panels * 16
  Bf16* gated;                  // [rows][panels * 8]: panels alternate gate and up; or null
};

/// Of weightProduct<rowTiles, dtype>, kProductThreads threads a block.
struct ProductLaunch {
  int rowTiles;
  int gridX;
  int gridY;
  int sharedBytes;
};
inline constexpr ProductLaunch productLaunch(int rows, int panels, WeightDtype dtype) {
  const int rowTiles = productRowTiles(rows);
  const ProductShared shared = productShared(rowTiles, dtype);
  return {rowTiles, (panels + kProductPanels - 1) / kProductPanels,
          (rows + 8 * rowTiles - 1) / (8 * rowTiles), shared.ringBytes + shared.sumBytes};
}

}  // namespace signalbox
