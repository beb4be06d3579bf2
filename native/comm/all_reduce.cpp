// One- and two-shot sums over shared memory.
#include "comm/all_reduce.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace signalbox {

namespace {

/// Floats that a thread sums or copies at once: 8 KB, so that the pieces of all ranks fit L1.
constexpr int kPieceFloats = 2048;

struct Pieces {
  int perRow;
  int count;
};

Pieces piecesOf(int rows, int width) {
  const int perRow = (width + kPieceFloats - 1) / kPieceFloats;
  return {perRow, rows * perRow};
}

}  // namespace

AllReduce::AllReduce(const Kernels& kernels, std::vector<float*> residuals, int rowsMax, int width)
    : AllReduce(kernels, residuals, rowsMax, width,
                oneShotBytesMaxOf(static_cast<int>(residuals.size()))) {}

AllReduce::AllReduce(const Kernels& kernels, std::vector<float*> residuals, int rowsMax, int width,
                     std::size_t oneShotBytesMax)
    : kernels_(kernels),
      residuals_(std::move(residuals)),
      ranks_(static_cast<int>(residuals_.size())),
      rowsMax_(rowsMax),
      width_(width),
      oneShotBytesMax_(oneShotBytesMax),
      slots_(bytesPerRank(rowsMax, width) * residuals_.size(), "exchanges between ranks"),
      written_(std::make_unique<Word[]>(residuals_.size())),
      summed_(std::make_unique<Word[]>(residuals_.size())) {
  SIGNALBOX_CHECK(width % 16 == 0, std::to_string(width));
  SIGNALBOX_CHECK(ranks_ == 1 || ranks_ == 2 || ranks_ == 4, std::to_string(ranks_));
}

std::size_t AllReduce::bytesPerRank(int rowsMax, int width) {
  return 2 * static_cast<std::size_t>(rowsMax) * static_cast<std::size_t>(width) * sizeof(float);
}

void AllReduce::begin() {
  for (int rank = 0; rank < ranks_; ++rank) {
    written_[static_cast<std::size_t>(rank)].value.store(0);
    summed_[static_cast<std::size_t>(rank)].value.store(0);
  }
}

float* AllReduce::share(int rank, std::uint32_t number) const {
  const std::size_t slot = static_cast<std::size_t>(rank) * 2 + number % 2;
  return slots_.as<float>() +
         slot * static_cast<std::size_t>(rowsMax_) * static_cast<std::size_t>(width_);
}

void AllReduce::waitForAll(TeamMember& member, Word* words, std::uint32_t number,
                           const char* what) {
  member.publish(words[member.rank()].value, number);
  for (int rank = 0; rank < ranks_; ++rank) {
    if (rank != member.rank()) member.waitAtLeast(words[rank].value, number, rank, what);
  }
}

void AllReduce::meet(TeamMember& member, std::uint32_t number) {
  waitForAll(member, written_.get(), number, "all-reduce");
}

/// One piece of one row, summed into the rank's residual.
void AllReduce::sum(int rank, std::uint32_t number, int piece, int rows, const float* bias) const {
  const Pieces pieces = piecesOf(rows, width_);
  const int column = piece % pieces.perRow * kPieceFloats;
  const std::size_t at = static_cast<std::size_t>(piece / pieces.perRow) *
                             static_cast<std::size_t>(width_) +
                         static_cast<std::size_t>(column);
  const float* shares[4];
  for (int other = 0; other < ranks_; ++other) shares[other] = share(other, number) + at;
  kernels_.addPartials(residuals_[static_cast<std::size_t>(rank)] + at, shares, ranks_,
                       bias == nullptr ? nullptr : bias + column,
                       std::min(kPieceFloats, width_ - column));
}

void AllReduce::add(TeamMember& member, std::uint32_t number, int rows, const float* bias) {
  meet(member, number);
  const Pieces pieces = piecesOf(rows, width_);
  const std::size_t bytes = static_cast<std::size_t>(rows) * static_cast<std::size_t>(width_) *
                            sizeof(float);
  const int rank = member.rank();
  if (bytes <= oneShotBytesMax_) {
    member.forEach(pieces.count, "all-reduce",
                   [&](int piece) { sum(rank, number, piece, rows, bias); });
    return;
  }
  const auto firstOf = [&](int owner) {
    return static_cast<int>(static_cast<long>(pieces.count) * owner / ranks_);
  };
  const int first = firstOf(rank);
  const int own = firstOf(rank + 1) - first;
  member.forEach(own, "all-reduce, own slice",
                 [&](int piece) { sum(rank, number, first + piece, rows, bias); });
  waitForAll(member, summed_.get(), number, "all-reduce, others' slices");
  member.forEach(pieces.count - own, "all-reduce, copy", [&](int index) {
    const int piece = index < first ? index : index + own;
    int owner = 0;
    while (firstOf(owner + 1) <= piece) ++owner;
    const int column = piece % pieces.perRow * kPieceFloats;
    const std::size_t at = static_cast<std::size_t>(piece / pieces.perRow) *
                               static_cast<std::size_t>(width_) +
                           static_cast<std::size_t>(column);
    std::memcpy(residuals_[static_cast<std::size_t>(rank)] + at,
                residuals_[static_cast<std::size_t>(owner)] + at,
                static_cast<std::size_t>(std::min(kPieceFloats, width_ - column)) * sizeof(float));
  });
}

}  // namespace signalbox
