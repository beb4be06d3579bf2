// The forward pass keeps its promises: the same bits whatever runs beside a row, however a prompt
// is cut, on every instruction path and number of threads; no memory taken by a step.
#include "model/cpu_runner.h"

#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <new>

#include "test/check.h"
#include "test/decoding.h"
#include "test/model_bytes.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

/// Allocations of this executable, on all threads.
std::atomic<std::uint64_t> allocations{0};

}  // namespace

// Not inlined: GCC 12 takes the inlined pair for a mismatch of new and free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace {

RunnerOptions optionsOf(const std::string& folder, const std::string& isa = "") {
  RunnerOptions options;
  options.folder = folder;
  options.isa = isa;
  options.threads = 2;
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

/// Sequences decoded together in steps of random composition. The logits of every token, by
/// sequence.
std::vector<std::vector<float>> decodeMixed(Decoder& decoder,
                                            const std::vector<std::vector<TokenId>>& prompts,
                                            Random& random, int chunkMax) {
  std::vector<Sequence> sequences(prompts.size());
  std::vector<std::vector<float>> logits(prompts.size());
  const std::size_t vocab = static_cast<std::size_t>(decoder.runner().config().vocab);
  const int rowsMax = decoder.runner().facts().rowsMax;
  for (bool more = true; more;) {
    more = false;
    std::vector<std::size_t> order(prompts.size());
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
    for (std::size_t i = order.size(); i > 1; --i) {
      std::swap(order[i - 1], order[static_cast<std::size_t>(random.below(static_cast<int>(i)))]);
    }
    std::vector<std::pair<std::size_t, std::size_t>> taken;
    int rows = 0;
    for (const std::size_t i : order) {
      const int left = static_cast<int>(prompts[i].size()) - sequences[i].position;
      if (left == 0) continue;
      more = true;
      // A sequence may sit a step out.
      const int count = std::min({left, random.below(chunkMax + 1), rowsMax - rows});
      if (count == 0) continue;
      const auto at = static_cast<std::size_t>(sequences[i].position);
      decoder.add(sequences[i],
                  std::span(prompts[i]).subspan(at, static_cast<std::size_t>(count)), count);
      taken.emplace_back(i, static_cast<std::size_t>(count));
      rows += count;
    }
    if (taken.empty()) continue;
    const std::vector<float> all = decoder.run();
    std::size_t row = 0;
    for (const auto& [i, count] : taken) {
      logits[i].insert(logits[i].end(), all.begin() + static_cast<std::ptrdiff_t>(row * vocab),
                       all.begin() + static_cast<std::ptrdiff_t>((row + count) * vocab));
      row += count;
    }
  }
  return logits;
}

struct Workload {
  std::vector<std::vector<TokenId>> prompts;
  std::vector<std::vector<float>> expected;  // each prompt alone, in one step, on one thread
};

Workload workloadOf(const std::string& folder, KvDtype cache, WeightDtype weights,
                    Random& random, const std::string& isa = "") {
  RunnerOptions options = optionsOf(folder, isa);
  options.threads = 1;
  options.cache = cache;
  options.weights = weights;
  Decoder decoder(options);
  Workload workload;
  for (const int length : {1, 17, 40, 70, 130}) {
    workload.prompts.push_back(randomTokens(random, length, decoder.runner().config().vocab));
    Sequence sequence;
    workload.expected.push_back(decoder.prefill(sequence, workload.prompts.back()));
  }
  return workload;
}

void checkWorkload(const Workload& workload, const RunnerOptions& options, Random& random,
                   int chunkMax) {
  Decoder decoder(options, random.next());
  const std::vector<std::vector<float>> found =
      decodeMixed(decoder, workload.prompts, random, chunkMax);
  for (std::size_t i = 0; i < found.size(); ++i) {
    CHECK_SAY(sameBits(found[i], workload.expected[i]),
              options.folder << " on " << options.isa << ", " << options.ranks << " ranks, "
                             << options.threads << " threads, chunks up to " << chunkMax
                             << ": prompt of " << workload.prompts[i].size());
  }
}

/// What a model with windows makes of some tokens.
struct Windowed {
  std::vector<float> logits;        // [tokens][vocab]
  std::vector<std::string> layers;  // of each, the bytes of the cache
};

}  // namespace

TEST("every instruction path, number of threads, chunking and batch gives the same bits") {
  Random random(testSeed());
  const std::vector<std::string> paths = portablePaths();
  CHECK(!paths.empty());
  int runs = 0;
  for (const std::filesystem::path& folder : goldenModels()) {
    for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
      const Workload workload =
          workloadOf(folder.string(), cache, WeightDtype::kBf16, random);
      for (const std::string& path : paths) {
        RunnerOptions options = optionsOf(folder.string(), path);
        options.cache = cache;
        options.threads = 1 + runs % 3;
        const int chunkMaxima[] = {1, 7, 40, 130};
        checkWorkload(workload, options, random, chunkMaxima[runs++ % 4]);
      }
    }
  }
  for (const std::string& path : paths) std::printf("      %s\n", path.c_str());
}

TEST("fp8 weights give the same bits everywhere, and others than bf16") {
  Random random(testSeed());
  const std::string folder = (modelsFolder() / "random" / "llama-mqa").string();
  Random again = random;
  const Workload exact = workloadOf(folder, KvDtype::kBf16, WeightDtype::kBf16, again);
  const Workload workload = workloadOf(folder, KvDtype::kBf16, WeightDtype::kFp8, random);
  CHECK(exact.prompts == workload.prompts && exact.expected != workload.expected);
  for (const std::string& path : portablePaths()) {
    RunnerOptions options = optionsOf(folder, path);
    options.weights = WeightDtype::kFp8;
    checkWorkload(workload, options, random, 30);
  }
}

TEST("a native path gives the bits of its one thread in any batch, chunks, threads and ranks") {
  Random random(testSeed());
  const std::string folder = (modelsFolder() / "random" / "llama-ranks").string();
  int runs = 0;
  for (const std::string& path : nativePaths()) {
    for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
      Random again = random;
      const Workload workload = workloadOf(folder, cache, WeightDtype::kBf16, random, path);
      const Workload portable = workloadOf(folder, cache, WeightDtype::kBf16, again);
      CHECK(portable.prompts == workload.prompts && portable.expected != workload.expected);
      for (const int ranks : {1, 2, 4}) {
        RunnerOptions options = optionsOf(folder, path);
        options.cache = cache;
        options.ranks = ranks;
        options.threads = ranks + runs % 3;
        const int chunkMaxima[] = {7, 40, 130, 1};
        checkWorkload(workload, options, random, chunkMaxima[runs++ % 4]);
      }
    }
    std::printf("      %s\n", path.c_str());
  }
}

TEST("a step takes no memory once it has run") {
  for (const int ranks : {1, 2, 4}) {
    RunnerOptions options = optionsOf((modelsFolder() / "random" / "llama-ranks").string());
    options.ranks = ranks;
    options.threads = 4;
    Decoder decoder(options);
    ModelRunner& runner = decoder.runner();
    std::vector<std::vector<BlockId>> tables = {{0, 1}, {2, 3, 4, 5}, {6}};
    std::vector<StepSequence> sequences = {{0, 3, 30, tables[0]}, {3, 100, 0, tables[1]},
                                           {103, 1, 31, tables[2]}};
    const std::vector<TokenId> tokens(104, 5);
    const std::vector<int> logitRows = {2, 102, 103};
    std::atomic<int> calls{0};
    const auto both = [&](std::uint64_t step) {
      runner.run({step, tokens, sequences, logitRows});
      runner.run({step + 1, std::span(tokens).first(3), std::span(sequences).first(1), {}});
      runner.parallel(9, [&](int) { ++calls; });
    };
    both(1);
    const std::uint64_t before = allocations;
    for (std::uint64_t step = 3; step < 13; step += 2) both(step);
    CHECK_SAY(allocations == before, allocations - before << " allocations in 10 steps");
    CHECK(calls == 54);
    CHECK(before > 0);
  }
}

TEST("a step without wanted logits leaves the last ones alone and the cache complete") {
  Random random(testSeed());
  const RunnerOptions options = optionsOf((modelsFolder() / "random" / "qwen3").string());
  Decoder decoder(options);
  const std::vector<TokenId> tokens = randomTokens(random, 41, decoder.runner().config().vocab);
  Sequence whole;
  const std::vector<float> expected = decoder.prefill(whole, tokens);
  Sequence cut;
  decoder.add(cut, std::span(tokens).first(40), 0);
  CHECK(decoder.run().empty());
  decoder.add(cut, std::span(tokens).last(1), 1);
  const std::vector<float> last = decoder.run();
  CHECK(std::equal(last.begin(), last.end(),
                   expected.end() - static_cast<std::ptrdiff_t>(last.size())));
}

TEST("each layer has its own window: the cache tells which one a layer had") {
  // The keys of a layer are made of what the layers before it let through, so they tell two models
  // apart as soon as a layer before had another window, and no sooner.
  constexpr int kWindow = 20;
  constexpr int kLayers = 3;
  constexpr int kTokens = 75;
  ModelBytes model(Shape{.layers = kLayers});
  for (int i = 0; i < kLayers; ++i) {
    for (const char* norm : {"q_norm", "k_norm"}) {
      model.tensors["model.layers." + std::to_string(i) + ".self_attn." + norm + ".weight"] = {
          model.shape.headDim, 0};
    }
  }
  const TempFolder folder;
  model.write(folder);
  const std::string llama = "[\"LlamaForCausalLM\"],\"model_type\":\"llama\"";
  const auto runWith = [&](const std::string& windows) {
    std::string config = model.config();
    const std::size_t at = config.find(llama);
    CHECK(at != std::string::npos);
    config.replace(at, llama.size(),
                   "[\"Qwen3ForCausalLM\"],\"model_type\":\"qwen3\",\"sliding_window\":" +
                       std::to_string(kWindow) + "," + windows);
    folder.write("config.json", config);
    // Always the same: whether one token less shows after rounding is not to be left to chance.
    Random random(5);
    Decoder decoder(optionsOf(folder.path()));
    Sequence sequence;
    const std::vector<TokenId> tokens = randomTokens(random, kTokens, model.shape.vocab);
    Windowed result{decoder.prefill(sequence, tokens), {}};
    result.layers.resize(kLayers);
    const std::size_t size = decoder.runner().facts().blockBytes;
    std::vector<std::uint8_t> block(size);
    for (const BlockId id : sequence.blocks) {
      decoder.runner().saveBlock(id, block.data());
      for (std::size_t i = 0; i < kLayers; ++i) {
        result.layers[i].append(reinterpret_cast<const char*>(block.data()) + i * size / kLayers,
                                size / kLayers);
      }
    }
    return result;
  };
  // Bit i of a pattern: layer i has the window.
  std::vector<Windowed> all;
  for (int pattern = 0; pattern < 1 << kLayers; ++pattern) {
    std::string types;
    for (int i = 0; i < kLayers; ++i) {
      types += i == 0 ? "\"" : ",\"";
      types += (pattern >> i & 1) != 0 ? "sliding_attention\"" : "full_attention\"";
    }
    all.push_back(runWith("\"use_sliding_window\":true,\"max_window_layers\":9,\"layer_types\":[" +
                          types + "]"));
  }
  const std::size_t vocab = static_cast<std::size_t>(model.shape.vocab);
  for (std::size_t a = 0; a < all.size(); ++a) {
    for (std::size_t b = a + 1; b < all.size(); ++b) {
      const auto first = static_cast<std::size_t>(std::countr_zero(a ^ b));
      for (std::size_t i = 0; i < kLayers; ++i) {
        CHECK_SAY((all[a].layers[i] == all[b].layers[i]) == (i <= first),
                  "keys and values of layer " << i << ", windows " << a << " and " << b);
      }
      for (std::size_t row = 0; row < kTokens; ++row) {
        const bool same = std::memcmp(all[a].logits.data() + row * vocab,
                                      all[b].logits.data() + row * vocab,
                                      vocab * sizeof(float)) == 0;
        CHECK_SAY(same == (row < kWindow), "logits " << row << ", windows " << a << " and " << b);
      }
    }
  }
  // The other ways to say it.
  const auto same = [](const Windowed& a, const Windowed& b) {
    return sameBits(a.logits, b.logits) && a.layers == b.layers;
  };
  CHECK(same(runWith("\"use_sliding_window\":false"), all[0]));
  for (int first = 0; first <= kLayers; ++first) {
    const std::size_t pattern = (std::size_t{1} << kLayers) - (std::size_t{1} << first);
    CHECK_SAY(same(runWith("\"use_sliding_window\":true,\"max_window_layers\":" +
                           std::to_string(first)),
                   all[pattern]),
              "windows from layer " << first);
  }
}

TEST("a sequence of NaNs leaves no trace in the next one's rows") {
  // 3 heads of 20: attention's output has padding, and where it lies depends on the number of rows.
  const TempFolder folder;
  ModelBytes model(Shape{.hidden = 60, .heads = 3, .kvHeads = 3, .headDim = 20});
  model.write(folder);
  const auto embedding = model.tensors.find("model.embed_tokens.weight");
  CHECK(embedding != model.tensors.end());
  // Token 7 becomes NaN in the file: the tensors lie in the order of their names.
  std::fstream file(folder.of("model.safetensors"),
                    std::ios::binary | std::ios::in | std::ios::out);
  std::uint64_t header = 0;
  file.read(reinterpret_cast<char*>(&header), 8);
  const int before = model.tensors["lm_head.weight"].rows * 60;
  file.seekp(static_cast<std::streamoff>(8 + header) + 2 * (before + 7 * 60));
  for (int i = 0; i < 60; ++i) file.write("\xff\x7f", 2);
  file.close();

  Decoder fresh(optionsOf(folder.path()));
  Sequence first;
  const std::vector<TokenId> tokens = {1, 2, 3};
  const std::vector<float> expected = fresh.prefill(first, tokens);
  CHECK(expected[0] == expected[0]);
  for (const int rows : {1, 5, 16, 40, 100}) {
    Decoder decoder(optionsOf(folder.path()));
    Sequence spoiled;
    const std::vector<float> none =
        decoder.prefill(spoiled, std::vector<TokenId>(static_cast<std::size_t>(rows), 7));
    CHECK(none[0] != none[0]);
    Sequence sequence;
    CHECK_SAY(sameBits(decoder.prefill(sequence, tokens), expected), rows);
  }
}

TEST("a plan that contradicts itself or the limits is refused before anything runs") {
  Decoder decoder(optionsOf((modelsFolder() / "random" / "llama-gqa").string()));
  ModelRunner& runner = decoder.runner();
  const std::vector<BlockId> blocks = {3, 4};
  const std::vector<BlockId> beyond = {64, 4};
  const std::vector<TokenId> tokens = {1, 2, 3};
  const auto run = [&](std::vector<StepSequence> sequences, std::vector<int> logitRows,
                       std::vector<TokenId> ids) {
    runner.run({1, ids, sequences, logitRows});
  };
  CHECK_THROWS(run({{0, 2, 0, blocks}}, {}, tokens), ErrorCode::kInternal, "2 of 3");
  CHECK_THROWS(run({{1, 3, 0, blocks}}, {}, tokens), ErrorCode::kInternal, "firstRow");
  CHECK_THROWS(run({{0, 4, 0, blocks}}, {}, tokens), ErrorCode::kInternal, "rows");
  CHECK_THROWS(run({{0, 3, 62, blocks}}, {}, tokens), ErrorCode::kInternal, "blocks");
  CHECK_THROWS(run({{0, 3, -1, blocks}}, {}, tokens), ErrorCode::kInternal, "position");
  CHECK_THROWS(run({{0, 3, 0, beyond}}, {}, tokens), ErrorCode::kInternal, "64");
  CHECK_THROWS(run({{0, 3, 0, blocks}}, {3}, tokens), ErrorCode::kInternal, "row");
  CHECK_THROWS(run({{0, 3, 0, blocks}}, {1, 1}, tokens), ErrorCode::kInternal, "row");
  CHECK_THROWS(run({{0, 3, 0, blocks}}, {}, {1, 2, 320}), ErrorCode::kInternal, "320");
  CHECK_THROWS(run({{0, 3, 0, blocks}}, {}, {1, -2, 0}), ErrorCode::kInternal, "-2");
  run({{0, 3, 61, blocks}}, {0, 2}, tokens);
}

TEST("parallel calls every index once, also with more ranks than indices") {
  for (const int ranks : {1, 2, 4}) {
    RunnerOptions options = optionsOf((modelsFolder() / "random" / "llama-ranks").string());
    options.ranks = ranks;
    Decoder decoder(options);
    for (const int count : {0, 1, 3, 64}) {
      std::vector<std::atomic<int>> hits(64);
      decoder.runner().parallel(count, [&](int i) { ++hits[static_cast<std::size_t>(i)]; });
      for (int i = 0; i < 64; ++i) {
        CHECK(hits[static_cast<std::size_t>(i)] == (i < count ? 1 : 0));
      }
    }
  }
}

TEST("progress goes through the phases in order and ends at the total") {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> last;
  std::string order;
  loadCpuRunner(optionsOf((modelsFolder() / "random" / "llama-sharded").string()),
                [&](const char* phase, std::uint64_t done, std::uint64_t total) {
                  if (!last.contains(phase)) order += std::string(phase) + " ";
                  CHECK(done >= last[phase].first && done <= total);
                  last[phase] = {done, total};
                });
  CHECK_SAY(order == "weights cache ", order);
  for (const auto& [phase, reached] : last) CHECK(reached.first == reached.second);
}

TEST_MAIN
