// Rows of logits after what their requests change about them, in place: the same bits as the CPU's
// LogitRow (sample/sampler.h, D1 to D4 and D6). Then drawTokens draws, told that they are adjusted.
//
//   J1. A row with a logit that is not finite becomes one that drawTokens refuses.
//   J2. Biases are added in the request's order: those of a token by one thread.
//
// Bound by memory: a row is read once (512 KB at a vocabulary of 128 Ki), once more where there is
// a mask, and where something is suppressed; lists are short.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels_cuda/device.h"
#include "sample/logit_change.h"
#include "sample/params.h"
#include "sample/token_counts.h"

namespace signalbox {

inline constexpr int kAdjustThreads = 512;

/// A run of a list that all rows share.
struct ListRun {
  int first = 0;
  int count = 0;
};

struct AdjustRequest {
  Penalties penalties;
  ListRun biases;
  ListRun counts;       // each token once; none where no penalty is on
  int allowed = -1;     // the first word of its mask; -1: all are allowed
  ListRun suppressed;   // not to be drawn yet, unless nothing else is left
};

/// A block per row, sizeof(AdjustShared) bytes of shared memory.
struct AdjustParams {
  float* logits;  // [rows][stride]
  std::size_t stride;
  int vocab;
  const AdjustRequest* requests;  // [rows]
  const LogitBias* biases;
  const TokenCounts::Entry* counts;
  const std::uint32_t* allowed;  // a bit per token, ceil(vocab / 32) words a mask
  const TokenId* suppressed;
  float* saved;  // one per entry of `suppressed`
};

struct AdjustShared {
  int broken;
  int left;  // threads that saw a token which is not excluded
};

namespace adjust {

/// D6: excluded, and put back where nothing else is left.
__device__ __forceinline__ void suppress(const AdjustParams& params, ListRun run,
                                         float* logits, AdjustShared& shared) {
  const auto eachOf = [&](const auto& act) {
    for (int i = device::threadIndex(); i < run.count; i += kAdjustThreads) {
      act(logits[params.suppressed[run.first + i]], params.saved[run.first + i]);
    }
  };
  // A token may be named twice: all are saved before one is excluded.
  eachOf([](const float& logit, float& saved) { saved = logit; });
  device::syncBlock();
  eachOf([](float& logit, const float&) { logit = kExcludedLogit; });
  device::syncBlock();
  bool left = false;
  for (int token = device::threadIndex(); token < params.vocab; token += kAdjustThreads) {
    left = left || logits[token] != kExcludedLogit;
  }
  if (left) device::addAtomic(&shared.left, 1);
  device::syncBlock();
  if (shared.left == 0) eachOf([](float& logit, const float& saved) { logit = saved; });
}

}  // namespace adjust

__global__ void __launch_bounds__(kAdjustThreads, 1) adjustLogits(AdjustParams params) {
  auto& shared = *reinterpret_cast<AdjustShared*>(device::sharedMemory());
  const auto row = static_cast<std::size_t>(device::blockX());
  const AdjustRequest request = params.requests[row];
  float* const logits = params.logits + row * params.stride;
  const int thread = device::threadIndex();
  if (thread == 0) shared.broken = shared.left = 0;
  device::syncBlock();
  bool broken = false;
  for (int token = thread; token < params.vocab; token += kAdjustThreads) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(logits[token]);
    broken = broken || (bits & 0x7f800000u) == 0x7f800000u;
    if ((bits & 0x7f800000u) == 0) logits[token] = 0;
  }
  if (broken) device::addAtomic(&shared.broken, 1);
  device::syncBlock();
  if (shared.broken != 0) {
    if (thread == 0) logits[0] = std::bit_cast<float>(0x7fc00000u);
    return;
  }
  for (int i = 0; i < request.biases.count; ++i) {
    const LogitBias bias = params.biases[request.biases.first + i];
    if (bias.token % kAdjustThreads != thread) continue;
    logits[bias.token] = settled(logits[bias.token] + flushed(bias.bias));
  }
  device::syncBlock();
  if (request.allowed >= 0) {
    const std::uint32_t* const words = params.allowed + request.allowed;
    for (int token = thread; token < params.vocab; token += kAdjustThreads) {
      if ((words[token / 32] >> token % 32 & 1u) == 0) logits[token] = kExcludedLogit;
    }
    device::syncBlock();
  }
  for (int i = thread; i < request.counts.count; i += kAdjustThreads) {
    const TokenCounts::Entry entry = params.counts[request.counts.first + i];
    logits[entry.token] = penalised(logits[entry.token], request.penalties, entry.inOutput);
  }
  if (request.suppressed.count == 0) return;
  device::syncBlock();
  adjust::suppress(params, request.suppressed, logits, shared);
}

}  // namespace signalbox
