// Every weight where it belongs, whatever its dtype and however many ranks share it; every folder
// that does not fit its config refused by the tensor's name before memory is taken.
#include "model/loader.h"

#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <functional>

#include "core/file_reader.h"
#include "model/cpu_ops.h"
#include "test/check.h"
#include "test/decoding.h"
#include "test/model_bytes.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

/// A folder loaded by hand, below the runner: places and bytes.
class Loaded {
 public:
  Loaded(const TempFolder& folder, const Kernels& kernels, int ranks, WeightDtype dtype)
      : kernels_(kernels),
        model_(cpuModelOf(kernels, readModelConfig(folder.path()), ranks,
                          kernels.numerics == Numerics::kReference ? KvDtype::kF32
                                                                   : KvDtype::kBf16,
                          4, 4)) {
    const std::unique_ptr<ModelFolder> files = ModelFolder::open(folder.path());
    const ModelTensors tensors = tensorsOf(model_.config, *files);
    std::vector<RankLayout> layouts;
    for (int rank = 0; rank < ranks; ++rank) {
      Arena counting(nullptr);
      layOutRank(model_.config, model_.shards, rank, kernels, dtype, counting);
      memory_.emplace_back(counting.used(), "weights");
      Arena arena(memory_.back().bytes());
      layouts.push_back(layOutRank(model_.config, model_.shards, rank, kernels, dtype, arena));
    }
    loadWeights(*files, packPlanOf(model_.config, tensors, model_.shards, layouts), kernels, 3,
                {}, [&](std::uint64_t done, std::uint64_t all) {
                  CHECK(done >= progress && done <= all);
                  progress = done;
                  total = all;
                });
    for (RankLayout& layout : layouts) ranks_.push_back(std::move(layout.weights));
  }

  const Shards& shards() const { return model_.shards; }
  const RankWeights& rank(int rank) const { return ranks_[static_cast<std::size_t>(rank)]; }

  /// Row `output` of a packed matrix, as floats.
  std::vector<float> row(const LinearWeights& w, int output) const {
    std::vector<float> values(static_cast<std::size_t>(w.k));
    const std::size_t panel = static_cast<std::size_t>(output / kPanel);
    kernels_.unpackOutput(w.weights + panel * kernels_.panelBytes(w.k, w.dtype), output, w.k,
                          w.dtype, w.scales == nullptr ? nullptr : w.scales + panel * kPanel,
                          values.data());
    return values;
  }

  std::uint64_t progress = 0;
  std::uint64_t total = 0;

 private:
  const Kernels& kernels_;
  CpuModel model_;
  std::vector<HugeBuffer> memory_;
  std::vector<RankWeights> ranks_;
};

/// Row `output` of `w` is columns [first, first + columns) of the tensor's row, then zeros. A row
/// below 0 is all zeros.
void checkRow(const Loaded& loaded, const LinearWeights& w, int output, const std::string& tensor,
              int row, int first, int columns) {
  const std::vector<float> values = loaded.row(w, output);
  const WeightsOf weights(tensor);
  for (int i = 0; i < w.k; ++i) {
    const float expected = row >= 0 && i < columns ? weights.at(row, first + i) : 0.0f;
    const float found = values[static_cast<std::size_t>(i)];
    // fp8 keeps four bits: half a step is a sixteenth of the value, and the smallest of a row with
    // a large one may vanish.
    const float allowed = w.dtype == WeightDtype::kFp8 ? std::fabs(expected) / 16 + 0x1p-10f : 0;
    CHECK_SAY(std::fabs(found - expected) <= allowed,
              tensor << " row " << row << " column " << first + i << ": " << found << " for "
                     << expected);
  }
}

void checkBias(const LinearWeights& w, int output, const std::string& tensor, int row) {
  if (w.bias == nullptr) return;
  CHECK_SAY(w.bias[output] == (row >= 0 ? weightOf(tensor, row, 0) : 0.0f),
            tensor << " " << row << ": " << w.bias[output]);
}

/// Where every weight of a rank must be, said a second time and without the loader's tables.
void checkRank(const Loaded& loaded, const Shape& shape, int ranks, int rank) {
  const RankWeights& w = loaded.rank(rank);
  const int heads = shape.heads / ranks;
  const int group = shape.heads / shape.kvHeads;
  const int firstKey = rank * heads / group;
  const int keys = std::max(1, shape.kvHeads / ranks);
  const int inner = padTo(shape.intermediate, 32) / ranks;
  for (int layer = 0; layer < shape.layers; ++layer) {
    const std::string prefix = "model.layers." + std::to_string(layer) + ".";
    const LayerWeights& l = w.layers[static_cast<std::size_t>(layer)];
    int output = 0;
    const auto checkHeads = [&](const char* name, int first, int count) {
      for (int i = 0; i < count * shape.headDim; ++i, ++output) {
        const int row = first * shape.headDim + i;
        checkRow(loaded, l.qkv, output, prefix + name + ".weight", row, 0, shape.hidden);
        checkBias(l.qkv, output, prefix + name + ".bias", row);
      }
    };
    checkHeads("self_attn.q_proj", rank * heads, heads);
    checkHeads("self_attn.k_proj", firstKey, keys);
    checkHeads("self_attn.v_proj", firstKey, keys);
    for (int i = 0; i < inner; ++i) {
      const int row = rank * inner + i < shape.intermediate ? rank * inner + i : -1;
      const int gate = i / 16 * 32 + i % 16;
      for (int odd = 0; odd < 2; ++odd) {
        const std::string name = prefix + (odd == 0 ? "mlp.gate_proj" : "mlp.up_proj");
        checkRow(loaded, l.gateUp, gate + 16 * odd, name + ".weight", row, 0, shape.hidden);
        checkBias(l.gateUp, gate + 16 * odd, name + ".bias", row);
      }
    }
    for (int row = 0; row < shape.hidden; ++row) {
      const int queries = heads * shape.headDim;
      checkRow(loaded, l.output, row, prefix + "self_attn.o_proj.weight", row, rank * queries,
               queries);
      checkRow(loaded, l.down, row, prefix + "mlp.down_proj.weight", row, rank * inner,
               std::min(inner, shape.intermediate - rank * inner));
      checkBias(l.output, row, prefix + "self_attn.o_proj.bias", row);
      checkBias(l.down, row, prefix + "mlp.down_proj.bias", row);
      CHECK(l.attentionNorm[row] == weightOf(prefix + "input_layernorm.weight", row, 0));
      CHECK(l.mlpNorm[row] == weightOf(prefix + "post_attention_layernorm.weight", row, 0));
    }
    CHECK((l.qkv.bias != nullptr) == shape.bias && (l.down.bias != nullptr) == shape.bias);
  }
  const Shards& shards = loaded.shards();
  for (int token = 0; token < shape.vocab; ++token) {
    if (shards.ownerOf(token) != rank) continue;
    const int local = token - shards.firstPanel(rank) * 16;
    const char* const head = shape.tied ? "model.embed_tokens.weight" : "lm_head.weight";
    checkRow(loaded, w.head, local, head, token, 0, shape.hidden);
    CHECK((w.embedding.rows == nullptr) == shape.tied);
    const WeightsOf embedding("model.embed_tokens.weight");
    for (int i = 0; !shape.tied && i < shape.hidden; ++i) {
      CHECK(bf16ToFloat(w.embedding.rows[local * shape.hidden + i]) == embedding.at(token, i));
    }
  }
}

RunnerOptions runnerOf(const TempFolder& folder, const char* isa = "") {
  RunnerOptions options;
  options.folder = folder.path();
  options.isa = isa;
  options.threads = 2;
  options.blocks = 8;
  options.rowsMax = 16;
  return options;
}

/// Loading the folder that `change` spoils throws this.
void checkRefused(const Shape& shape, const std::function<void(ModelBytes&)>& change,
                  ErrorCode code, const char* part) {
  const TempFolder folder;
  ModelBytes model(shape);
  change(model);
  model.write(folder);
  CHECK_THROWS(loadCpuRunner(runnerOf(folder), nullptr), code, part);
  CHECK_THROWS(checkFolder(folder.path()), code, part);
}

}  // namespace

TEST("every weight is where it belongs on 1, 2 and 4 ranks, from every dtype and at odd bytes") {
  // Fours of tiles where ranks are to share; the other shape has nothing even.
  const Shape even{.heads = 8, .kvHeads = 2, .headDim = 16, .tied = true, .bias = true};
  Shape wide = even;
  wide.intermediate = 120;  // 128 with padding: the last rank of 4 has 24 columns
  wide.vocab = 113;
  wide.tied = false;
  const Shape odd{.hidden = 50, .intermediate = 33, .layers = 1, .heads = 3, .kvHeads = 3,
                  .headDim = 10, .vocab = 7, .tied = false, .bias = false};
  int seen = 0;
  for (const Shape& shape : {wide, even, odd}) {
    for (const char* dtype : {"BF16", "F16", "F32"}) {
      const TempFolder folder;
      ModelBytes model(shape);
      model.setDtype(dtype);
      model.write(folder);
      for (const int ranks : ranksThatFit(readModelConfig(folder.path()))) {
        for (const char* isa : {"", "reference"}) {
          for (const WeightDtype held : {WeightDtype::kBf16, WeightDtype::kFp8}) {
            const Loaded loaded(folder, *kernelsNamed(isa), ranks, held);
            for (int rank = 0; rank < ranks; ++rank) checkRank(loaded, shape, ranks, rank);
            CHECK(loaded.progress == loaded.total && loaded.total > 0);
            seen |= ranks;
          }
        }
      }
    }
  }
  CHECK_SAY(seen == 7, "ranks seen: " << seen);
}

TEST("fp8 weights are the same on every rank count: an output's scale is its whole row's") {
  const Shape shape{.intermediate = 128, .heads = 8, .kvHeads = 4};
  const TempFolder folder;
  ModelBytes(shape).write(folder);
  const Kernels& kernels = *kernelsNamed("");
  const Loaded whole(folder, kernels, 1, WeightDtype::kFp8);
  for (const int ranks : {2, 4}) {
    const Loaded cut(folder, kernels, ranks, WeightDtype::kFp8);
    for (int rank = 0; rank < ranks; ++rank) {
      const LinearWeights& part = cut.rank(rank).layers[0].down;
      for (int row = 0; row < shape.hidden; ++row) {
        const std::vector<float> all = whole.row(whole.rank(0).layers[0].down, row);
        const std::vector<float> some = cut.row(part, row);
        for (int i = 0; i < part.k; ++i) {
          CHECK(some[static_cast<std::size_t>(i)] ==
                all[static_cast<std::size_t>(rank * part.k + i)]);
        }
        CHECK(part.scales[row] == whole.rank(0).layers[0].down.scales[row]);
      }
    }
  }
}

TEST("packing to fp8 rounds every bf16 value as the scalar code does, at any scale") {
  constexpr int kColumns = 4096;
  for (const std::string& path : portablePaths()) {
    const Kernels& kernels = *kernelsNamed(path.c_str());
    std::vector<std::uint8_t> panel(kernels.panelBytes(kColumns, WeightDtype::kFp8));
    std::vector<Bf16> rows(std::size_t{16} * kColumns);
    std::vector<float> found(kColumns);
    float scales[16];
    for (const float largest :
         {448.0f, 450.0f, 0x1p-9f, 1.0f, 0x1.cp127f, 0x1p-126f, 0x1.8p-110f}) {
      // Rows 0 to 15 are all bf16 values whose magnitude the row's largest allows, NaNs included.
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const Bf16 bits = static_cast<Bf16>(i);
        const bool counts = std::fabs(bf16ToFloat(bits)) > largest;  // Not of NaN.
        rows[i] = i % kColumns == 0 || counts ? floatToBf16(largest) : bits;
      }
      kernels.packPanel(rows.data(), kColumns, 16, kColumns, WeightDtype::kFp8, panel.data(),
                        scales);
      for (int n = 0; n < 16; ++n) {
        int exponent = 0;
        CHECK(std::frexp(scales[n], &exponent) == 0.5f);
        const float largestOfRow = bf16ToFloat(floatToBf16(largest));
        CHECK(largestOfRow <= 448 * static_cast<double>(scales[n]));
        CHECK(largestOfRow * 2 > 448 * static_cast<double>(scales[n]) || scales[n] == 0x1p-126f);
        kernels.unpackOutput(panel.data(), n, kColumns, WeightDtype::kFp8, scales, found.data());
        for (int i = 0; i < kColumns; ++i) {
          const Bf16 bits = rows[static_cast<std::size_t>(n * kColumns + i)];
          const float value = (bits & 0x7f80) == 0 ? 0.0f : bf16ToFloat(bits);
          const float expected = fp8ToFloat(floatToFp8(std::ldexp(value, 1 - exponent)));
          const float seen = std::ldexp(found[static_cast<std::size_t>(i)], 1 - exponent);
          CHECK_SAY(seen == expected || (seen != seen && expected != expected),
                    path << " at scale " << scales[n] << ": " << value << " became " << seen
                         << ", not " << expected);
        }
      }
    }
  }
}

TEST("a tensor that is missing, misshapen or of a foreign dtype is refused by its name") {
  const Shape shape;
  const std::string gate = "model.layers.1.mlp.gate_proj.weight";
  checkRefused(shape, [&](ModelBytes& m) { m.tensors.erase(gate); }, ErrorCode::kInvalidModel,
               gate.c_str());
  checkRefused(shape, [&](ModelBytes& m) { m.tensors[gate].rows = 95; }, ErrorCode::kInvalidModel,
               gate.c_str());
  checkRefused(
      shape, [&](ModelBytes& m) { std::swap(m.tensors[gate].rows, m.tensors[gate].columns); },
      ErrorCode::kInvalidModel, "[64, 96] where the config asks for [96, 64]");
  checkRefused(shape, [&](ModelBytes& m) { m.tensors["model.norm.weight"] = {64, 1}; },
               ErrorCode::kInvalidModel, "model.norm.weight");
  checkRefused(shape, [&](ModelBytes& m) { m.tensors[gate].dtype = "F8_E4M3"; },
               ErrorCode::kUnsupportedModel, gate.c_str());
  checkRefused(shape, [&](ModelBytes& m) { m.tensors[gate].dtype = "I64"; },
               ErrorCode::kUnsupportedModel, "I64");
  const Shape biased{.bias = true};
  checkRefused(
      biased, [](ModelBytes& m) { m.tensors.erase("model.layers.0.self_attn.k_proj.bias"); },
      ErrorCode::kInvalidModel, "model.layers.0.self_attn.k_proj.bias");
}

TEST("the head is the embedding only when the config says so") {
  checkRefused(
      Shape{}, [](ModelBytes& m) { m.tensors.erase("lm_head.weight"); }, ErrorCode::kInvalidModel,
      "lm_head.weight is missing and tie_word_embeddings is false");
  // A tied model's lm_head is not looked at, whatever it is.
  const TempFolder folder;
  ModelBytes tied(Shape{.tied = true});
  tied.tensors["lm_head.weight"] = {3, 5, "I64"};
  tied.tensors["model.layers.0.self_attn.rotary_emb.inv_freq"] = {8, 0, "F32"};
  tied.write(folder);
  CHECK(checkFolder(folder.path()).tied);
  const Loaded loaded(folder, *kernelsNamed(""), 1, WeightDtype::kBf16);
  checkRank(loaded, tied.shape, 1, 0);
}

TEST("a head larger than the kernels hold is refused before anything is loaded") {
  const TempFolder folder;
  const auto load = [&](int headDim) {
    ModelBytes(Shape{.headDim = headDim}).write(folder);
    checkFolder(folder.path());
    return loadCpuRunner(runnerOf(folder), nullptr);
  };
  CHECK(load(kHeadDimMax)->facts().blocks > 0);
  CHECK_THROWS(load(kHeadDimMax + 2), ErrorCode::kUnsupportedModel, "head_dim is 258");
}

TEST("ranks that would cut a head or a segment are refused with the counts that would do") {
  const TempFolder folder;
  ModelBytes(Shape{.intermediate = 64, .heads = 6, .kvHeads = 3, .headDim = 64}).write(folder);
  const auto load = [&](int ranks) {
    RunnerOptions options = runnerOf(folder);
    options.ranks = ranks;
    return loadCpuRunner(options, nullptr);
  };
  CHECK_THROWS(load(2), ErrorCode::kUnsupportedModel, "3 key-value heads");
  CHECK_THROWS(load(4), ErrorCode::kUnsupportedModel, "6 heads do not divide by 4; what can: 1");
  CHECK_THROWS(load(3), ErrorCode::kUnsupportedModel, "3 ranks");
  CHECK_THROWS(load(0), ErrorCode::kUnsupportedModel, "0 ranks");
  ModelBytes(Shape{.intermediate = 64, .heads = 8, .kvHeads = 1}).write(folder);
  CHECK_THROWS(load(4), ErrorCode::kUnsupportedModel,
               "the intermediate size 64 is summed in 2 segments");
  CHECK_THROWS(load(4), ErrorCode::kUnsupportedModel, "what can: 1, 2");
  load(2);
}

TEST("memory that is not there is refused before any is taken, with both numbers") {
  const TempFolder folder;
  ModelBytes(Shape{}).write(folder);
  RunnerOptions options = runnerOf(folder);
  options.blocks = 2'000'000'000;
  CHECK_THROWS(loadCpuRunner(options, nullptr), ErrorCode::kNoMemory, "GB are available");
  CHECK_THROWS(loadCpuRunner(options, nullptr), ErrorCode::kNoMemory, "needs 32768");
}

TEST("an instruction path or an option that is not to be had is refused") {
  const TempFolder folder;
  ModelBytes(Shape{}).write(folder);
  CHECK_THROWS(loadCpuRunner(runnerOf(folder, "mmx"), nullptr), ErrorCode::kInvalidRequest,
               "reference");
  RunnerOptions wide = runnerOf(folder);
  wide.cache = KvDtype::kF32;
  CHECK_THROWS(loadCpuRunner(wide, nullptr), ErrorCode::kInvalidRequest, "f32");
  RunnerOptions none = runnerOf(folder);
  none.rowsMax = 0;
  CHECK_THROWS(loadCpuRunner(none, nullptr), ErrorCode::kInvalidRequest, "rowsMax");
}

TEST("a read that fails on any thread fails the load, and ends it") {
  /// A folder on a disk that breaks at one tensor.
  class Breaking final : public ModelFolder {
   public:
    Breaking(const std::string& path, std::string name)
        : folder_(ModelFolder::open(path)), name_(std::move(name)) {}
    const std::string& path() const override { return folder_->path(); }
    const std::vector<std::string>& files() const override { return folder_->files(); }
    const std::map<std::string, TensorEntry>& tensors() const override {
      return folder_->tensors();
    }
    const TensorEntry& tensor(const std::string& name) const override {
      return folder_->tensor(name);
    }
    const TensorEntry* find(const std::string& name) const override { return folder_->find(name); }
    void read(const TensorEntry& tensor, std::uint64_t offset, std::size_t bytes,
              void* to) const override {
      ++reads;
      if (tensor.name == name_) throw EngineError(ErrorCode::kIo, "broken at " + name_);
      folder_->read(tensor, offset, bytes, to);
    }
    mutable std::atomic<int> reads{0};

   private:
    const std::unique_ptr<ModelFolder> folder_;
    const std::string name_;
  };

  const TempFolder folder;
  const ModelBytes model(Shape{});
  model.write(folder);
  const ModelConfig config = readModelConfig(folder.path());
  const Kernels& kernels = *kernelsNamed("");
  const Shards shards = shardsOf(config, 1);
  Arena counting(nullptr);
  layOutRank(config, shards, 0, kernels, WeightDtype::kBf16, counting);
  const HugeBuffer memory(counting.used(), "weights");
  Arena arena(memory.bytes());
  const std::vector<RankLayout> layout = {
      layOutRank(config, shards, 0, kernels, WeightDtype::kBf16, arena)};
  int hits = 0;
  for (const auto& [name, tensor] : model.tensors) {
    for (const int threads : {1, 4}) {
      const Breaking files(folder.path(), name);
      const PackPlan plan = packPlanOf(config, tensorsOf(config, files), shards, layout);
      const auto load = [&] { loadWeights(files, plan, kernels, threads, {}, nullptr); };
      CHECK_THROWS(load(), ErrorCode::kIo, "broken at " + name);
      CHECK(threads > 1 || files.reads <= static_cast<int>(model.tensors.size()));
      ++hits;
    }
  }
  CHECK(hits == 2 * static_cast<int>(model.tensors.size()));
}

TEST("loading takes the weights' memory and a little staging, not a second copy") {
  const auto residentPeakKilobytes = [] {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.rfind("VmHWM:", 0) == 0) return std::atol(line.c_str() + 6);
    }
    return -1L;
  };
  const TempFolder folder;
  // 33 MB of weights.
  const Shape shape{.hidden = 1024, .intermediate = 2816, .layers = 1, .heads = 8, .kvHeads = 8,
                    .headDim = 128, .vocab = 1600, .tied = true};
  ModelBytes(shape).write(folder);
  // The peak so far is at least what is resident now; writing the folder has raised it. A file that
  // resets it may not be writable, and then this test cannot see anything.
  std::ofstream reset("/proc/self/clear_refs");
  reset << 5 << std::flush;
  if (!reset) throw Skipped("the peak of resident memory cannot be reset here");
  const long before = residentPeakKilobytes();
  const Loaded loaded(folder, *kernelsNamed(""), 1, WeightDtype::kBf16);
  const long grown = residentPeakKilobytes() - before;
  std::printf("      %ld MB for %llu MB of weights\n", grown >> 10,
              static_cast<unsigned long long>(loaded.total >> 20));
  CHECK_SAY(static_cast<std::uint64_t>(grown) << 10 < loaded.total * 3 / 2, grown << " KB");
  CHECK(static_cast<std::uint64_t>(grown) << 10 > loaded.total / 2);
}

TEST_MAIN
