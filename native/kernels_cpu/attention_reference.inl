// The reference's attention: a row at a time, every visible position, twice over, in double.

namespace signalbox {
namespace {

inline int attentionPositions(int group) { return group < 32 ? 32 / group : 1; }

inline std::size_t attentionScratchBytes(int, int) { return 0; }

inline void attention(const AttentionParams& params, const AttentionTile& tile, int kvHead, void*) {
  const auto headDim = static_cast<std::size_t>(params.headDim);
  const int group = params.heads / params.kvHeads;
  const auto total = static_cast<std::size_t>(padTo(params.heads * params.headDim, kTileK));
  const auto keyAt = [&](int position) {
    return referenceKeys(params.cache, tile.blocks[position / kBlockTokens], params.layer, kvHead) +
           static_cast<std::size_t>(position % kBlockTokens) * headDim;
  };
  for (int i = 0; i < tile.count; ++i) {
    const auto row = static_cast<std::size_t>(tile.row + i);
    const int last = tile.position + i;
    const int first = params.window == 0 || last < params.window ? 0 : last - params.window + 1;
    float* const out = reinterpret_cast<float*>(params.activations) + row * total;
    for (int head = kvHead * group; head < (kvHead + 1) * group; ++head) {
      const float* const query = reinterpret_cast<const float*>(params.queries) +
                                 (row * static_cast<std::size_t>(params.heads) +
                                  static_cast<std::size_t>(head)) *
                                     static_cast<std::size_t>(params.headDimPadded);
      const auto score = [&](int position) {
        const float* const key = keyAt(position);
        double sum = 0;
        for (std::size_t k = 0; k < headDim; ++k) {
          sum += static_cast<double>(query[k]) * static_cast<double>(key[k]);
        }
        return sum * static_cast<double>(params.scale);
      };
      double largest = score(first);
      for (int p = first + 1; p <= last; ++p) {
        const double s = score(p);
        if (s > largest) largest = s;
      }
      double sum = 0;
      double values[kHeadDimMax] = {};
      for (int p = first; p <= last; ++p) {
        const double weight = __builtin_exp(score(p) - largest);
        const float* const value = keyAt(p) + kBlockTokens * headDim;
        sum += weight;
        for (std::size_t k = 0; k < headDim; ++k) {
          values[k] += weight * static_cast<double>(value[k]);
        }
      }
      for (std::size_t k = 0; k < headDim; ++k) {
        out[static_cast<std::size_t>(head) * headDim + k] = static_cast<float>(values[k] / sum);
      }
    }
    if (kvHead + 1 == params.kvHeads) {
      for (std::size_t k = static_cast<std::size_t>(params.heads) * headDim; k < total; ++k) {
        out[k] = 0;
      }
    }
  }
}

}  // namespace
}  // namespace signalbox
