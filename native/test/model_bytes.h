// Model folders made by hand: a small Llama with weights that a test can compute again, in any
// dtype, with whatever fault is wanted.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "core/numeric.h"
#include "test/check.h"
#include "test/safetensors_bytes.h"
#include "test/temp_folder.h"

namespace signalbox::test {

struct Shape {
  int hidden = 64;
  int intermediate = 96;
  int layers = 2;
  int heads = 4;
  int kvHeads = 2;
  int headDim = 16;
  int vocab = 75;
  bool tied = false;
  bool bias = false;  // attention_bias and mlp_bias
};

/// Values that bf16, fp16 and fp32 all hold exactly: a few bits, exponents near 0.
class WeightsOf {
 public:
  explicit WeightsOf(const std::string& tensor) {
    for (const char c : tensor) seed_ = (seed_ ^ static_cast<unsigned char>(c)) * 1099511628211u;
  }
  float at(int row, int column) const {
    Random random(seed_ + (static_cast<std::uint64_t>(row) << 24) +
                  static_cast<std::uint64_t>(column));
    random.next();
    const float mantissa = static_cast<float>(random.between(-127, 127));
    return mantissa * (random.below(2) == 0 ? 0x1p-8f : 0x1p-11f);
  }

 private:
  std::uint64_t seed_ = 1469598103934665603u;
};

inline float weightOf(const std::string& tensor, int row, int column) {
  return WeightsOf(tensor).at(row, column);
}

/// A folder's tensors by name: rows, columns (0: a vector).
struct ModelBytes {
  struct Tensor {
    int rows;
    int columns;
    std::string dtype = "BF16";
  };

  explicit ModelBytes(const Shape& shape) : shape(shape) {
    const int queries = shape.heads * shape.headDim;
    const int keys = shape.kvHeads * shape.headDim;
    tensors["model.embed_tokens.weight"] = {shape.vocab, shape.hidden};
    if (!shape.tied) tensors["lm_head.weight"] = {shape.vocab, shape.hidden};
    tensors["model.norm.weight"] = {shape.hidden, 0};
    for (int i = 0; i < shape.layers; ++i) {
      const std::string layer = "model.layers." + std::to_string(i) + ".";
      tensors[layer + "input_layernorm.weight"] = {shape.hidden, 0};
      tensors[layer + "post_attention_layernorm.weight"] = {shape.hidden, 0};
      const auto linear = [&](const std::string& name, int rows, int columns) {
        tensors[layer + name + ".weight"] = {rows, columns};
        if (shape.bias) tensors[layer + name + ".bias"] = {rows, 0};
      };
      linear("self_attn.q_proj", queries, shape.hidden);
      linear("self_attn.k_proj", keys, shape.hidden);
      linear("self_attn.v_proj", keys, shape.hidden);
      linear("self_attn.o_proj", shape.hidden, queries);
      linear("mlp.gate_proj", shape.intermediate, shape.hidden);
      linear("mlp.up_proj", shape.intermediate, shape.hidden);
      linear("mlp.down_proj", shape.hidden, shape.intermediate);
    }
  }

  void setDtype(const std::string& dtype) {
    for (auto& [name, tensor] : tensors) tensor.dtype = dtype;
  }

  std::string config() const {
    const auto number = [](const char* key, int value) {
      return std::string(",\"") + key + "\":" + std::to_string(value);
    };
    const char* const bias = shape.bias ? "true" : "false";
    return "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\"" +
           number("hidden_size", shape.hidden) + number("intermediate_size", shape.intermediate) +
           number("num_hidden_layers", shape.layers) +
           number("num_attention_heads", shape.heads) +
           number("num_key_value_heads", shape.kvHeads) + number("head_dim", shape.headDim) +
           number("vocab_size", shape.vocab) + number("max_position_embeddings", 256) +
           ",\"rms_norm_eps\":1e-5,\"rope_theta\":10000.0,\"attention_bias\":" + bias +
           ",\"mlp_bias\":" + bias +
           ",\"tie_word_embeddings\":" + (shape.tied ? "true" : "false") + "}";
  }

  void write(const TempFolder& folder) const {
    std::string header = "{";
    std::string bytes;
    for (const auto& [name, tensor] : tensors) {
      const std::size_t begin = bytes.size();
      const int columns = tensor.columns == 0 ? 1 : tensor.columns;
      const WeightsOf weights(name);
      for (int row = 0; row < tensor.rows; ++row) {
        for (int column = 0; column < columns; ++column) {
          append(bytes, tensor.dtype, weights.at(row, column));
        }
      }
      // Appended piece by piece: GCC 12 warns of what it makes of `"[" + string`.
      std::string size = "[";
      size += std::to_string(tensor.rows);
      if (tensor.columns != 0) size += ',' + std::to_string(tensor.columns);
      size += ']';
      if (header.size() > 1) header += ',';
      header += tensorEntry(name, tensor.dtype, size, begin, bytes.size());
    }
    folder.write("config.json", config());
    // One space more or less moves every tensor to an odd byte.
    header += "}";
    if (header.size() % 2 == 0) header += " ";
    folder.write("model.safetensors", safetensorsFile(header, bytes));
  }

  Shape shape;
  std::map<std::string, Tensor> tensors;

 private:
  static void append(std::string& bytes, const std::string& dtype, float value) {
    const auto raw = [&](auto bits) {
      char buffer[sizeof bits];
      std::memcpy(buffer, &bits, sizeof bits);
      bytes.append(buffer, sizeof bits);
    };
    if (dtype == "BF16") raw(floatToBf16(value));
    else if (dtype == "F16") raw(floatToFp16(value));
    else if (dtype == "F32") raw(value);
    else if (dtype == "I64") raw(static_cast<std::int64_t>(value));
    else raw(floatToFp8(value));
  }
};

}  // namespace signalbox::test
