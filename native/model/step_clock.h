// Where the time of steps goes, by operation. On when SIGNALBOX_PROFILE is set; printed to standard
// error when the runner goes. Measured on the first thread of the first rank, waiting included.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace signalbox {

enum class OpKind {
  kEmbed,
  kRotations,
  kNorm,
  kQkv,
  kRope,
  kAttention,
  kOutput,
  kGateUp,
  kDown,
  kAllReduce,
  kHead,
};

inline constexpr std::array<const char*, 11> kOpNames = {
    "embed",  "rotations", "norm", "qkv",        "rope + append", "attention",
    "output", "gate + up", "down", "all-reduce", "head"};

class StepClock {
 public:
  StepClock() : on_(std::getenv("SIGNALBOX_PROFILE") != nullptr) {}
  ~StepClock() {
    if (!on_ || steps_ == 0) return;
    for (std::size_t i = 0; i < kOpNames.size(); ++i) {
      std::fprintf(stderr, "%-14s %9.3f ms a step\n", kOpNames[i],
                   seconds_[i] * 1e3 / static_cast<double>(steps_));
    }
    std::fprintf(stderr, "%-14s %9.3f ms a step, %llu steps\n", "outside",
                 (total_ - inside()) * 1e3 / static_cast<double>(steps_),
                 static_cast<unsigned long long>(steps_));
  }
  StepClock(const StepClock&) = delete;
  StepClock& operator=(const StepClock&) = delete;

  bool on() const { return on_; }
  void add(OpKind kind, double seconds) { seconds_[static_cast<std::size_t>(kind)] += seconds; }
  void addStep(double seconds) {
    total_ += seconds;
    ++steps_;
  }

 private:
  double inside() const {
    double sum = 0;
    for (const double seconds : seconds_) sum += seconds;
    return sum;
  }

  const bool on_;
  std::array<double, kOpNames.size()> seconds_{};
  double total_ = 0;
  std::uint64_t steps_ = 0;
};

/// Adds the time from here to the end of the scope, where `clock` is not null.
class Timed {
 public:
  Timed(StepClock* clock, OpKind kind) : clock_(clock), kind_(kind) {
    if (clock_ != nullptr) began_ = std::chrono::steady_clock::now();
  }
  ~Timed() {
    if (clock_ == nullptr) return;
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began_;
    clock_->add(kind_, passed.count());
  }
  Timed(const Timed&) = delete;
  Timed& operator=(const Timed&) = delete;

 private:
  StepClock* const clock_;
  const OpKind kind_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace signalbox
