// Which requests and masks are taken in, and how the others are refused.
#include <functional>
#include <limits>

#include "batch_world.h"

namespace signalbox {
namespace {

using test::FakeModel;
using test::optionsOf;
using test::requestOf;
using test::World;

TEST("a request that can never fit is refused with both numbers") {
  const AcceptanceLimits limits{97, 200, 5, {3}};
  const auto acceptSizes = [&](int prompt, int maxTokens) {
    return accept(
        requestOf(1, std::vector<TokenId>(static_cast<std::size_t>(prompt), 5), maxTokens), limits);
  };
  CHECK_THROWS(acceptSizes(150, 51), ErrorCode::kNeverFits,
               "150 + 51 = 201 tokens: the context holds 200");
  CHECK_THROWS(acceptSizes(150, 12), ErrorCode::kNeverFits,
               "need 6 blocks of 32 tokens, the cache has 5");
  CHECK_THROWS(acceptSizes(3, 2147483647), ErrorCode::kNeverFits, "2147483650");
  CHECK(acceptSizes(150, 11)->promptTokens == 150);
  // And what just fits runs to its end, alone in the cache.
  const FakeModel model{.contextMax = 200, .blocks = 5};
  World world(model, optionsOf(64, 4));
  Request request = requestOf(1, std::vector<TokenId>(150, 5), 11);
  request.sampling.ignoreEos = true;
  world.submit(request);
  world.finish();
  world.checkOutputs();
  CHECK(world.tracks.at(1).tokens.size() == 11);
}

TEST("a request that is wrong is refused naming the field") {
  const AcceptanceLimits limits{97, 500, 50, {3}};
  const auto refused = [&](const char* field, const std::function<void(Request&)>& spoil) {
    Request request = requestOf(1, {5, 6}, 10);
    spoil(request);
    CHECK_THROWS(accept(std::move(request), limits), ErrorCode::kInvalidRequest, field);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  refused("prompt is empty", [](Request& r) { r.prompt.clear(); });
  refused("prompt[1] is 97", [](Request& r) { r.prompt[1] = 97; });
  refused("prompt[0] is -1", [](Request& r) { r.prompt[0] = -1; });
  refused("resume[0]", [](Request& r) { r.resume = {97}; });
  refused("resume has 11", [](Request& r) { r.resume.assign(11, 5); });
  refused("cacheSalt", [](Request& r) { r.cacheSalt.assign(kSaltMax + 1, 'x'); });
  for (const float wrong : {-0.1f, 100.5f, nan, infinity}) {
    refused("temperature", [&](Request& r) { r.sampling.temperature = wrong; });
  }
  refused("topK", [](Request& r) { r.sampling.topK = -1; });
  for (const float wrong : {0.0f, 1.1f, -1.0f, nan}) {
    refused("topP", [&](Request& r) { r.sampling.topP = wrong; });
  }
  for (const float wrong : {1.1f, -1.0f, nan}) {
    refused("minP", [&](Request& r) { r.sampling.minP = wrong; });
  }
  for (const float wrong : {0.0f, -1.0f, nan, infinity}) {
    refused("repetitionPenalty", [&](Request& r) { r.sampling.repetitionPenalty = wrong; });
  }
  for (const float wrong : {2.1f, -2.1f, nan}) {
    refused("presencePenalty", [&](Request& r) { r.sampling.presencePenalty = wrong; });
    refused("frequencyPenalty", [&](Request& r) { r.sampling.frequencyPenalty = wrong; });
  }
  refused("logitBias[0] is 97", [](Request& r) { r.sampling.logitBias = {{97, 1}}; });
  refused("logitBias of token 5", [&](Request& r) { r.sampling.logitBias = {{5, nan}}; });
  refused("logitBias has", [](Request& r) { r.sampling.logitBias.assign(98, {5, 1}); });
  refused("stopIds[0]", [](Request& r) { r.sampling.stopIds = {-2}; });
  refused("stopIds has", [](Request& r) { r.sampling.stopIds.assign(98, 5); });
  refused("maxTokens", [](Request& r) { r.sampling.maxTokens = 0; });
  refused("minTokens", [](Request& r) { r.sampling.minTokens = 11; });
  refused("minTokens", [](Request& r) { r.sampling.minTokens = -1; });
  refused("logprobs", [](Request& r) { r.sampling.logprobs = 21; });
  refused("logprobs", [](Request& r) { r.sampling.logprobs = -2; });
  checkMask(std::vector<std::uint32_t>{0, 0, 0, 1}, 97);
  CHECK_THROWS(checkMask(std::vector<std::uint32_t>{1, 1, 1}, 97), ErrorCode::kInvalidRequest,
               "3 words, not 4");
  CHECK_THROWS(checkMask(std::vector<std::uint32_t>(4), 97), ErrorCode::kInvalidRequest,
               "no token");
  CHECK_THROWS(checkMask(std::vector<std::uint32_t>{0, 0, 0, 2}, 97), ErrorCode::kInvalidRequest,
               "no token");
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
