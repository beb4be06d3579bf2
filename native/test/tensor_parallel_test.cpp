// Ranks: the same bits at 1, 2 and 4, each holding its share and no more, each of them needed, and
// the one that stands still named in time.
#include <chrono>
#include <cstdio>

#include "comm/all_reduce.h"
#include "model/cpu_ops.h"
#include "model/cpu_runner.h"
#include "model/llama.h"
#include "model/loader.h"
#include "test/check.h"
#include "test/decoding.h"
#include "test/model_bytes.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

std::filesystem::path randomModel(const char* name) { return modelsFolder() / "random" / name; }

/// The committed models, and two whose key-value heads are fewer than 4 ranks. One has fewer panels
/// of vocabulary too.
class Models {
 public:
  Models() : folders_(goldenModels()) {
    for (const int kvHeads : {1, 2}) {
      made_.push_back(std::make_unique<TempFolder>());
      ModelBytes(Shape{.intermediate = 128, .heads = 8, .kvHeads = kvHeads,
                       .vocab = kvHeads == 1 ? 20 : 75, .tied = kvHeads == 1,
                       .bias = kvHeads == 2})
          .write(*made_.back());
      folders_.push_back(made_.back()->path());
    }
  }
  const std::vector<std::filesystem::path>& folders() const { return folders_; }

 private:
  std::vector<std::unique_ptr<TempFolder>> made_;
  std::vector<std::filesystem::path> folders_;
};

std::string nameOf(const std::filesystem::path& folder) {
  const bool made = folder.filename().string().starts_with("signalbox-test-");
  return made ? "(made here)" : folder.filename().string();
}

RunnerOptions optionsOf(const std::filesystem::path& folder, int ranks, int threads) {
  RunnerOptions options;
  options.folder = folder.string();
  options.ranks = ranks;
  options.threads = threads;
  options.blocks = 64;
  options.rowsMax = 160;
  options.stallMillis = 20000;
  return options;
}

std::vector<TokenId> randomTokens(Random& random, int count, int vocab) {
  std::vector<TokenId> tokens(static_cast<std::size_t>(count));
  for (TokenId& token : tokens) token = random.below(vocab);
  return tokens;
}

/// Two sequences side by side: prompts in uneven pieces, then token by token. Logits of every row.
std::vector<float> decodeSome(Decoder& decoder, std::uint64_t seed) {
  Random random(seed);
  const int vocab = decoder.runner().config().vocab;
  std::vector<float> all;
  const auto run = [&] {
    const std::vector<float> rows = decoder.run();
    all.insert(all.end(), rows.begin(), rows.end());
  };
  Sequence a;
  Sequence b;
  decoder.add(a, randomTokens(random, 97, vocab), 97);
  run();
  decoder.add(a, randomTokens(random, 3, vocab), 1);
  decoder.add(b, randomTokens(random, 45, vocab), 45);
  run();
  for (int i = 0; i < 4; ++i) {
    decoder.add(a, randomTokens(random, 1, vocab), 1);
    decoder.add(b, randomTokens(random, 1, vocab), 1);
    run();
  }
  return all;
}

/// The model below its runner, so that a test can spoil one rank's weights.
class BareRanks {
 public:
  BareRanks(const std::filesystem::path& folder, int ranks)
      : model_(cpuModelOf(*kernelsNamed(""), readModelConfig(folder.string()), ranks,
                          KvDtype::kBf16, 64, 64)),
        step_({64, 64, model_.config.vocab, 8,
               model_.kernels->attentionPositions(model_.shards.heads / model_.shards.kvHeads)}),
        logits_(std::size_t{64} * static_cast<std::size_t>(model_.logitsStride)) {
    const std::unique_ptr<ModelFolder> files = ModelFolder::open(folder.string());
    std::vector<RankLayout> layouts;
    std::vector<float*> residuals;
    for (int rank = 0; rank < ranks; ++rank) {
      ranks_.push_back(std::make_unique<CpuRank>(model_, rank, 1, WeightDtype::kBf16, 8));
      ranks_.back()->allocate();
      layouts.push_back(ranks_.back()->layout());
      residuals.push_back(ranks_.back()->residual());
    }
    exchange_ = std::make_unique<AllReduce>(*model_.kernels, residuals, 64, model_.width);
    loadWeights(*files, packPlanOf(model_.config, tensorsOf(model_.config, *files), model_.shards,
                                   layouts),
                *model_.kernels, 1, {}, nullptr);
    TeamOptions options;
    options.ranks = ranks;
    options.threads = ranks;
    options.stallMillis = 20000;
    team_ = std::make_unique<TeamGroup>(*model_.kernels, options);
  }

  /// What the rank's layers add to the sums becomes nothing.
  void drop(int rank) {
    for (const LayerWeights& layer :
         ranks_[static_cast<std::size_t>(rank)]->layout().weights.layers) {
      for (const LinearWeights* w : {&layer.output, &layer.down}) {
        std::memset(
            w->weights, 0,
            static_cast<std::size_t>(w->panels) * model_.kernels->panelBytes(w->k, w->dtype));
      }
    }
  }

  std::vector<float> logits(const std::vector<TokenId>& tokens) {
    const std::vector<BlockId> blocks = {0, 1};
    const int rows = static_cast<int>(tokens.size());
    const std::vector<StepSequence> sequences = {{0, rows, 0, blocks}};
    const std::vector<int> logitRows = {rows - 1};
    step_.build({1, tokens, sequences, logitRows});
    exchange_->begin();
    team_->run(1, CpuOps::operationsMax(model_.config), [this](TeamMember& member) {
      const CpuRank& rank = *ranks_[static_cast<std::size_t>(member.rank())];
      CpuOps ops(model_, rank, step_, member, exchange_.get(), logits_.data(), nullptr);
      forward(ops, model_.config, rank.layout().weights, rank.buffers());
    });
    return {logits_.begin(), logits_.begin() + model_.config.vocab};
  }

 private:
  CpuModel model_;
  CpuStep step_;
  std::vector<float> logits_;
  std::vector<std::unique_ptr<CpuRank>> ranks_;
  std::unique_ptr<AllReduce> exchange_;
  std::unique_ptr<TeamGroup> team_;
};

}  // namespace

TEST("every model gives the same bits on all numbers of ranks that can share it") {
  Random random(testSeed());
  int shared = 0;
  int runs = 0;
  const Models models;
  for (const std::filesystem::path& folder : models.folders()) {
    const ModelConfig config = readModelConfig(folder.string());
    std::string counts;
    for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
      const WeightDtype weights = runs % 2 == 0 ? WeightDtype::kBf16 : WeightDtype::kFp8;
      const std::uint64_t seed = random.next();
      std::vector<float> expected;
      for (const int ranks : ranksThatFit(config)) {
        RunnerOptions options = optionsOf(folder, ranks, ranks + runs % 3);
        options.cache = cache;
        options.weights = weights;
        const std::vector<std::string> paths = portablePaths();
        options.isa = paths[static_cast<std::size_t>(runs++) % paths.size()];
        Decoder decoder(options, random.next());
        const std::vector<float> found = decodeSome(decoder, seed);
        if (ranks == 1) expected = found;
        CHECK_SAY(sameBits(found, expected), folder.filename() << " on " << ranks << " ranks");
        shared += ranks > 1 ? 1 : 0;
        if (cache == KvDtype::kBf16) (counts += ' ') += std::to_string(ranks);
      }
      ++runs;
    }
    std::printf("      %-15s%s\n", nameOf(folder).c_str(), counts.c_str());
  }
  // Two dtypes of cache each on 2 and 4 ranks of the model made for it and of the two made here.
  CHECK_SAY(shared >= 12, shared);
}

TEST("a prompt in one step and token by token gives the same bits on 4 ranks") {
  Random random(testSeed());
  const std::vector<TokenId> tokens = randomTokens(random, 150, 64);
  Decoder decoder(optionsOf(randomModel("llama-ranks"), 4, 4));
  Sequence whole;
  const std::vector<float> expected = decoder.prefill(whole, tokens);
  Sequence single;
  std::vector<float> found;
  for (const TokenId& token : tokens) {
    decoder.add(single, std::span(&token, 1), 1);
    const std::vector<float> row = decoder.run();
    found.insert(found.end(), row.begin(), row.end());
  }
  CHECK(sameBits(found, expected));
}

TEST("ranks' weights and caches sum to one rank's, but for what is said to be replicated") {
  const Models models;
  for (const std::filesystem::path& folder : models.folders()) {
    const ModelConfig config = readModelConfig(folder.string());
    RankBytes one;
    for (const int ranks : ranksThatFit(config)) {
      for (const WeightDtype weights : {WeightDtype::kBf16, WeightDtype::kFp8}) {
        RunnerOptions options = optionsOf(folder, ranks, ranks);
        options.weights = weights;
        Decoder decoder(options);
        const RunnerFacts& facts = decoder.runner().facts();
        CHECK(facts.bytes.size() == static_cast<std::size_t>(ranks));
        std::uint64_t sharded = 0;
        std::uint64_t cache = 0;
        for (const RankBytes& rank : facts.bytes) {
          sharded += rank.shardedWeights;
          cache += rank.cache;
          if (weights == WeightDtype::kFp8) continue;
          std::printf("      %-15s rank of %d: %8llu sharded, %6llu replicated, %8llu cache\n",
                      nameOf(folder).c_str(), ranks,
                      static_cast<unsigned long long>(rank.shardedWeights),
                      static_cast<unsigned long long>(rank.replicatedWeights),
                      static_cast<unsigned long long>(rank.cache));
        }
        RunnerOptions alone = options;
        alone.ranks = 1;
        Decoder single(alone);
        one = single.runner().facts().bytes[0];
        const std::uint64_t copies =
            static_cast<std::uint64_t>(ranks > config.kvHeads ? ranks / config.kvHeads : 1);
        CHECK_SAY(sharded == one.shardedWeights,
                  folder.filename() << ": " << sharded << " for " << one.shardedWeights);
        CHECK_SAY(cache == one.cache * copies, cache << " for " << one.cache);
        CHECK(facts.blockBytes == single.runner().facts().blockBytes);
        const MemoryNeeds needs = memoryNeedsOf(config, options);
        CHECK(needs.block * 64 == cache);
        CHECK(needs.weights >= sharded && needs.weights < sharded + one.replicatedWeights * 64);
      }
    }
  }
}

TEST("dropping any rank's shard changes the logits") {
  const std::vector<TokenId> tokens = {5, 80, 30, 7, 7, 41};
  for (const int ranks : {2, 4}) {
    const std::vector<float> expected =
        BareRanks(randomModel("llama-ranks"), ranks).logits(tokens);
    CHECK(sameBits(expected, BareRanks(randomModel("llama-ranks"), 1).logits(tokens)));
    std::vector<std::vector<float>> seen = {expected};
    for (int rank = 0; rank < ranks; ++rank) {
      BareRanks lacking(randomModel("llama-ranks"), ranks);
      lacking.drop(rank);
      const std::vector<float> found = lacking.logits(tokens);
      float largest = 0;
      for (std::size_t i = 0; i < found.size(); ++i) {
        largest = std::max(largest, std::abs(found[i] - expected[i]));
      }
      CHECK_SAY(largest > 0.5f, "rank " << rank << " of " << ranks << ": " << largest);
      for (const std::vector<float>& other : seen) CHECK(!sameBits(found, other));
      seen.push_back(found);
    }
  }
}

TEST("a saved block is restored under any number of ranks") {
  Random random(testSeed());
  const std::vector<TokenId> tokens = randomTokens(random, 75, 20);
  const Models models;
  for (const std::filesystem::path& folder : models.folders()) {
    if (ranksThatFit(readModelConfig(folder.string())).size() < 3) continue;
    for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
      for (const auto& [from, to] : {std::pair{1, 4}, {4, 2}, {2, 1}, {4, 4}}) {
        RunnerOptions options = optionsOf(folder, from, from);
        options.cache = cache;
        Decoder writer(options, 1);
        Sequence written;
        writer.prefill(written, std::span(tokens).first(64));
        writer.add(written, std::span(tokens).subspan(64), 11);
        const std::vector<float> expected = writer.run();

        options.ranks = to;
        options.threads = to;
        Decoder reader(options, 2);
        const std::size_t size = writer.runner().facts().blockBytes;
        CHECK(size == reader.runner().facts().blockBytes);
        // One byte beyond must stay as it is.
        std::vector<std::uint8_t> bytes(size + 1, 0x5a);
        Sequence restored;
        restored.position = 64;
        for (int i = 0; i < 2; ++i) {
          writer.runner().saveBlock(written.blocks[static_cast<std::size_t>(i)], bytes.data());
          restored.blocks.push_back(40 + i);
          reader.runner().restoreBlock(40 + i, bytes.data());
          std::vector<std::uint8_t> again(size);
          reader.runner().saveBlock(40 + i, again.data());
          CHECK(std::equal(again.begin(), again.end(), bytes.begin()));
        }
        CHECK(bytes[size] == 0x5a);
        restored.blocks.push_back(50);
        reader.add(restored, std::span(tokens).subspan(64), 11);
        CHECK_SAY(sameBits(reader.run(), expected), folder << " from " << from << " to " << to);
        CHECK_THROWS(reader.runner().saveBlock(64, bytes.data()), ErrorCode::kInternal, "64");
      }
    }
  }
}

TEST("a rank that stands still is named with its step within 2 s, and the process goes on") {
  int hits = 0;
  for (const auto& [ranks, late] : {std::pair{2, 1}, {2, 0}, {4, 2}}) {
    RunnerOptions options = optionsOf(randomModel("llama-ranks"), ranks, ranks);
    options.stallMillis = 800;
    options.faultStall = {late, 3};
    Decoder decoder(options);
    Sequence sequence;
    const std::vector<TokenId> tokens = {1, 2, 3, 4};
    for (std::size_t i = 0; i < 2; ++i) {
      decoder.add(sequence, std::span(tokens).subspan(i, 1), 1);
      decoder.run();
    }
    const auto began = std::chrono::steady_clock::now();
    for (int again = 0; again < 2; ++again) {
      decoder.clear();
      decoder.add(sequence, std::span(tokens).subspan(2, 1), 1);
      try {
        decoder.run();
        CHECK(false);
      } catch (const StallError& error) {
        ++hits;
        CHECK_SAY(error.rank == late && error.step == 3, error.what());
        CHECK_SAY(std::string(error.what()).find("rank " + std::to_string(late)) !=
                      std::string::npos,
                  error.what());
      }
    }
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(2));
    CHECK_THROWS(decoder.runner().parallel(1, [](int) {}), ErrorCode::kStalled, "rank");
  }
  CHECK(hits == 6);
  Decoder next(optionsOf(randomModel("llama-ranks"), 2, 2));
  Sequence sequence;
  CHECK(!next.prefill(sequence, std::vector<TokenId>{1, 2}).empty());
}

TEST("a fault that nobody would notice is refused") {
  RunnerOptions options = optionsOf(randomModel("llama-ranks"), 1, 2);
  options.faultStall = {0, 3};
  CHECK_THROWS(loadCpuRunner(options, nullptr), ErrorCode::kInvalidRequest, "faultStall");
}

TEST_MAIN
