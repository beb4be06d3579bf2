// Names and places of tensors, and the file that stands for all of them.
#include "bench/random_folder.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "bench/gpu_device.h"
#include "core/error.h"

namespace signalbox::bench {

namespace {

/// Standard deviation 0.02, as models are initialised: rows of thousands keep their size.
constexpr float kScale = 0.0346f;
constexpr std::size_t kPieceElements = std::size_t{1} << 20;

[[noreturn]] void fail(const std::string& what) {
  throw EngineError(ErrorCode::kIo,
                    "random weights: " + what + ": " + std::strerror(errno) +
                        " (TMPDIR says where they are put)");
}

}  // namespace

RandomFolder::RandomFolder(const ModelConfig& config, std::uint64_t bytesMax) {
  const std::int64_t hidden = config.hidden;
  const std::int64_t queries = std::int64_t{config.heads} * config.headDim;
  const std::int64_t keys = std::int64_t{config.kvHeads} * config.headDim;
  const std::int64_t inner = config.intermediate;
  add("model.embed_tokens.weight", {config.vocab, hidden});
  for (int i = 0; i < config.layers; ++i) {
    const std::string layer = "model.layers." + std::to_string(i) + ".";
    add(layer + "input_layernorm.weight", {hidden});
    add(layer + "self_attn.q_proj.weight", {queries, hidden});
    add(layer + "self_attn.k_proj.weight", {keys, hidden});
    add(layer + "self_attn.v_proj.weight", {keys, hidden});
    add(layer + "self_attn.o_proj.weight", {hidden, queries});
    add(layer + "post_attention_layernorm.weight", {hidden});
    add(layer + "mlp.gate_proj.weight", {inner, hidden});
    add(layer + "mlp.up_proj.weight", {inner, hidden});
    add(layer + "mlp.down_proj.weight", {hidden, inner});
  }
  add("model.norm.weight", {hidden});
  if (!config.tiedEmbeddings) add("lm_head.weight", {config.vocab, hidden});

  std::string name = std::filesystem::temp_directory_path() / "signalbox-random-XXXXXX";
  file_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (file_ < 0) fail(name);
  ::unlink(name.c_str());
  const std::uint64_t wanted = std::min(bytes_, bytesMax);
  while (fileBytes_ < wanted) {
    const std::vector<Bf16> piece = randomBf16(kPieceElements, kScale, fileBytes_ + 1);
    const auto* const from = reinterpret_cast<const std::uint8_t*>(piece.data());
    const std::size_t count =
        std::min<std::uint64_t>(piece.size() * sizeof(Bf16), wanted - fileBytes_);
    for (std::size_t done = 0; done < count;) {
      const ssize_t wrote = ::write(file_, from + done, count - done);
      if (wrote < 0) {
        ::close(file_);
        fail("a file of " + std::to_string(wanted) + " bytes");
      }
      done += static_cast<std::size_t>(wrote);
    }
    fileBytes_ += count;
  }
}

RandomFolder::~RandomFolder() { ::close(file_); }

void RandomFolder::add(const std::string& name, std::vector<std::int64_t> shape) {
  std::uint64_t bytes = sizeof(Bf16);
  for (const std::int64_t size : shape) bytes *= static_cast<std::uint64_t>(size);
  tensors_[name] = {name, TensorDtype::kBf16, std::move(shape), 0, bytes_, bytes};
  bytes_ += bytes;
}

const TensorEntry& RandomFolder::tensor(const std::string& name) const {
  if (const TensorEntry* found = find(name)) return *found;
  throw EngineError(ErrorCode::kInvalidModel, "random weights have no tensor " + name);
}

const TensorEntry* RandomFolder::find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

void RandomFolder::read(const TensorEntry& tensor, std::uint64_t offset, std::size_t bytes,
                        void* to) const {
  auto* const out = static_cast<std::uint8_t*>(to);
  if (tensor.shape.size() == 1) {
    constexpr Bf16 kOne = 0x3f80;
    for (std::size_t at = 0; at < bytes; at += sizeof kOne) {
      std::memcpy(out + at, &kOne, sizeof kOne);
    }
    return;
  }
  for (std::size_t done = 0; done < bytes;) {
    const std::uint64_t at = (tensor.offset + offset + done) % fileBytes_;
    const std::size_t count = std::min<std::uint64_t>(bytes - done, fileBytes_ - at);
    const ssize_t got = ::pread(file_, out + done, count, static_cast<off_t>(at));
    if (got <= 0) fail("reading them back");
    done += static_cast<std::size_t>(got);
  }
}

}  // namespace signalbox::bench
