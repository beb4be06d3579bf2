// Where one-shot sums over ranks stop being the faster ones: microseconds of both, by size.
//
//   all_reduce_main [RANKS...]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "comm/all_reduce.h"

using namespace signalbox;

namespace {

constexpr int kWidth = 2048;
constexpr int kRowsMax = 1024;
constexpr int kExchanges = 16;

/// Microseconds of one exchange of `rows` rows, the median of several steps of kExchanges each.
double microsOf(TeamGroup& group, AllReduce& reduce, int rows) {
  std::vector<double> micros;
  for (std::uint64_t step = 1; step <= 9; ++step) {
    reduce.begin();
    const auto began = std::chrono::steady_clock::now();
    group.run(step, 3 * kExchanges, [&](TeamMember& member) {
      for (std::uint32_t number = 1; number <= kExchanges; ++number) {
        reduce.add(member, number, rows, nullptr);
      }
    });
    const std::chrono::duration<double, std::micro> passed =
        std::chrono::steady_clock::now() - began;
    micros.push_back(passed.count() / kExchanges);
  }
  std::sort(micros.begin(), micros.end());
  return micros[micros.size() / 2];
}

void compare(int ranks) {
  const Kernels& kernels = *kernelsNamed("");
  std::vector<std::vector<float>> residuals(
      static_cast<std::size_t>(ranks), std::vector<float>(std::size_t{kRowsMax} * kWidth));
  std::vector<float*> pointers;
  for (std::vector<float>& residual : residuals) pointers.push_back(residual.data());
  TeamOptions options;
  options.ranks = ranks;
  options.threads = ranks;
  options.stallMillis = 20000;
  TeamGroup group(kernels, options);
  AllReduce one(kernels, pointers, kRowsMax, kWidth, std::size_t{1} << 40);
  AllReduce two(kernels, pointers, kRowsMax, kWidth, 0);
  for (int rows = 1; rows <= kRowsMax; rows *= 2) {
    const double oneShot = microsOf(group, one, rows);
    const double twoShot = microsOf(group, two, rows);
    std::printf("%d ranks, %5d KB: one shot %9.1f us, two shots %9.1f us: %.2f\n", ranks, rows * 8,
                oneShot, twoShot, twoShot / oneShot);
    std::fflush(stdout);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 1) compare(2);
  if (argc == 1) compare(4);
  for (int i = 1; i < argc; ++i) compare(std::atoi(argv[i]));
  return 0;
}
