// Sums over ranks: the tree's bits on every rank, by one shot and by two, in any order of arrival,
// and in a model that is loaded and run by them.
#include "comm/all_reduce.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstdio>

#include "test/check.h"
#include "test/decoding.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

TeamOptions teamOf(int ranks, int threads, int stallMillis = 20000) {
  TeamOptions options;
  options.ranks = ranks;
  options.threads = threads;
  options.pin = false;
  options.shrink = false;
  options.stallMillis = stallMillis;
  return options;
}

/// What rank `rank` brings to exchange `number`: any float, the same whenever it is asked for.
float shareOf(std::uint64_t seed, int rank, std::uint32_t number, std::size_t index) {
  Random random(seed ^ (static_cast<std::uint64_t>(rank) << 56) ^
                (static_cast<std::uint64_t>(number) << 40) ^ index);
  random.next();
  const float mantissa = static_cast<float>(random.uniform() - 0.5);
  return std::ldexp(mantissa, random.between(-12, 12));
}

float treeOf(std::uint64_t seed, int ranks, std::uint32_t number, std::size_t index) {
  const auto share = [&](int rank) { return shareOf(seed, rank, number, index); };
  if (ranks == 1) return share(0);
  if (ranks == 2) return share(0) + share(1);
  return (share(0) + share(1)) + (share(2) + share(3));
}

/// Ranks that add several exchanges of random sizes to their residuals, and the residual that a
/// single thread computes.
class Trial {
 public:
  Trial(int ranks, int threads, int rowsMax, int width, std::size_t oneShotBytesMax)
      : ranks_(ranks),
        width_(width),
        size_(static_cast<std::size_t>(rowsMax) * static_cast<std::size_t>(width)),
        group_(*kernelsNamed(""), teamOf(ranks, threads)),
        residuals_(static_cast<std::size_t>(ranks), std::vector<float>(size_)),
        expected_(size_),
        bias_(static_cast<std::size_t>(width)),
        reduce_(*kernelsNamed(""), pointers(), rowsMax, width, oneShotBytesMax) {
    for (std::size_t i = 0; i < bias_.size(); ++i) bias_[i] = static_cast<float>(i) * 0.37f;
  }

  /// One step whose exchanges have these numbers of rows. `jitter` makes ranks come at odd times.
  void step(const std::vector<int>& rows, std::uint64_t seed, bool jitter) {
    reduce_.begin();
    group_.run(++step_, 4 * static_cast<int>(rows.size()) + 4, [&](TeamMember& member) {
      Random delays(seed + static_cast<std::uint64_t>(member.rank() * 8 + member.thread()));
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::uint32_t number = static_cast<std::uint32_t>(i) + 1;
        if (jitter) spin(delays.below(3) == 0 ? delays.below(20000) : 0);
        float* const share = reduce_.share(member.rank(), number);
        member.forEach(rows[i], "share", [&](int row) {
          for (int column = 0; column < width_; ++column) {
            const std::size_t at = index(row, column);
            share[at] = shareOf(seed, member.rank(), number, at);
          }
        });
        reduce_.add(member, number, rows[i], i % 2 == 0 ? bias_.data() : nullptr);
      }
    });
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::uint32_t number = static_cast<std::uint32_t>(i) + 1;
      for (int row = 0; row < rows[i]; ++row) {
        for (int column = 0; column < width_; ++column) {
          const std::size_t at = index(row, column);
          const float sum = treeOf(seed, ranks_, number, at);
          expected_[at] =
              expected_[at] + (i % 2 == 0 ? sum + bias_[static_cast<std::size_t>(column)] : sum);
        }
      }
    }
    for (int rank = 0; rank < ranks_; ++rank) {
      const std::vector<float>& residual = residuals_[static_cast<std::size_t>(rank)];
      for (std::size_t at = 0; at < size_; ++at) {
        CHECK_SAY(std::bit_cast<std::uint32_t>(residual[at]) ==
                      std::bit_cast<std::uint32_t>(expected_[at]),
                  "step " << step_ << " rank " << rank << " at " << at << ": " << residual[at]
                          << " for " << expected_[at]);
      }
    }
  }

 private:
  std::vector<float*> pointers() {
    std::vector<float*> all;
    for (std::vector<float>& residual : residuals_) all.push_back(residual.data());
    return all;
  }
  std::size_t index(int row, int column) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(width_) +
           static_cast<std::size_t>(column);
  }
  static void spin(int turns) {
    for (int i = 0; i < turns; ++i) asm volatile("");
  }

  const int ranks_;
  const int width_;
  const std::size_t size_;
  TeamGroup group_;
  std::vector<std::vector<float>> residuals_;
  std::vector<float> expected_;
  std::vector<float> bias_;
  AllReduce reduce_;
  std::uint64_t step_ = 0;
};

}  // namespace

TEST("every rank gets the tree's bits, by one shot and by two, whoever comes when") {
  Random random(testSeed());
  for (const int ranks : {1, 2, 4}) {
    for (const std::size_t oneShotBytesMax : {std::size_t{0}, std::size_t{1} << 30}) {
      Trial trial(ranks, ranks + random.below(3), 9, 48 + 16 * random.below(200), oneShotBytesMax);
      for (int step = 0; step < 20; ++step) {
        std::vector<int> rows(static_cast<std::size_t>(random.between(1, 7)));
        for (int& count : rows) count = random.between(1, 9);
        trial.step(rows, random.next(), step % 2 == 1);
      }
    }
  }
}

TEST("a sum whose size decides between one shot and two has the same bits") {
  Random random(testSeed());
  // 8 KB a row: 63 are the last that go by one shot.
  Trial trial(4, 4, 80, 2048 + 16, AllReduce::oneShotBytesMaxOf(4));
  trial.step({1, 80, 2, 64, 63, 62}, random.next(), false);
}

TEST("8 MB across 4 ranks") {
  constexpr int kRows = 1024;
  constexpr int kWidth = 2048;
  for (const std::size_t oneShotBytesMax : {std::size_t{0}, std::size_t{1} << 30}) {
    const std::size_t size = std::size_t{kRows} * kWidth;
    std::vector<std::vector<float>> residuals(4, std::vector<float>(size, 1.0f));
    TeamGroup group(*kernelsNamed(""), teamOf(4, 4));
    AllReduce reduce(*kernelsNamed(""),
                     {residuals[0].data(), residuals[1].data(), residuals[2].data(),
                      residuals[3].data()},
                     kRows, kWidth, oneShotBytesMax);
    std::vector<double> seconds;
    for (std::uint64_t step = 1; step <= 5; ++step) {
      reduce.begin();
      group.run(step, 8, [&](TeamMember& member) {
        float* const share = reduce.share(member.rank(), 1);
        member.forEach(kRows, "share", [&](int row) {
          for (int i = 0; i < kWidth; ++i) {
            share[row * kWidth + i] = static_cast<float>(member.rank() + i);
          }
        });
        reduce.meet(member, 1);
      });
      const auto began = std::chrono::steady_clock::now();
      group.run(step, 8, [&](TeamMember& member) { reduce.add(member, 1, kRows, nullptr); });
      seconds.push_back(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
    std::sort(seconds.begin(), seconds.end());
    std::printf("      %s: %.2f ms\n", oneShotBytesMax == 0 ? "two shots" : "one shot",
                seconds[2] * 1e3);
    for (const std::vector<float>& residual : residuals) {
      for (std::size_t i = 0; i < size; ++i) {
        CHECK(residual[i] == 1.0f + 5 * (6.0f + 4 * static_cast<float>(i % kWidth)));
      }
    }
  }
}

TEST("a model loaded by four threads and run on two ranks of two gives one thread's bits") {
  const auto decode = [](int ranks, int threads) {
    RunnerOptions options;
    options.folder = (modelsFolder() / "random" / "llama-ranks").string();
    options.isa = "scalar";  // The thread sanitizer sees what this path reads and writes.
    if (kernelsNamed("scalar") == nullptr) options.isa = "";
    options.ranks = ranks;
    options.threads = threads;
    options.pin = false;
    options.shrink = false;
    options.blocks = 4;
    options.rowsMax = 8;
    options.stallMillis = 60'000;
    Decoder decoder(options);
    Sequence sequence;
    std::vector<float> all = decoder.prefill(sequence, std::vector<TokenId>{3, 1, 4, 1, 5});
    for (const TokenId token : {9, 2}) {
      const std::vector<float> row = decoder.prefill(sequence, std::span(&token, 1));
      all.insert(all.end(), row.begin(), row.end());
    }
    return all;
  };
  CHECK(sameBits(decode(2, 4), decode(1, 1)));
}

TEST("a rank that does not come is named with its step within 2 s") {
  std::vector<std::vector<float>> residuals(4, std::vector<float>(64));
  TeamGroup group(*kernelsNamed(""), teamOf(4, 4, 800));
  AllReduce reduce(*kernelsNamed(""),
                   {residuals[0].data(), residuals[1].data(), residuals[2].data(),
                    residuals[3].data()},
                   1, 64);
  reduce.begin();
  const auto began = std::chrono::steady_clock::now();
  bool stalled = false;
  try {
    group.run(41, 8, [&](TeamMember& member) {
      while (member.rank() == 2) member.checkAbort();
      reduce.add(member, 1, 1, nullptr);
    });
  } catch (const StallError& error) {
    stalled = true;
    CHECK_SAY(error.rank == 2, error.rank);
    CHECK(error.step == 41);
    CHECK_SAY(std::string(error.what()).find("all-reduce") != std::string::npos, error.what());
  }
  CHECK(stalled);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
}

TEST_MAIN
