// Models of random weights on a device: loading, decoding, prompts. One is loaded at a time.
// loadtest/gpu/README.md says what the requests mean.
#pragma once

#include <memory>

#include "bench/gpu_device.h"
#include "bench/protocol.h"
#include "model/cuda_runner.h"

namespace signalbox::bench {

class GpuModels {
 public:
  explicit GpuModels(Gpu& gpu) : gpu_(gpu) {}

  /// Loads the model of `config`, in place of the one before, with as many blocks of the cache as
  /// `sequences` of `context` tokens need, or as there is memory for; and fills the cache with what
  /// a prompt left.
  void load(const Json& request, Answer& answer);
  /// Steps of one token of each of `batch` sequences, `context` tokens deep, as the engine takes
  /// them: with the inputs' way to the device and the logits' way back.
  void decode(const Json& request, Answer& answer);
  /// `tokens` of one prompt in one step, from an empty cache until its last row's logits are here.
  void prefill(const Json& request, Answer& answer);

 private:
  void fillCache();
  double step(int sequences, int rows, int position);
  void needBlocks(int sequences, int tokens) const;
  ModelRunner& runner() const;

  Gpu& gpu_;
  std::unique_ptr<ModelRunner> runner_;
  std::string name_;
  int sequencesMax_ = 0;
  std::uint64_t step_ = 0;
  std::uint64_t seed_ = 7;
};

}  // namespace signalbox::bench
