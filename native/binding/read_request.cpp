// Field by field, in the order of engine.h. Zero stands for "the engine decides" where it does so.
#include "binding/read_request.h"

#include "binding/values.h"

namespace signalbox::binding {
namespace {

/// PATH_MAX of Linux.
constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kSaltBytesMax = 4096;
/// Bytes a machine could hold; what it has, the engine finds out.
constexpr std::int64_t kBytesMax = std::int64_t{1} << 50;

WeightDtype readWeights(const std::string& name) {
  if (name == nameOf(WeightDtype::kBf16)) return WeightDtype::kBf16;
  if (name == nameOf(WeightDtype::kFp8)) return WeightDtype::kFp8;
  throw BadArgument("weights must be bf16 or fp8");
}

KvDtype readCache(const std::string& name) {
  for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8, KvDtype::kF32}) {
    if (name == nameOf(dtype)) return dtype;
  }
  throw BadArgument("cache must be bf16, fp8 or f32");
}

SamplingParams readSampling(const ObjectReader& from) {
  SamplingParams sampling;
  sampling.temperature = from.number("temperature");
  sampling.topK = from.count("topK");
  sampling.topP = from.number("topP");
  sampling.minP = from.number("minP");
  sampling.repetitionPenalty = from.number("repetitionPenalty");
  sampling.presencePenalty = from.number("presencePenalty");
  sampling.frequencyPenalty = from.number("frequencyPenalty");
  const std::vector<std::int32_t> biased = from.int32s("biasTokens");
  const std::vector<float> biases = from.floats("biases");
  if (biased.size() != biases.size()) throw BadArgument("biasTokens and biases differ in length");
  for (std::size_t i = 0; i < biased.size(); ++i) {
    sampling.logitBias.push_back({biased[i], biases[i]});
  }
  sampling.stopIds = from.int32s("stopIds");
  sampling.ignoreEos = from.flag("ignoreEos");
  sampling.minTokens = from.count("minTokens");
  sampling.maxTokens = from.count("maxTokens");
  sampling.seed = static_cast<std::uint64_t>(from.whole("seed", 0, kWholeMax));
  sampling.logprobs = static_cast<int>(from.whole("logprobs", -1, 20));
  return sampling;
}

}  // namespace

EngineOptions readOptions(napi_env env, napi_value value) {
  const ObjectReader from(env, value, "options");
  EngineOptions options;
  options.folder = from.text("folder", kPathBytesMax);
  options.device = from.text("device", kNameBytesMax);
  options.kernels = from.text("kernels", kPathBytesMax);
  options.isa = from.text("isa", kNameBytesMax);
  options.weights = readWeights(from.text("weights", kNameBytesMax));
  options.cache = readCache(from.text("cache", kNameBytesMax));
  options.ranks = from.count("ranks");
  options.threads = from.count("threads");
  options.pin = from.flag("pin");
  options.cacheBytes = static_cast<std::uint64_t>(from.whole("cacheBytes", 0, kBytesMax));
  options.stepTokens = from.count("stepTokens");
  options.sequencesMax = from.count("sequencesMax");
  options.waitingMax = from.count("waitingMax");
  options.contextMax = from.count("contextMax");
  options.prefixCache = from.flag("prefixCache");
  options.spillFolder = from.text("spillFolder", kPathBytesMax);
  options.spillBytes = static_cast<std::uint64_t>(from.whole("spillBytes", 0, kBytesMax));
  options.stallMillis = from.count("stallMs");
  return options;
}

Request readRequest(napi_env env, napi_value value) {
  const ObjectReader from(env, value, "request");
  Request request;
  request.id = static_cast<std::uint64_t>(from.whole("id", 1, kWholeMax));
  request.prompt = from.int32s("prompt");
  request.resume = from.int32s("resume");
  request.cacheSalt = from.text("cacheSalt", kSaltBytesMax);
  request.priority = static_cast<int>(from.whole("priority", INT32_MIN, INT32_MAX));
  request.masked = from.flag("masked");
  request.sampling = readSampling(from);
  return request;
}

}  // namespace signalbox::binding
