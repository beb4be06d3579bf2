// Checks of a request, and the sequence it becomes.
#include "batch/acceptance.h"

#include <algorithm>
#include <cmath>

#include "kv/chain_hash.h"

namespace signalbox {
namespace {

[[noreturn]] void refuse(const std::string& why) {
  throw EngineError(ErrorCode::kInvalidRequest, why);
}

void checkTokens(std::span<const TokenId> tokens, const char* field, int vocab) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i] < 0 || tokens[i] >= vocab) {
      refuse(std::string(field) + "[" + std::to_string(i) + "] is " + std::to_string(tokens[i]) +
             ": token ids are 0 to " + std::to_string(vocab - 1));
    }
  }
}

/// `value` is a number in [low, high].
void checkRange(double value, double low, double high, const char* field) {
  if (value >= low && value <= high) return;  // NaN is nowhere.
  char range[64];
  std::snprintf(range, sizeof range, " is %g, not in [%g, %g]", value, low, high);
  refuse(field + std::string(range));
}

void checkSampling(const SamplingParams& sampling, int vocab) {
  checkRange(sampling.temperature, 0, 100, "temperature");
  if (sampling.topK < 0) refuse("topK is " + std::to_string(sampling.topK) + ", below 0");
  checkRange(sampling.topP, 0, 1, "topP");
  if (sampling.topP == 0) refuse("topP is 0: it would keep nothing");
  checkRange(sampling.minP, 0, 1, "minP");
  if (!(sampling.repetitionPenalty > 0) || std::isinf(sampling.repetitionPenalty)) {
    refuse("repetitionPenalty must be a number above 0");
  }
  checkRange(sampling.presencePenalty, -2, 2, "presencePenalty");
  checkRange(sampling.frequencyPenalty, -2, 2, "frequencyPenalty");
  if (sampling.logitBias.size() > static_cast<std::size_t>(vocab)) {
    refuse("logitBias has more entries than there are tokens");
  }
  for (const LogitBias& bias : sampling.logitBias) {
    checkTokens({&bias.token, 1}, "logitBias", vocab);
    if (!std::isfinite(bias.bias)) {
      refuse("logitBias of token " + std::to_string(bias.token) + " is not a finite number");
    }
  }
  if (sampling.stopIds.size() > static_cast<std::size_t>(vocab)) {
    refuse("stopIds has more entries than there are tokens");
  }
  checkTokens(sampling.stopIds, "stopIds", vocab);
  if (sampling.maxTokens < 1) {
    refuse("maxTokens is " + std::to_string(sampling.maxTokens) + ", below 1");
  }
  checkRange(sampling.minTokens, 0, sampling.maxTokens, "minTokens");
  checkRange(sampling.logprobs, -1, kLogprobsMax, "logprobs");
}

/// What the request can grow to must fit the context, and the cache when nothing else is in it.
void checkFits(const Request& request, const AcceptanceLimits& limits) {
  const std::int64_t prompt = static_cast<std::int64_t>(request.prompt.size());
  const std::int64_t tokens = prompt + request.sampling.maxTokens;
  const std::string needs = "prompt and maxTokens are " + std::to_string(prompt) + " + " +
                            std::to_string(request.sampling.maxTokens) + " = " +
                            std::to_string(tokens) + " tokens: ";
  if (tokens > limits.contextMax) {
    throw EngineError(ErrorCode::kNeverFits,
                      needs + "the context holds " + std::to_string(limits.contextMax));
  }
  // The last token drawn is never computed.
  const int blocks = blocksFor(static_cast<int>(tokens) - 1);
  if (blocks > limits.blocks) {
    throw EngineError(ErrorCode::kNeverFits,
                      needs + "they need " + std::to_string(blocks) + " blocks of " +
                          std::to_string(kBlockTokens) + " tokens, the cache has " +
                          std::to_string(limits.blocks));
  }
}

}  // namespace

std::unique_ptr<Sequence> accept(Request&& request, const AcceptanceLimits& limits) {
  if (request.prompt.empty()) refuse("prompt is empty");
  checkTokens(request.prompt, "prompt", limits.vocab);
  checkTokens(request.resume, "resume", limits.vocab);
  if (request.cacheSalt.size() > kSaltMax) {
    refuse("cacheSalt has " + std::to_string(request.cacheSalt.size()) + " bytes, more than " +
           std::to_string(kSaltMax));
  }
  checkSampling(request.sampling, limits.vocab);
  if (request.resume.size() > static_cast<std::size_t>(request.sampling.maxTokens)) {
    refuse("resume has " + std::to_string(request.resume.size()) + " tokens, more than maxTokens " +
           std::to_string(request.sampling.maxTokens));
  }
  checkFits(request, limits);
  auto sequence = std::make_unique<Sequence>();
  sequence->id = request.id;
  sequence->priority = request.priority;
  sequence->masked = request.masked;
  sequence->salt = std::move(request.cacheSalt);
  sequence->promptTokens = static_cast<int>(request.prompt.size());
  sequence->tokens = std::move(request.prompt);
  if (penalises(request.sampling)) {
    for (const TokenId token : sequence->tokens) sequence->counts.addPrompt(token);
    for (const TokenId token : request.resume) sequence->counts.addOutput(token);
  }
  sequence->tokens.insert(sequence->tokens.end(), request.resume.begin(), request.resume.end());
  extendChain(sequence->hashes, sequence->tokens, sequence->salt);
  sequence->stopping = request.sampling.stopIds;
  if (!request.sampling.ignoreEos) {
    // A configuration may name ids that the vocabulary does not have.
    std::copy_if(limits.eosIds.begin(), limits.eosIds.end(),
                 std::back_inserter(sequence->stopping),
                 [&](TokenId token) { return token >= 0 && token < limits.vocab; });
  }
  sequence->sampling = std::move(request.sampling);
  return sequence;
}

void checkMask(std::span<const std::uint32_t> mask, int vocab) {
  const std::size_t words = static_cast<std::size_t>(vocab + 31) / 32;
  if (mask.size() != words) {
    refuse("the mask has " + std::to_string(mask.size()) + " words, not " + std::to_string(words) +
           ": one bit for each of " + std::to_string(vocab) + " tokens");
  }
  const std::uint32_t beyond = vocab % 32 == 0 ? 0 : ~0u << (vocab % 32);
  const bool some = std::any_of(mask.begin(), mask.end() - 1, [](auto word) { return word != 0; });
  if (!some && (mask.back() & ~beyond) == 0) refuse("the mask allows no token");
}

FinishReason finishOf(const Sequence& sequence) {
  const int output = sequence.outputTokens();
  if (output == 0) return FinishReason::kNone;
  const auto& stopping = sequence.stopping;
  // Also before minTokens: then a mask allowed nothing else.
  if (std::find(stopping.begin(), stopping.end(), sequence.tokens.back()) != stopping.end()) {
    return FinishReason::kStop;
  }
  return output >= sequence.sampling.maxTokens ? FinishReason::kLength : FinishReason::kNone;
}

}  // namespace signalbox
