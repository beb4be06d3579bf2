// Drives a ModelRunner in tests: sequences with shuffled blocks, steps of any composition.
#pragma once

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/cpu_runner.h"
#include "test/check.h"

namespace signalbox::test {

/// native/models, or what SIGNALBOX_MODELS says.
inline std::filesystem::path modelsFolder() {
  if (const char* given = std::getenv("SIGNALBOX_MODELS")) return given;
  return std::filesystem::path(__FILE__).parent_path().parent_path() / "models";
}

/// Folders of models with golden results, by name.
inline std::vector<std::filesystem::path> goldenModels() {
  std::vector<std::filesystem::path> folders;
  for (const std::filesystem::path& root : {modelsFolder(), modelsFolder() / "random"}) {
    if (!std::filesystem::exists(root)) continue;
    for (const auto& entry : std::filesystem::directory_iterator(root)) {
      if (std::filesystem::exists(entry.path() / "golden.json")) folders.push_back(entry.path());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

/// One sequence: what was computed of it, and its blocks.
struct Sequence {
  std::vector<BlockId> blocks;
  int position = 0;
};

/// The instruction paths of this machine of one class.
inline std::vector<std::string> pathsOf(Numerics numerics) {
  std::vector<std::string> names;
  for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
    if (kernelsNamed(*name)->numerics == numerics) names.push_back(*name);
  }
  return names;
}

/// Those that promise the same bits.
inline std::vector<std::string> portablePaths() { return pathsOf(Numerics::kPortable); }

/// Those whose bits are their own; the case is skipped where there is none.
inline std::vector<std::string> nativePaths() {
  std::vector<std::string> names = pathsOf(Numerics::kNative);
  if (names.empty()) {
    throw Skipped(std::string("needs a processor with AVX512_BF16; ") + whyNotHere("avx512_bf16"));
  }
  return names;
}

/// A runner with a trivial allocator: blocks are handed out in a shuffled order, never back.
class Decoder {
 public:
  explicit Decoder(const RunnerOptions& options, std::uint64_t seed = 1)
      : Decoder(loadCpuRunner(options, nullptr), seed) {}
  explicit Decoder(std::unique_ptr<ModelRunner> runner, std::uint64_t seed = 1)
      : runner_(std::move(runner)), random_(seed) {
    for (BlockId block = 0; block < runner_->facts().blocks; ++block) free_.push_back(block);
    for (std::size_t i = free_.size(); i > 1; --i) {
      std::swap(free_[i - 1], free_[static_cast<std::size_t>(random_.below(static_cast<int>(i)))]);
    }
  }

  ModelRunner& runner() { return *runner_; }

  /// Adds `tokens` of `sequence` to the step that is being put together. `wanted`: logits of how
  /// many of them, from the last.
  void add(Sequence& sequence, std::span<const TokenId> tokens, int wanted) {
    const int count = static_cast<int>(tokens.size());
    const int end = sequence.position + count;
    while (static_cast<int>(sequence.blocks.size()) * kBlockTokens < end) {
      if (free_.empty()) throw std::runtime_error("the test needs more blocks");
      sequence.blocks.push_back(free_.back());
      free_.pop_back();
    }
    const int row = static_cast<int>(tokens_.size());
    tokens_.insert(tokens_.end(), tokens.begin(), tokens.end());
    sequences_.push_back({row, count, sequence.position, sequence.blocks});
    for (int i = count - wanted; i < count; ++i) logitRows_.push_back(row + i);
    sequence.position = end;
  }

  /// Runs the step; the logits' rows [wanted][vocab], packed.
  std::vector<float> run() {
    const StepPlan plan{++step_, tokens_, sequences_, logitRows_};
    const Logits logits = runner_->run(plan);
    std::vector<float> rows(logitRows_.size() * static_cast<std::size_t>(logits.vocab));
    for (std::size_t i = 0; i < logitRows_.size(); ++i) {
      std::copy_n(logits.values + i * logits.stride, logits.vocab,
                  rows.data() + i * static_cast<std::size_t>(logits.vocab));
    }
    clear();
    return rows;
  }

  void clear() {
    tokens_.clear();
    sequences_.clear();
    logitRows_.clear();
  }

  /// Logits of every token, the prompt being one step (or as many as rowsMax makes of it).
  std::vector<float> prefill(Sequence& sequence, std::span<const TokenId> tokens) {
    std::vector<float> all;
    const int rowsMax = runner_->facts().rowsMax;
    for (std::size_t at = 0; at < tokens.size();) {
      const std::size_t count =
          std::min(tokens.size() - at, static_cast<std::size_t>(rowsMax));
      add(sequence, tokens.subspan(at, count), static_cast<int>(count));
      const std::vector<float> rows = run();
      all.insert(all.end(), rows.begin(), rows.end());
      at += count;
    }
    return all;
  }

  std::uint64_t step() const { return step_; }

 private:
  std::unique_ptr<ModelRunner> runner_;
  Random random_;
  std::vector<BlockId> free_;
  std::vector<TokenId> tokens_;
  std::vector<StepSequence> sequences_;
  std::vector<int> logitRows_;
  std::uint64_t step_ = 0;
};

inline int largest(const float* row, int count) {
  return static_cast<int>(std::max_element(row, row + count) - row);
}

inline bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace signalbox::test
