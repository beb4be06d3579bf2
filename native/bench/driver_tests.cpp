// The measurements below the engine, and how answers look.
#include "bench/driver_tests.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>

#include "comm/all_reduce.h"
#include "core/memory.h"
#include "kernels_cpu/kernels.h"

namespace signalbox {

namespace {

using Clock = std::chrono::steady_clock;

double secondsSince(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

std::string decimal(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.9g", value);
  return text;
}

double medianOf(std::vector<double> values) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

/// Seconds of appending `tokens` tokens of one layer, every key-value head, once.
double appendSeconds(const Kernels& kernels, const ModelConfig& config, KvDtype dtype, int tokens,
                     const std::vector<float>& qkv, const std::vector<float>& angles) {
  const int padded = padTo(config.headDim, kTileK);
  const std::size_t headBytes = kernels.kvHeadBytes(config.headDim, dtype);
  const int blocks = (tokens + kBlockTokens - 1) / kBlockTokens;
  HugeBuffer pool(headBytes * static_cast<std::size_t>(config.kvHeads * blocks), "the cache");
  HugeBuffer queries(kernels.queryBytes(tokens, config.heads, padded), "queries");
  RopeAppendParams params{};
  params.qkv = qkv.data();
  params.stride = static_cast<std::size_t>((config.heads + 2 * config.kvHeads) * config.headDim);
  params.heads = config.heads;
  params.kvHeads = config.kvHeads;
  params.headDim = config.headDim;
  params.headDimPadded = padded;
  params.cosines = angles.data();
  params.sines = angles.data();
  params.normEps = config.normEps;
  params.queries = queries.bytes();
  params.cache = {pool.bytes(), headBytes * static_cast<std::size_t>(config.kvHeads),
                  headBytes * static_cast<std::size_t>(config.kvHeads), headBytes, dtype};
  std::vector<double> seconds;
  for (int round = 0; round < 9; ++round) {
    const Clock::time_point began = Clock::now();
    for (int block = 0; block < blocks; ++block) {
      const RowRun run{block * kBlockTokens, std::min(kBlockTokens, tokens - block * kBlockTokens),
                       block * kBlockTokens, block};
      for (int head = 0; head < config.kvHeads; ++head) kernels.ropeAppend(params, run, head);
    }
    seconds.push_back(secondsSince(began));
  }
  return medianOf(seconds);
}

}  // namespace

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += raw;
    } else if (c < 0x20) {
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
      out += escape;
    } else {
      out += raw;
    }
  }
  return out + "\"";
}

std::string timed(const std::vector<double>& seconds, int tokens) {
  std::string list;
  // Appended in two calls: GCC 12 warns of `"," + string`, wrongly.
  for (const double one : seconds) list.append(list.empty() ? "" : ",").append(decimal(one));
  const double median = medianOf(seconds);
  return "\"steps\":" + std::to_string(seconds.size()) + ",\"seconds\":[" + list +
         "],\"stepSeconds\":" + decimal(median) +
         ",\"tokensPerSecond\":" + decimal(median > 0 ? tokens / median : 0);
}

std::string quantiseCost(const ModelSummary& summary, int tokens) {
  const ModelConfig& config = summary.config;
  const Kernels* kernels = kernelsNamed(summary.facts.isa.c_str());
  SIGNALBOX_CHECK(kernels != nullptr, summary.facts.isa);
  kernels->enter();
  const std::size_t width =
      static_cast<std::size_t>((config.heads + 2 * config.kvHeads) * config.headDim);
  std::vector<float> qkv(width * static_cast<std::size_t>(tokens));
  for (std::size_t i = 0; i < qkv.size(); ++i) {
    qkv[i] = std::sin(static_cast<float>(i % 7919) * 0.37f) * 3;
  }
  const std::vector<float> angles(static_cast<std::size_t>(tokens * config.headDim / 2), 0.7f);
  const double layers = config.layers;
  const double bf16 =
      layers * appendSeconds(*kernels, config, KvDtype::kBf16, tokens, qkv, angles);
  const double fp8 = layers * appendSeconds(*kernels, config, KvDtype::kFp8, tokens, qkv, angles);
  const double token =
      layers * (appendSeconds(*kernels, config, KvDtype::kFp8, 1, qkv, angles) -
                appendSeconds(*kernels, config, KvDtype::kBf16, 1, qkv, angles));
  kernels->leave();
  return "{\"test\":\"fp8\",\"tokens\":" + std::to_string(tokens) + ",\"bf16Seconds\":" +
         decimal(bf16) + ",\"fp8Seconds\":" + decimal(fp8) + ",\"tokenSeconds\":" +
         decimal(std::max(0.0, token)) + "," + timed({std::max(0.0, fp8 - bf16)}, tokens) + "}";
}

std::string allReduceCost(int bytes, int ranks, int steps) {
  constexpr int kWidth = 2048;
  const int rows = std::max(1, bytes / static_cast<int>(kWidth * sizeof(float)));
  const Kernels* kernels = kernelsNamed("");
  const std::size_t floats = static_cast<std::size_t>(rows) * kWidth;
  HugeBuffer memory(floats * sizeof(float) * static_cast<std::size_t>(ranks), "residuals");
  std::vector<float*> residuals;
  for (int rank = 0; rank < ranks; ++rank) {
    residuals.push_back(memory.as<float>() + static_cast<std::size_t>(rank) * floats);
  }
  AllReduce exchange(*kernels, residuals, rows, kWidth);
  TeamOptions options;
  options.ranks = ranks;
  options.threads = ranks;
  TeamGroup group(*kernels, options);
  std::vector<double> seconds;
  for (int step = 0; step < steps + 2; ++step) {
    for (int rank = 0; rank < ranks; ++rank) {
      float* share = exchange.share(rank, 1);
      for (std::size_t i = 0; i < floats; ++i) share[i] = static_cast<float>(rank + step);
    }
    exchange.begin();
    const Clock::time_point began = Clock::now();
    group.run(static_cast<std::uint64_t>(step), 4,
              [&](TeamMember& member) { exchange.add(member, 1, rows, nullptr); });
    if (step >= 2) seconds.push_back(secondsSince(began));
  }
  return "{\"test\":\"allreduce\",\"bytes\":" + std::to_string(bytes) + ",\"ranks\":" +
         std::to_string(ranks) + "," + timed(seconds, 1) + "}";
}

}  // namespace signalbox
