// How a matrix product in tiles is cut, and what its parts share.

namespace signalbox {
namespace {

constexpr int kStreamRows = 3 * kTileRows;
/// Longest run of k between a load and a store of the sums.
constexpr int kRunMax = 2048;
/// Panels whose weights stay cached while many rows pass by.
constexpr int kPanelsCached = 16;
/// What may stay of the activations, in bytes: the second-level cache also holds weights.
constexpr std::size_t kActivationsCached = std::size_t{1} << 20;
/// Rows whose sums of several runs wait in the scratch at once.
constexpr int kRowsWaiting = 512;

/// A run of k: whole segments, or a part of one.
struct KRun {
  int first;  // step of 32
  int steps;
  int segment;   // the first
  int segments;  // at least 1; steps / segments each
  bool begin;    // the segment's first part
  bool last;     // of the product
};

/// How the steps of a product are cut into runs of at most kRunMax.
struct KRuns {
  int stepsPerSegment;
  int segmentsPerRun;
  int partsPerSegment;
  int segments;

  explicit KRuns(const GemmParams& params) : segments(params.segments) {
    constexpr int kStepsMax = kRunMax / kTileK;
    stepsPerSegment = params.k / params.segments / kTileK;
    segmentsPerRun = 1;
    while (segmentsPerRun < segments && 2 * segmentsPerRun * stepsPerSegment <= kStepsMax) {
      segmentsPerRun *= 2;
    }
    partsPerSegment = (stepsPerSegment + kStepsMax - 1) / kStepsMax;
  }
  int count() const { return segments / segmentsPerRun * partsPerSegment; }
  int stepsMax() const {
    return segmentsPerRun * ((stepsPerSegment + partsPerSegment - 1) / partsPerSegment);
  }
  KRun at(int i) const {
    const int segment = i / partsPerSegment * segmentsPerRun;
    const int part = i % partsPerSegment;
    const int from = stepsPerSegment * part / partsPerSegment;
    const int to = stepsPerSegment * (part + 1) / partsPerSegment;
    return {segment * stepsPerSegment + from,
            segmentsPerRun * (to - from),
            segment,
            segmentsPerRun,
            part == 0,
            i + 1 == count()};
  }
};

/// What the functions below share: one call of gemm.
struct TileGemm {
  const GemmParams& params;
  float* sums;
  std::uint8_t* widened;       // room for weights widened from fp8
  const std::uint8_t* next;    // where this thread goes on afterwards, or null
  std::size_t nextBytes;
  bool fp8;
  int tiles;                   // of rows
  int tileRows;
  std::size_t panelStride;     // bytes
  std::size_t tileStride;      // elements
  std::size_t stepBytes;       // of a panel: 32 of k

  const std::uint8_t* panel(int p) const {
    return params.weights + static_cast<std::size_t>(p) * panelStride;
  }
  const Bf16* activations(int tile, int step) const {
    return reinterpret_cast<const Bf16*>(params.activations) +
           static_cast<std::size_t>(tile) * tileStride +
           static_cast<std::size_t>(step * tileRows * kTileK);
  }
};

}  // namespace
}  // namespace signalbox
