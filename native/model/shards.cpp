// Cutting a model among ranks, and the reasons why it cannot be cut.
#include "model/shards.h"

#include <array>

#include "core/error.h"
#include "kernels_cpu/kernels.h"

namespace signalbox {

namespace {

/// The all-reduce sums a tree of these.
constexpr std::array<int, 3> kRankCounts = {1, 2, 4};

int segmentsOf(int k) {
  const int tiles = padTo(k, kTileK) / kTileK;
  return tiles % 4 == 0 ? 4 : tiles % 2 == 0 ? 2 : 1;
}

/// Why `ranks` cannot share the model; empty when they can.
std::string whyNot(const ModelConfig& config, int ranks) {
  const std::string count = std::to_string(ranks);
  if (ranks == 1) return "";
  if (ranks != 2 && ranks != 4) return "the sum over ranks is a tree of 2 or 4";
  if (config.heads % ranks != 0) {
    return std::to_string(config.heads) + " heads do not divide by " + count;
  }
  if (config.kvHeads % ranks != 0 && ranks % config.kvHeads != 0) {
    return std::to_string(config.kvHeads) + " key-value heads neither divide by " + count +
           " nor divide it";
  }
  const int attention = config.heads * config.headDim;
  if (attention % kTileK != 0 || segmentsOf(attention) % ranks != 0) {
    return "attention's output of " + std::to_string(attention) + " columns is summed in " +
           std::to_string(segmentsOf(attention)) + " segments, of which each rank needs whole ones";
  }
  if (segmentsOf(config.intermediate) % ranks != 0) {
    return "the intermediate size " + std::to_string(config.intermediate) + " is summed in " +
           std::to_string(segmentsOf(config.intermediate)) +
           " segments, of which each rank needs whole ones";
  }
  return "";
}

}  // namespace

int Shards::firstPanel(int rank) const {
  return static_cast<int>(static_cast<long>(vocabPanels) * rank / ranks);
}

int Shards::ownerOf(TokenId token) const {
  int rank = 0;
  while (firstPanel(rank + 1) <= token / kPanel) ++rank;
  return rank;
}

int Shards::firstKvHead(int rank, const ModelConfig& config) const {
  return rank / kvReplicas * (config.kvHeads * kvReplicas / ranks);
}

std::vector<int> ranksThatFit(const ModelConfig& config) {
  std::vector<int> fit;
  for (const int ranks : kRankCounts) {
    if (whyNot(config, ranks).empty()) fit.push_back(ranks);
  }
  return fit;
}

Shards shardsOf(const ModelConfig& config, int ranks) {
  if (const std::string reason = whyNot(config, ranks); ranks < 1 || !reason.empty()) {
    std::string counts;
    for (const int fit : ranksThatFit(config)) {
      counts += (counts.empty() ? "" : ", ") + std::to_string(fit);
    }
    throw EngineError(ErrorCode::kUnsupportedModel,
                      std::to_string(ranks) + " ranks cannot share this model: " + reason +
                          "; what can: " + counts);
  }
  Shards shards{};
  shards.ranks = ranks;
  shards.heads = config.heads / ranks;
  shards.kvReplicas = ranks > config.kvHeads ? ranks / config.kvHeads : 1;
  shards.kvHeads = config.kvHeads * shards.kvReplicas / ranks;
  shards.qkvOutputs = (shards.heads + 2 * shards.kvHeads) * config.headDim;
  shards.attentionK = padTo(shards.heads * config.headDim, kTileK);
  shards.outputSegments = segmentsOf(config.heads * config.headDim) / ranks;
  shards.intermediate = padTo(config.intermediate, kTileK) / ranks;
  shards.downSegments = segmentsOf(config.intermediate) / ranks;
  shards.vocabPanels = padTo(config.vocab, kPanel) / kPanel;
  return shards;
}

}  // namespace signalbox
