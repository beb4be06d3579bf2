// Steps of a model without scheduler or sampler: milliseconds, and shares of what bounds them.
//
//   step_main FOLDER TEST... [isa=X threads=N ranks=N weights=fp8 cache=fp8 rounds=N]
//   TEST  tgB[@D]  one token of each of B sequences, D tokens deep (16)
//         ppN[@D]  N tokens of one prompt after D
//         load     the folder against reading its bytes
//
// SIGNALBOX_PROFILE=1 adds the time of each operation.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/memory.h"
#include "core/safetensors.h"
#include "model/cpu_runner.h"

using namespace signalbox;

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

/// Reads every file of the folder with `threads` threads, into memory of its own if `kept`, else
/// over and over into small buffers; the seconds it took.
double plainReadSeconds(const std::string& path, int threads, bool kept, std::uint64_t* bytes) {
  const std::unique_ptr<ModelFolder> folder = ModelFolder::open(path);
  *bytes = 0;
  const Clock::time_point began = Clock::now();
  for (const std::string& name : folder->files()) {
    const int file = ::open(name.c_str(), O_RDONLY);
    const off_t size = ::lseek(file, 0, SEEK_END);
    *bytes += static_cast<std::uint64_t>(size);
    constexpr off_t kPiece = 1 << 20;
    const off_t places = kept ? size + kPiece : threads * kPiece;
    const HugeBuffer memory(static_cast<std::size_t>(places), "what is read");
    std::vector<std::jthread> readers;
    for (int i = 0; i < threads; ++i) {
      readers.emplace_back([&, i] {
        for (off_t at = i * kPiece; at < size; at += threads * kPiece) {
          if (::pread(file, memory.bytes() + (kept ? at : i * kPiece), kPiece, at) < 0) {
            std::abort();
          }
        }
      });
    }
    readers.clear();
    ::close(file);
  }
  return secondsSince(began);
}

/// Tokens of several sequences, with blocks one after the other.
class Batch {
 public:
  Batch(int sequences, int depth, int tokens)
      : sequences_(sequences), position_(depth), perTable_((depth + tokens) / kBlockTokens + 1) {
    for (BlockId block = 0; block < sequences * perTable_; ++block) blocks_.push_back(block);
  }

  static int blocksFor(int sequences, int depth, int tokens) {
    return sequences * ((depth + tokens) / kBlockTokens + 1);
  }

  /// One step of `rows` tokens of each sequence; their first position goes on if `advance`.
  double run(ModelRunner& runner, int rows, bool advance) {
    std::vector<TokenId> tokens;
    std::vector<StepSequence> plan;
    std::vector<int> logitRows;
    for (int i = 0; i < sequences_; ++i) {
      plan.push_back({static_cast<int>(tokens.size()), rows, position_,
                      std::span(blocks_).subspan(static_cast<std::size_t>(i * perTable_),
                                                 static_cast<std::size_t>(perTable_))});
      for (int row = 0; row < rows; ++row) {
        seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
        tokens.push_back(static_cast<TokenId>((seed_ >> 33) %
                                              static_cast<std::uint64_t>(runner.config().vocab)));
      }
      logitRows.push_back(static_cast<int>(tokens.size()) - 1);
    }
    const Clock::time_point began = Clock::now();
    runner.run({++step_, tokens, plan, logitRows});
    const double seconds = secondsSince(began);
    if (advance) position_ += rows;
    return seconds;
  }

 private:
  const int sequences_;
  int position_;
  const int perTable_;
  std::vector<BlockId> blocks_;
  std::uint64_t seed_ = 7;
  static inline std::uint64_t step_ = 0;
};

struct Test {
  bool prefill;
  int count;
  int depth;
};

std::uint64_t weightBytes(const RunnerFacts& facts) {
  std::uint64_t bytes = 0;
  for (const RankBytes& rank : facts.bytes) bytes += rank.shardedWeights + rank.replicatedWeights;
  return bytes;
}

void runTest(ModelRunner& runner, const Test& test, int rounds) {
  const int sequences = test.prefill ? 1 : test.count;
  const int rows = test.prefill ? test.count : 1;
  std::vector<double> seconds;
  Batch batch(sequences, test.depth, test.prefill ? rows : rounds + 2);
  for (int round = 0; round < rounds + 2; ++round) {
    const double took = batch.run(runner, rows, !test.prefill);
    if (round >= 2) seconds.push_back(took);
  }
  std::sort(seconds.begin(), seconds.end());
  const double median = seconds[seconds.size() / 2];
  const int tokens = sequences * rows;
  std::printf("%s%d@%d: %.2f ms (best %.2f), %.1f tok/s, weights at %.1f GB/s\n",
              test.prefill ? "pp" : "tg", test.count, test.depth, median * 1e3, seconds[0] * 1e3,
              tokens / median, static_cast<double>(weightBytes(runner.facts())) / median / 1e9);
  std::fflush(stdout);
}

void loadTest(const RunnerOptions& options) {
  std::uint64_t bytes = 0;
  const int threads = std::max(2, options.threads);
  plainReadSeconds(options.folder, threads, false, &bytes);  // Into the page cache, if they fit.
  for (int round = 0; round < 3; ++round) {
    const double plain = plainReadSeconds(options.folder, threads, false, &bytes);
    const double kept = plainReadSeconds(options.folder, threads, true, &bytes);
    double weights = 0;
    const Clock::time_point began = Clock::now();
    loadCpuRunner(options, [&](const char* phase, std::uint64_t done, std::uint64_t total) {
      if (std::strcmp(phase, "weights") == 0 && done == total) weights = secondsSince(began);
    });
    std::printf("load: %.2f s; reading %.2f GB: into memory of its own %.2f s (%.2fx), over and "
                "over into the same %.2f s (%.2fx)\n",
                weights, static_cast<double>(bytes) / 1e9, kept, weights / kept, plain,
                weights / plain);
  }
}

}  // namespace

int main(int argc, char** argv) {
  RunnerOptions options;
  std::vector<Test> tests;
  bool load = false;
  int rounds = 15;
  options.blocks = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const std::size_t equals = word.find('=');
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    if (i == 1) options.folder = word;
    else if (word.starts_with("isa=")) options.isa = value;
    else if (word.starts_with("threads=")) options.threads = std::stoi(value);
    else if (word.starts_with("ranks=")) options.ranks = std::stoi(value);
    else if (word.starts_with("rounds=")) rounds = std::stoi(value);
    else if (word == "weights=fp8") options.weights = WeightDtype::kFp8;
    else if (word == "cache=fp8") options.cache = KvDtype::kFp8;
    else if (word == "load") load = true;
    else if (word.starts_with("tg") || word.starts_with("pp")) {
      const std::size_t at = word.find('@');
      tests.push_back({word[0] == 'p', std::stoi(word.substr(2)),
                       at == std::string::npos ? (word[0] == 'p' ? 0 : 16)
                                               : std::stoi(word.substr(at + 1))});
    } else {
      std::fprintf(stderr, "what is %s?\n", word.c_str());
      return 2;
    }
  }
  try {
    if (load) loadTest(options);
    for (const Test& test : tests) {
      const int sequences = test.prefill ? 1 : test.count;
      options.blocks =
          Batch::blocksFor(sequences, test.depth, test.prefill ? test.count : rounds + 2);
      options.rowsMax = test.count;
      options.logitRowsMax = sequences;
      const std::unique_ptr<ModelRunner> runner = loadCpuRunner(options, nullptr);
      runTest(*runner, test, rounds);
    }
  } catch (const EngineError& error) {
    std::fprintf(stderr, "%s: %s\n", nameOf(error.code()), error.what());
    return 1;
  }
  return 0;
}
