// The exchange between the ranks of one process: each brings its share of a sum, all get the sum.
//
// Exchange e of a step, for each rank: its products go to its own slot of parity e % 2; `written`
// becomes e; once every rank's is e, the shares are summed. One-shot, for small sums: every rank
// sums everything itself. Two-shot: every rank sums its slice of the rows into its own residual,
// `summed` becomes e, and once every rank's is e the other slices are copied from their owners.
//
//   A1. The sum is Kernels::addPartials' pairwise tree over ranks, then the bias, then the
//       residual: the same bits on every rank, by one shot or two. With whole K segments per rank
//       also the same bits as one rank alone.
//   A2. Two slots per rank are enough, without a closing barrier. A rank writes slot e % 2 again
//       for e + 2, after its wait of e + 1; there every other rank had published e + 1, which it
//       does only after it finished e, reading included.
//   A3. A rank's residual, which others read in the second shot of e, is next written in e + 1
//       after the wait there, so after all others finished e. Between exchanges it is only read.
//   A4. A rank that does not come is waited for until the team's deadline; the error names it.
//   A5. Numbers start at 1 in every step: between steps no thread is in an exchange.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "comm/team.h"
#include "core/memory.h"
#include "kernels_cpu/kernels.h"

namespace signalbox {

class AllReduce {
 public:
  /// Sums of up to this many bytes go by one shot: all of two ranks, where a second meeting costs
  /// more than half a sum; half a megabyte of four. Measured with bench/all_reduce_main.
  static std::size_t oneShotBytesMaxOf(int ranks) {
    return ranks <= 2 ? SIZE_MAX : std::size_t{512} << 10;
  }

  /// `residuals` [ranks][rowsMax][width] are where sums are added; width % 16 == 0.
  AllReduce(const Kernels& kernels, std::vector<float*> residuals, int rowsMax, int width);
  /// With another limit, for tests and measurements.
  AllReduce(const Kernels& kernels, std::vector<float*> residuals, int rowsMax, int width,
            std::size_t oneShotBytesMax);

  /// Bytes of the slots of one rank.
  static std::size_t bytesPerRank(int rowsMax, int width);

  /// Before each step, by the thread that starts it.
  void begin();
  /// Where `rank` writes its share of exchange `number` (1, 2, ...) of the step: [rows][width].
  float* share(int rank, std::uint32_t number) const;
  /// Called by every thread of every rank, after the rank's share is whole. Then every rank's is.
  void meet(TeamMember& member, std::uint32_t number);
  /// meet, then residual[row] = residual[row] + (sum of shares + bias), bias [width] or null.
  void add(TeamMember& member, std::uint32_t number, int rows, const float* bias);

 private:
  struct alignas(64) Word {
    std::atomic<std::uint32_t> value{0};
  };
  void waitForAll(TeamMember& member, Word* words, std::uint32_t number, const char* what);
  void sum(int rank, std::uint32_t number, int piece, int rows, const float* bias) const;

  const Kernels& kernels_;
  const std::vector<float*> residuals_;
  const int ranks_;
  const int rowsMax_;
  const int width_;
  const std::size_t oneShotBytesMax_;
  HugeBuffer slots_;  // [ranks][2][rowsMax][width]
  std::unique_ptr<Word[]> written_;
  std::unique_ptr<Word[]> summed_;
};

}  // namespace signalbox
