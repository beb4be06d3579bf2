// The reference's norms, rotation and append: fp32 queries and activations in rows, an f32 cache of
// [32 tokens][headDim] keys, then as many values. Sums in double.

namespace signalbox {
namespace {

inline std::size_t kvHeadBytes(int headDim, KvDtype) {
  return 2 * static_cast<std::size_t>(kBlockTokens) * static_cast<std::size_t>(headDim) *
         sizeof(float);
}

inline std::size_t queryBytes(int rows, int heads, int headDimPadded) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(heads) *
         static_cast<std::size_t>(headDimPadded) * sizeof(float);
}

/// Keys of one layer and head in one block; values follow after 32 * headDim.
inline float* referenceKeys(const KvLayout& cache, BlockId block, int layer, int kvHead) {
  return reinterpret_cast<float*>(cache.pool + static_cast<std::size_t>(block) * cache.blockStride +
                                  static_cast<std::size_t>(layer) * cache.layerStride +
                                  static_cast<std::size_t>(kvHead) * cache.headStride);
}

inline double referenceNormFactor(const float* x, int count, float eps) {
  double sum = 0;
  for (int i = 0; i < count; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return 1 / __builtin_sqrt(sum / count + static_cast<double>(eps));
}

inline void rmsNorm(const RmsNormParams& params, int inRow, int outRow) {
  const float* const x = params.x + static_cast<std::size_t>(inRow) * params.stride;
  const double factor = referenceNormFactor(x, params.hidden, params.eps);
  const int padded = padTo(params.hidden, kTileK);
  float* const out = reinterpret_cast<float*>(params.activations) +
                     static_cast<std::size_t>(outRow) * static_cast<std::size_t>(padded);
  for (int k = 0; k < padded; ++k) {
    out[k] = k < params.hidden
                 ? static_cast<float>(static_cast<double>(x[k]) * factor *
                                      static_cast<double>(params.weight[k]))
                 : 0.0f;
  }
}

inline void referenceRotate(const float* head, int headDim, const float* norm, float eps,
                            const float* cosines, const float* sines, float* to) {
  const double factor = norm == nullptr ? 1 : referenceNormFactor(head, headDim, eps);
  const auto normed = [&](int i) {
    return static_cast<double>(head[i]) *
           (norm == nullptr ? 1 : factor * static_cast<double>(norm[i]));
  };
  const int half = headDim / 2;
  for (int i = 0; i < half; ++i) {
    const double cosine = static_cast<double>(cosines[i]);
    const double sine = static_cast<double>(sines[i]);
    to[i] = static_cast<float>(normed(i) * cosine - normed(i + half) * sine);
    to[i + half] = static_cast<float>(normed(i + half) * cosine + normed(i) * sine);
  }
}

inline void ropeAppend(const RopeAppendParams& params, const RowRun& run, int kvHead) {
  const auto headDim = static_cast<std::size_t>(params.headDim);
  const int group = params.heads / params.kvHeads;
  float* const keys = referenceKeys(params.cache, run.block, params.layer, kvHead);
  if (run.position % kBlockTokens == 0) {
    __builtin_memset(keys, 0, kvHeadBytes(params.headDim, params.cache.dtype));
  }
  for (int i = 0; i < run.count; ++i) {
    const auto row = static_cast<std::size_t>(run.row + i);
    const float* const heads = params.qkv + row * params.stride;
    const float* const cosines = params.cosines + row * (headDim / 2);
    const float* const sines = params.sines + row * (headDim / 2);
    const auto at = [&](int head) { return heads + static_cast<std::size_t>(head) * headDim; };
    for (int head = kvHead * group; head < (kvHead + 1) * group; ++head) {
      float* const to = reinterpret_cast<float*>(params.queries) +
                        (row * static_cast<std::size_t>(params.heads) +
                         static_cast<std::size_t>(head)) *
                            static_cast<std::size_t>(params.headDimPadded);
      referenceRotate(at(head), params.headDim, params.queryNorm, params.normEps, cosines, sines,
                      to);
      for (int k = params.headDim; k < params.headDimPadded; ++k) to[k] = 0;
    }
    float* const key =
        keys + static_cast<std::size_t>((run.position + i) % kBlockTokens) * headDim;
    referenceRotate(at(params.heads + kvHead), params.headDim, params.keyNorm, params.normEps,
                    cosines, sines, key);
    const float* const value = at(params.heads + params.kvHeads + kvHead);
    for (std::size_t k = 0; k < headDim; ++k) key[kBlockTokens * headDim + k] = value[k];
  }
}

inline void addPartials(float* x, const float* const* partials, int ranks, const float* bias,
                        int count) {
  for (int i = 0; i < count; ++i) {
    double sum = static_cast<double>(x[i]);
    for (int r = 0; r < ranks; ++r) sum += static_cast<double>(partials[r][i]);
    if (bias != nullptr) sum += static_cast<double>(bias[i]);
    x[i] = static_cast<float>(sum);
  }
}

}  // namespace
}  // namespace signalbox
