// Paged attention of one tile of queries and one key-value head.
//
// Up to 32 rows (positions times query heads of the group) walk the sequence's blocks from the
// first that any of them sees. A step takes one block of 32 tokens: scores of all rows, softmax,
// weights times values added to the output. The next block's scores are made after the first 16
// rows' softmax, and an fp8 block is widened a step before its products: they neither wait for what
// was stored just before, nor do they pause for longer than the softmax of 16 rows takes.
//
//   S1. A row's bits depend on its query and the tokens it sees alone: steps before its first
//       visible token leave nothing behind (attention_softmax.inl, T1), hidden tokens of a step
//       weigh nothing (T4), and there are no steps after its own block, because a tile stays inside
//       one block's span.
//   S2. Hidden tokens may hold anything their sequence ever wrote there. They never hold what
//       another owner of the block wrote, NaN included, because a sequence enters a block at the
//       block's first position and that append zeroes it (elementwise_append.inl, A1): also one
//       that was preempted and begins again, and one that follows a preempted owner. Blocks a
//       sequence takes from the prefix cache or from disk are full, and all their tokens are before
//       its own.
//   S3. bf16 and fp8 take the same steps; fp8 widens a block's keys or values to bf16 first,
//       exactly.
//
// Bound by, at decode: memory, 8 KB of keys and values per block and head of head dim 64 in bf16,
// 4.1 KB in fp8; fetched a step or two ahead.

#include "kernels_cpu/attention_cache.inl"
#include "kernels_cpu/attention_fp8.inl"
#if defined(__AMX_TILE__)
#include "kernels_cpu/attention_amx.inl"
#else
#include "kernels_cpu/attention_fma.inl"
#endif
#include "kernels_cpu/attention_softmax.inl"

namespace signalbox {
namespace {

inline int attentionPositions(int group) {
  return group < kRowsAtOnce ? kRowsAtOnce / group : 1;
}

/// Working memory of one walk, in the caller's scratch.
struct AttentionWork {
  QueryElement* queries;   // [32][headDimPadded], in the product's order
  WeightElement* weights;  // [32][32 tokens]
  float* scores[2];        // [32][32 tokens], of this step and of the next
  Bf16* keys;              // fp8: of the next step, widened
  Bf16* values;            // fp8: of this step, widened
  SoftmaxRows rows;
};

constexpr std::size_t kScratchAlignment = 64;

inline std::size_t attentionScratchBytes(int group, int headDimPadded) {
  (void)group;  // Rows come 32 at a time whatever the group.
  constexpr std::size_t kRows = kRowsAtOnce;
  const auto dims = static_cast<std::size_t>(headDimPadded);
  return kScratchAlignment + kRows * dims * sizeof(QueryElement) +
         kRows * kBlockTokens * sizeof(WeightElement) + 2 * kRows * kBlockTokens * sizeof(float) +
         2 * dims * kBlockTokens * sizeof(Bf16) + kRows * dims * sizeof(float) +
         kRows * 16 * sizeof(float) + kRows * sizeof(float) + kRows * sizeof(int);
}

SIGNALBOX_INLINE AttentionWork workIn(void* scratch, int headDimPadded) {
  const auto address = reinterpret_cast<std::uintptr_t>(scratch);
  const std::uintptr_t aligned = (address + kScratchAlignment - 1) & ~(kScratchAlignment - 1);
  char* at = static_cast<char*>(scratch) + (aligned - address);
  const auto dims = static_cast<std::size_t>(headDimPadded);
  const auto take = [&](std::size_t bytes) __attribute__((always_inline)) {
    char* const start = at;
    at += bytes;  // All sizes are multiples of 64.
    return start;
  };
  constexpr std::size_t kRows = kRowsAtOnce;
  AttentionWork work;
  work.queries = reinterpret_cast<QueryElement*>(take(kRows * dims * sizeof(QueryElement)));
  work.weights =
      reinterpret_cast<WeightElement*>(take(kRows * kBlockTokens * sizeof(WeightElement)));
  for (float*& scores : work.scores) {
    scores = reinterpret_cast<float*>(take(kRows * kBlockTokens * sizeof(float)));
  }
  work.keys = reinterpret_cast<Bf16*>(take(dims * kBlockTokens * sizeof(Bf16)));
  work.values = reinterpret_cast<Bf16*>(take(dims * kBlockTokens * sizeof(Bf16)));
  work.rows.out = reinterpret_cast<float*>(take(kRows * dims * sizeof(float)));
  work.rows.sums = reinterpret_cast<float*>(take(kRows * 16 * sizeof(float)));
  work.rows.maxima = reinterpret_cast<float*>(take(kRows * sizeof(float)));
  work.rows.positions = reinterpret_cast<int*>(take(kRows * sizeof(int)));
  work.rows.headDimPadded = headDimPadded;
  return work;
}

/// Rows [first, first + count) of a tile, position-major, and the blocks they walk. The first of
/// them belongs to head `headFirst` of the group.
struct RowWalk {
  int first;
  int headFirst;
  int count;
  int positionFirst;
  int positionLast;
  int blockFirst;
  int blockLast;
};

SIGNALBOX_INLINE RowWalk walkOf(const AttentionParams& params, const AttentionTile& tile, int group,
                                int first) {
  RowWalk walk;
  const int rest = tile.count * group - first;
  walk.first = first;
  walk.headFirst = first % group;
  walk.count = rest < kRowsAtOnce ? rest : kRowsAtOnce;
  walk.positionFirst = tile.position + first / group;
  walk.positionLast = tile.position + (first + walk.count - 1) / group;
  const int oldest = params.window == 0 ? 0 : walk.positionFirst - params.window + 1;
  walk.blockFirst = oldest > 0 ? oldest / kBlockTokens : 0;
  walk.blockLast = walk.positionLast / kBlockTokens;
  return walk;
}

/// Lines to be fetched a few at a time between other work: asked for all at once they would fill
/// the buffers for what is on its way, and everything behind them would wait. Where memory is the
/// slower one, this is where time goes, and the multiplier must not fall asleep over it.
struct FetchAhead {
  const std::uint8_t* at[2] = {nullptr, nullptr};
  std::size_t lines[2] = {0, 0};
  std::size_t piece = 0;

  SIGNALBOX_INLINE void some() {
    if (piece == 0) return;
    keepAwake();
    std::size_t left = piece;
    for (int i = 0; i < 2; ++i) {
      const std::size_t count = lines[i] < left ? lines[i] : left;
      for (std::size_t line = 0; line < count; ++line) __builtin_prefetch(at[i] + 64 * line, 0, 3);
      at[i] += 64 * count;
      lines[i] -= count;
      left -= count;
    }
  }
};

/// One step's softmax for the rows that see any of its tokens; how many these are. `between` is
/// done after the first 16.
template <bool kScaled, class Between>
SIGNALBOX_INLINE int softmaxStep(const AttentionParams& params, const RowWalk& walk,
                                 const AttentionWork& work, const TokenScales& scales,
                                 const float* scores, int block, const Between& between) {
  const int firstToken = block * kBlockTokens;
  const bool atFirst = block == walk.blockFirst;
  const bool past = firstToken + kBlockTokens - 1 <= walk.positionFirst;
  const bool near = params.window == 0 || walk.positionLast - params.window < firstToken;
  // Windows end later for later rows: those without a visible token in this block come last.
  int seeing = walk.count;
  if (!near) {
    while (work.rows.positions[seeing - 1] - params.window >= firstToken + kBlockTokens - 1) {
      --seeing;
    }
  }
  for (int r = 0; r < seeing; r += 16) {
    const int count = seeing - r < 16 ? seeing - r : 16;
    if (past && near) {
      softmaxRows<false, kScaled>(work.rows, scales, scores, r, count, params.window, firstToken,
                                  atFirst, work.weights);
    } else {
      softmaxRows<true, kScaled>(work.rows, scales, scores, r, count, params.window, firstToken,
                                 atFirst, work.weights);
    }
    if (r == 0) between();
  }
  return seeing;
}

/// Position and head of the group, from row to row without a division.
struct RowCursor {
  int position;
  int head;
  int group;

  SIGNALBOX_INLINE void next() {
    if (++head == group) {
      head = 0;
      ++position;
    }
  }
};

/// Output times one over the sum, as activations.
SIGNALBOX_INLINE void storeRows(const AttentionParams& params, const AttentionTile& tile,
                                const RowWalk& walk, const AttentionWork& work, int group,
                                int kvHead) {
  const int padded = params.headDimPadded;
  const int total = padTo(params.heads * params.headDim, kTileK);
  Bf16* const activations = reinterpret_cast<Bf16*>(params.activations);
  const int nextTile = (params.rows < kTileRows ? params.rows : kTileRows) * kTileK;
  RowCursor cursor{walk.positionFirst - tile.position, walk.headFirst, group};
  for (int r = 0; r < walk.count; ++r, cursor.next()) {
    if (r % 16 == 15) keepAwake();
    const V16 share = splat(1.0f / sumOfLanes(load(work.rows.sums + 16 * r)));
    const float* const out = work.rows.out + r * padded;
    const int row = tile.row + cursor.position;
    const int k = (kvHead * group + cursor.head) * params.headDim;
    const auto resultAt = [&](int d) __attribute__((always_inline)) {
      // Adding zero makes one zero of both (T4). A NaN becomes the one of every path.
      const V16 value = load(out + d) * share + zeros();
      const I16 isNan = greater(asInt(value) & splatInt(0x7fffffff), splatInt(0x7f800000));
      return select(isNan, asFloat(splatInt(0x7fc00000)), value);
    };
    if (params.headDim % 16 == 0) {
      // Sixteen columns never lie in two tiles.
      Bf16* to = activations + activationOffset(row, k, total, params.rows);
      for (int d = 0; d < params.headDim; d += 16) {
        storeBf16(to, resultAt(d));
        to += (k + d) % kTileK == 0 ? 16 : nextTile - 16;
      }
      continue;
    }
    alignas(64) Bf16 line[kHeadDimMax];
    for (int d = 0; d < padded; d += 16) storeBf16(line + d, resultAt(d));
    for (int d = 0; d < params.headDim; ++d) {
      activations[activationOffset(row, k + d, total, params.rows)] = line[d];
    }
  }
}

template <bool kFp8>
inline void walkBlocks(const AttentionParams& params, const AttentionTile& tile,
                       const RowWalk& walk, const AttentionWork& work, int kvHead) {
  const int padded = params.headDimPadded;
  const std::size_t side = kvSideBytes(padded, params.cache.dtype);
  const std::size_t elements = static_cast<std::size_t>(padded) * kBlockTokens;
  const auto blockAt = [&](int block) __attribute__((always_inline)) {
    return headBlock(params.cache, tile.blocks[block], params.layer, kvHead, padded);
  };
  const auto makeScores = [&](int block, float* scores) __attribute__((always_inline)) {
    if (block > walk.blockLast) {
      keepAwake();
      return;
    }
    scoresOfBlock(work.queries, walk.count, padded,
                  kFp8 ? work.keys : reinterpret_cast<const Bf16*>(blockAt(block).keys), scores);
  };
  constexpr std::size_t kWidenedAtOnce = 1024;  // headDimPadded and tokens come in 32s
  const auto widen = [&](const std::uint8_t* codes, Bf16* to, FetchAhead& ahead)
                         __attribute__((always_inline)) {
    for (std::size_t i = 0; i < elements; i += kWidenedAtOnce) {
      widenCodes(codes + i, to + i, kWidenedAtOnce);
      ahead.some();
    }
  };
  // Values of the next step and keys of the one after it; of fp8, which is widened a step before,
  // each one step later.
  const auto fetchDuring = [&](int block) __attribute__((always_inline)) {
    FetchAhead ahead;
    if (walk.count > kTileRows) return ahead;  // Many tiles read the same blocks: they are in L2.
    constexpr int kSteps = kFp8 ? 2 : 1;
    constexpr std::size_t kScales = kFp8 ? 2 * kBlockTokens * sizeof(Fp16) : 0;
    if (block + kSteps <= walk.blockLast) {
      ahead.at[0] = blockAt(block + kSteps).values;
      ahead.lines[0] = (side + kScales) / 64;
    }
    if (block + kSteps < walk.blockLast) {
      ahead.at[1] = blockAt(block + kSteps + 1).keys;
      ahead.lines[1] = side / 64;
    }
    const std::size_t pieces = kFp8 ? 4 + 2 * elements / kWidenedAtOnce : 4;
    ahead.piece = (ahead.lines[0] + ahead.lines[1] + pieces - 1) / pieces;
    return ahead;
  };

  FetchAhead none;
  if constexpr (kFp8) widen(blockAt(walk.blockFirst).keys, work.keys, none);
  makeScores(walk.blockFirst, work.scores[0]);
  if constexpr (kFp8) {
    if (walk.blockFirst < walk.blockLast) widen(blockAt(walk.blockFirst + 1).keys, work.keys, none);
    widen(blockAt(walk.blockFirst).values, work.values, none);
  }
  for (int block = walk.blockFirst; block <= walk.blockLast; ++block) {
    const int turn = (block - walk.blockFirst) % 2;
    const HeadBlock here = blockAt(block);
    FetchAhead ahead = fetchDuring(block);
    ahead.some();
    TokenScales scales;
    for (int i = 0; i < 2; ++i) {
      scales.score[i] = splat(params.scale);
      if constexpr (kFp8) {
        scales.score[i] = scales.score[i] * widenScales(here.keyScales + 16 * i);
        scales.value[i] = widenScales(here.valueScales + 16 * i);
      }
    }
    const int seeing =
        softmaxStep<kFp8>(params, walk, work, scales, work.scores[turn], block,
                          [&]() __attribute__((always_inline)) {
                            makeScores(block + 1, work.scores[1 - turn]);
                            ahead.some();
                          });
    ahead.some();
    addValues(work.weights, seeing, padded,
              kFp8 ? work.values : reinterpret_cast<const Bf16*>(here.values), work.rows.out);
    ahead.some();
    if constexpr (kFp8) {
      if (block + 2 <= walk.blockLast) widen(blockAt(block + 2).keys, work.keys, ahead);
      if (block + 1 <= walk.blockLast) widen(blockAt(block + 1).values, work.values, ahead);
      keepAwake();
    }
  }
}

inline void attention(const AttentionParams& params, const AttentionTile& tile, int kvHead,
                      void* scratch) {
  const int group = params.heads / params.kvHeads;
  const int padded = params.headDimPadded;
  const int used = params.heads * params.headDim;
  const int total = padTo(used, kTileK);
  const AttentionWork work = workIn(scratch, padded);
  for (int first = 0; first < tile.count * group; first += kRowsAtOnce) {
    const RowWalk walk = walkOf(params, tile, group, first);
    beginProducts(walk.count);
    keepAwake();
    for (int r = 0; r < kRowsAtOnce; ++r) work.rows.maxima[r] = kHidden;
    for (int i = 0; i < walk.count * padded; i += 16) store(work.rows.out + i, zeros());
    const Bf16* const queries = reinterpret_cast<const Bf16*>(params.queries);
    const Bf16* const activations = reinterpret_cast<const Bf16*>(params.activations);
    RowCursor cursor{walk.positionFirst - tile.position, walk.headFirst, group};
    for (int r = 0; r < walk.count; ++r, cursor.next()) {
      work.rows.positions[r] = tile.position + cursor.position;
      store(work.rows.sums + 16 * r, zeros());
      const std::size_t query = static_cast<std::size_t>(tile.row + cursor.position) *
                                    static_cast<std::size_t>(params.heads) +
                                static_cast<std::size_t>(kvHead * group + cursor.head);
      copyQuery(work.queries, r, queries + query * static_cast<std::size_t>(padded), padded);
      const int k = (kvHead * group + cursor.head) * params.headDim;
      for (int d = 0; d < params.headDim; d += kTileK) {
        __builtin_prefetch(
            activations + activationOffset(tile.row + cursor.position, k + d, total, params.rows),
            1);
      }
    }
    if (params.cache.dtype == KvDtype::kFp8) {
      walkBlocks<true>(params, tile, walk, work, kvHead);
    } else {
      walkBlocks<false>(params, tile, walk, work, kvHead);
    }
    storeRows(params, tile, walk, work, group, kvHead);
  }
  if (kvHead + 1 == params.kvHeads) {
    // The padding of k holds zeros, in every row that a product reads.
    Bf16* const activations = reinterpret_cast<Bf16*>(params.activations);
    for (int i = 0; i < tile.count; ++i) {
      for (int k = used; k < total; ++k) {
        activations[activationOffset(tile.row + i, k, total, params.rows)] = 0;
      }
    }
  }
}

}  // namespace
}  // namespace signalbox
