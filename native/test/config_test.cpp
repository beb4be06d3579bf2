// config.json: what each family means by what it leaves out, both forms of transformers, and what
// is refused under which name. The defaults here were taken from transformers itself.
#include "core/config.h"

#include <map>

#include "check.h"
#include "config_texts.h"
#include "core/error.h"
#include "temp_folder.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

std::vector<int> windows(const Fields& fields) { return fields.parse().slidingWindow; }

}  // namespace

TEST("an empty Llama is Llama 2 7B, as LlamaConfig() is") {
  const ModelConfig config = Fields("llama").parse();
  CHECK(config.family == ModelFamily::kLlama && std::string(nameOf(config.family)) == "llama");
  CHECK(config.layers == 32 && config.hidden == 4096 && config.intermediate == 11008);
  CHECK(config.heads == 32 && config.kvHeads == 32 && config.headDim == 128);
  CHECK(config.vocab == 32000 && config.contextMax == 2048);
  CHECK(config.normEps == 1e-6f && config.ropeTheta == 10000);
  CHECK(config.ropeScaling == RopeScaling{});
  CHECK(!config.tiedEmbeddings && !config.qkvBias && !config.outputBias && !config.mlpBias);
  CHECK(!config.qkNorm && config.slidingWindow == std::vector<int>(32, 0));
  CHECK(config.eosIds == std::vector<TokenId>{2} && config.bosId == 1);
  CHECK(!config.defaultTemperature && !config.defaultTopK && !config.defaultTopP);
  CHECK(!config.defaultMinP && !config.defaultRepetitionPenalty);
}

TEST("an empty Mistral has 8 KV heads and a window of 4096, as MistralConfig() has") {
  const ModelConfig config = Fields("mistral").parse();
  CHECK(config.family == ModelFamily::kMistral && config.intermediate == 14336);
  CHECK(config.heads == 32 && config.kvHeads == 8 && config.headDim == 128);
  CHECK(config.vocab == 32000 && config.contextMax == 131072 && config.normEps == 1e-6f);
  CHECK(!config.qkvBias && !config.outputBias && !config.mlpBias && !config.qkNorm);
  CHECK(config.slidingWindow == std::vector<int>(32, 4096));
  CHECK(config.eosIds == std::vector<TokenId>{2} && config.bosId == 1);
}

TEST("an empty Qwen2 has biases for queries, keys and values alone, as Qwen2Config() makes them") {
  const ModelConfig config = Fields("qwen2").parse();
  CHECK(config.family == ModelFamily::kQwen2 && config.intermediate == 22016);
  CHECK(config.heads == 32 && config.kvHeads == 32 && config.headDim == 128);
  CHECK(config.vocab == 151936 && config.contextMax == 32768);
  CHECK(config.qkvBias && !config.outputBias && !config.mlpBias && !config.qkNorm);
  CHECK(config.slidingWindow == std::vector<int>(32, 0));
  CHECK(config.eosIds.empty() && !config.bosId);
}

TEST("an empty Qwen3 has normed heads of 128 whatever hidden / heads is, as Qwen3Config() has") {
  const ModelConfig config = Fields("qwen3").set("hidden_size", "1024").parse();
  CHECK(config.family == ModelFamily::kQwen3 && config.headDim == 128 && config.kvHeads == 32);
  CHECK(config.qkNorm && !config.qkvBias && !config.outputBias && !config.mlpBias);
  CHECK(config.vocab == 151936 && config.contextMax == 32768 && config.eosIds.empty());
}

TEST("absent and null KV heads differ: null is as many as heads, absent what the class says") {
  for (const char* type : {"llama", "mistral", "qwen2", "qwen3"}) {
    CHECK(Fields(type).set("num_key_value_heads", "null").set("num_attention_heads", "16").parse()
              .kvHeads == 16);
  }
  CHECK(Fields("llama").set("num_attention_heads", "16").parse().kvHeads == 16);
  CHECK(Fields("mistral").set("num_attention_heads", "16").parse().kvHeads == 8);
  refused(Fields("qwen2").set("num_attention_heads", "16"),
          "num_key_value_heads is absent, which means 32 to qwen2: num_attention_heads (16)");
}

TEST("head_dim is taken where it is there, hidden / heads where it is absent or null") {
  CHECK(small().parse().headDim == 16);
  CHECK(small().set("head_dim", "null").parse().headDim == 16);
  CHECK(small().set("head_dim", "48").parse().headDim == 48);
  CHECK(small("qwen2").set("head_dim", "48").parse().headDim == 48);
  CHECK(small("mistral").set("head_dim", "null").parse().headDim == 16);
  CHECK(small().set("hidden_size", "65").set("head_dim", "16").parse().headDim == 16);
  refused(small().set("hidden_size", "66"), "hidden_size (66) is no multiple");
  refused(small("qwen3").set("head_dim", "null"), "config.json: head_dim is null");
  refused(small().set("head_dim", "0"), "config.json: head_dim is 0: must be from 2");
  refused(small().set("head_dim", "15"), "head_dim is 15: must be even");
  refused(small().set("hidden_size", "60"),
          "head_dim (hidden_size / num_attention_heads) is 15: must be even");
  // Kernels hold one head on the stack.
  CHECK(small().set("head_dim", "256").parse().headDim == 256);
  refused(small().set("head_dim", "258"),
          "head_dim is 258: must be even, and the engine runs at most 256",
          ErrorCode::kUnsupportedModel);
  refused(small().set("hidden_size", "262144").set("num_attention_heads", "2"),
          "is 131072: must be even, and the engine runs at most 256", ErrorCode::kUnsupportedModel);
}

TEST("biases follow attention_bias and mlp_bias where the family reads them") {
  const ModelConfig llama =
      small().set("attention_bias", "true").set("mlp_bias", "true").parse();
  CHECK(llama.qkvBias && llama.outputBias && llama.mlpBias);
  const ModelConfig qwen3 = small("qwen3").set("attention_bias", "true").parse();
  CHECK(qwen3.qkvBias && qwen3.outputBias && !qwen3.mlpBias);
  for (const char* value : {"true", "false"}) {
    const ModelConfig qwen2 = small("qwen2").set("attention_bias", value).parse();
    CHECK(qwen2.qkvBias && !qwen2.outputBias);
  }
  CHECK(!small().set("attention_bias", "null").parse().qkvBias);
  CHECK(small().set("tie_word_embeddings", "true").parse().tiedEmbeddings);
  unsupported(small("mistral").set("attention_bias", "true"), "attention_bias is true: Mistral");
  unsupported(small("qwen2").set("mlp_bias", "true"), "config.json: mlp_bias is true");
  refused(small().set("mlp_bias", "1"), "config.json: mlp_bias is 1: must be true or false");
}

TEST("Mistral's window holds in every layer, and null turns it off") {
  CHECK(windows(small("mistral").set("sliding_window", "24")) == std::vector<int>(4, 24));
  CHECK(windows(small("mistral").set("sliding_window", "null")) == std::vector<int>(4, 0));
  CHECK(windows(small("mistral")) == std::vector<int>(4, 4096));
  CHECK(windows(small("llama").set("sliding_window", "24")) == std::vector<int>(4, 0));
  refused(small("mistral").set("sliding_window", "0"), "sliding_window is 0");
  refused(small("mistral").set("sliding_window", "-1"), "sliding_window is -1");
}

TEST("Qwen's window needs use_sliding_window and begins at max_window_layers") {
  for (const char* type : {"qwen2", "qwen3"}) {
    Fields fields = small(type).set("sliding_window", "32").set("max_window_layers", "3");
    CHECK(windows(fields) == std::vector<int>(4, 0));
    fields.set("use_sliding_window", "true");
    CHECK(windows(fields) == (std::vector<int>{0, 0, 0, 32}));
    fields.set("max_window_layers", "0");
    CHECK(windows(fields) == std::vector<int>(4, 32));
    fields.set("max_window_layers", "70");
    CHECK(windows(fields) == std::vector<int>(4, 0));
    CHECK(windows(small(type).set("use_sliding_window", "true")) == std::vector<int>(4, 0));
    CHECK(windows(small(type).set("use_sliding_window", "true").set("num_hidden_layers", "30"))
              .back() == 4096);
    fields.set("max_window_layers", "0").set("sliding_window", "null");
    CHECK(windows(fields) == std::vector<int>(4, 0));
    refused(fields.set("sliding_window", "8").set("max_window_layers", "-1"), "max_window_layers");
  }
}

TEST("layer_types decides for Qwen and may not contradict anything") {
  Fields fields = small("qwen3").set("sliding_window", "32").set("use_sliding_window", "true");
  const std::string full = "\"full_attention\"";
  const std::string sliding = "\"sliding_attention\"";
  fields.set("layer_types", "[" + sliding + "," + full + "," + sliding + ",\"attention\"]");
  CHECK(windows(fields) == (std::vector<int>{32, 0, 32, 0}));
  refused(fields.set("use_sliding_window", "false"),
          "layer_types[0] is \"sliding_attention\": no sliding_window is in force");
  refused(small("qwen3").set("layer_types", "[" + full + "]"),
          "layer_types is an array of 1: num_hidden_layers is 4");
  unsupported(small("qwen3").set("layer_types", "[" + full + "," + full + "," + full +
                                                    ",\"linear_attention\"]"),
              "layer_types[3] is \"linear_attention\"");
  const std::string allFull = "[" + full + "," + full + "," + full + "," + full + "]";
  CHECK(windows(small("llama").set("layer_types", allFull)) == std::vector<int>(4, 0));
  unsupported(small("mistral").set("layer_types", allFull),
              "layer_types[0] is \"full_attention\": every layer of mistral has the sliding");
  CHECK(windows(small("llama").set("layer_types", "null")) == std::vector<int>(4, 0));
}

TEST("other architectures are refused by name") {
  for (const char* type : {"gemma2", "qwen3_moe", "mixtral", "phi3", "LLAMA", ""}) {
    unsupported(small(type), "config.json: model_type is \"" + std::string(type) + "\"");
  }
  unsupported(small().set("architectures", "[\"LlamaForSequenceClassification\"]"),
              "architectures[0] is \"LlamaForSequenceClassification\"");
  unsupported(small().set("architectures", "[\"LlamaModel\"]"), "architectures[0]");
  refused(small().set("architectures", "[\"MistralForCausalLM\"]"),
          "model_type is \"llama\": architectures says MistralForCausalLM");
  refused(small().set("architectures", "\"LlamaForCausalLM\""), "must be an array");
  refused(small().set("model_type", "null"), "neither model_type nor architectures");
  CHECK(small().set("model_type", "null").set("architectures", "[\"Qwen3ForCausalLM\"]").parse()
            .family == ModelFamily::kQwen3);
  CHECK(small().set("architectures", "[]").parse().family == ModelFamily::kLlama);
}

TEST("activations, quantised weights and experts are refused by field") {
  unsupported(small().set("hidden_act", "\"gelu\""), "config.json: hidden_act is \"gelu\"");
  small().set("hidden_act", "\"silu\"").parse();
  unsupported(small().set("quantization_config", "{\"quant_method\":\"gptq\",\"bits\":4}"),
              "quantization_config.quant_method is \"gptq\"");
  unsupported(small().set("quantization_config", "{}"), "quantization_config is an object");
  unsupported(small().set("compression_config", "[]"), "compression_config");
  small().set("quantization_config", "null").parse();
  for (const char* field : {"num_experts", "num_local_experts", "n_routed_experts",
                            "num_experts_per_tok", "moe_intermediate_size"}) {
    unsupported(small().set(field, "8"), "config.json: " + std::string(field) + " is 8");
    small().set(field, "0").parse();
    small().set(field, "null").parse();
  }
  unsupported(small().set("per_layer_config", "{\"0\":{}}"), "per_layer_config");
}

TEST("sizes that are no sizes are refused by field, on both sides of each bound") {
  const std::map<std::string, int> bounds = {
      {"num_hidden_layers", kLayersMax},       {"hidden_size", kHiddenMax},
      {"intermediate_size", kIntermediateMax}, {"num_attention_heads", kHeadsMax},
      {"vocab_size", kVocabMax},               {"max_position_embeddings", kContextMax}};
  for (const auto& [field, bound] : bounds) {
    const auto with = [&](const std::string& value) {
      return small().set("head_dim", "16").set(field, value);
    };
    for (const std::string& value :
         {std::string("0"), std::string("-1"), std::to_string(bound + 1), std::string("1e18"),
          std::string("9223372036854775807"), std::string("-9223372036854775808"),
          std::string("1e308"), std::string("1.5"), std::string("\"4\""), std::string("null"),
          std::string("true"), std::string("[4]")}) {
      refused(with(value), "config.json: " + field + " is ");
    }
    with(std::to_string(bound)).parse();
    with("4.0").parse();
  }
  refused(small().set("num_key_value_heads", "0"), "num_key_value_heads is 0");
  refused(small().set("num_key_value_heads", "3"),
          "num_key_value_heads is 3: num_attention_heads (4) must be a multiple of it");
  refused(small().set("num_key_value_heads", "8"), "num_key_value_heads is 8");
  for (const char* eps : {"0", "-1e-6", "1e-40", "2", "null", "\"1e-6\""}) {
    refused(small().set("rms_norm_eps", eps), "config.json: rms_norm_eps is ");
  }
  CHECK(small().set("rms_norm_eps", "1e-05").parse().normEps == 1e-5f);
}

TEST("ends of sequence come from generation_config.json, then config.json, as number or list") {
  const Fields fields = small().set("eos_token_id", "[7, 8]").set("bos_token_id", "5");
  CHECK(fields.parse().eosIds == (std::vector<TokenId>{7, 8}) && fields.parse().bosId == 5);
  CHECK(fields.parse("{}").eosIds == (std::vector<TokenId>{7, 8}));
  CHECK(fields.parse("{\"eos_token_id\":null}").eosIds.size() == 2);
  const ModelConfig both = fields.parse("{\"eos_token_id\":[9,3,9],\"bos_token_id\":6}");
  CHECK(both.eosIds == (std::vector<TokenId>{9, 3}) && both.bosId == 6);
  CHECK(fields.parse("{\"eos_token_id\":[]}").eosIds.empty());
  CHECK(small().set("eos_token_id", "null").parse().eosIds.empty());
  CHECK(!small().set("bos_token_id", "null").parse().bosId);
  CHECK(small().set("vocab_size", "2").parse().eosIds.empty());
  CHECK(small("qwen3").set("eos_token_id", "319").parse().eosIds == std::vector<TokenId>{319});
  refused(small().set("eos_token_id", "320"), "eos_token_id is 320: vocab_size is 320");
  refused(small().set("eos_token_id", "[2, -1]"), "config.json: eos_token_id[1] is -1");
  refused(small().set("eos_token_id", "\"2\""), "eos_token_id is \"2\"");
  refused(small().set("bos_token_id", "320"), "bos_token_id is 320");
  refused(small(), "generation_config.json: eos_token_id[0] is 1000", ErrorCode::kInvalidModel,
          "{\"eos_token_id\":[1000]}");
  std::string many = "[0";
  for (int i = 0; i < 1024; ++i) many += ",0";
  refused(small().set("eos_token_id", many + "]"), "at most 1024");
}

TEST("sampling defaults are generation_config.json's, null where it is silent") {
  const ModelConfig config = small().parse(
      "{\"do_sample\":true,\"temperature\":0.6,\"top_k\":20,\"top_p\":0.95,\"min_p\":0.05,"
      "\"repetition_penalty\":1.1,\"transformers_version\":\"4.51.0\"}");
  CHECK(config.defaultTemperature == 0.6f && config.defaultTopK == 20);
  CHECK(config.defaultTopP == 0.95f && config.defaultMinP == 0.05f);
  CHECK(config.defaultRepetitionPenalty == 1.1f);
  const ModelConfig silent = small().parse("{\"temperature\":null,\"top_k\":null}");
  CHECK(!silent.defaultTemperature && !silent.defaultTopK && !silent.defaultTopP);
  CHECK(small().parse("{\"do_sample\":false,\"temperature\":0.7}").defaultTemperature == 0.0f);
  CHECK(!small().parse("{\"do_sample\":null}").defaultTemperature);
  CHECK(!small().parse("{\"top_k\":-1}").defaultTopK);
  CHECK(!small().parse("{\"top_k\":0}").defaultTopK);
  CHECK(small().parse("{\"top_p\":0}").defaultTopP > 0.0f);
  for (const char* text : {"{\"temperature\":-1}", "{\"temperature\":101}", "{\"top_p\":1.5}",
                           "{\"min_p\":-0.1}", "{\"repetition_penalty\":0}", "{\"top_k\":-2}",
                           "{\"top_k\":1.5}", "{\"top_k\":1e10}", "{\"temperature\":\"0.6\"}",
                           "{\"do_sample\":1}", "[]", "{", "x"}) {
    refused(small(), "generation_config.json", ErrorCode::kInvalidModel, text);
  }
}

TEST("text that is no JSON object is refused with its place") {
  CHECK_THROWS(parseModelConfig("", ""), ErrorCode::kInvalidModel, "config.json: line 1");
  CHECK_THROWS(parseModelConfig("[]", ""), ErrorCode::kInvalidModel, "must be an object");
  CHECK_THROWS(parseModelConfig("{\"vocab_size\": NaN}", ""), ErrorCode::kInvalidModel,
               "config.json: line 1, column 16");
  CHECK_THROWS(parseModelConfig("{\"vocab_size\": 1, \"vocab_size\": 2}", ""),
               ErrorCode::kInvalidModel, "second time");
}

TEST("a folder's files are found, and errors name them by path") {
  const TempFolder folder;
  CHECK_THROWS(readModelConfig(folder.path()), ErrorCode::kIo, folder.of("config.json"));
  folder.write("config.json", small().text());
  CHECK(readModelConfig(folder.path()).eosIds == std::vector<TokenId>{2});
  folder.write("generation_config.json", "{\"eos_token_id\": [4, 5]}");
  CHECK(readModelConfig(folder.path()).eosIds == (std::vector<TokenId>{4, 5}));
  folder.write("generation_config.json", "{\"eos_token_id\": -1}");
  CHECK_THROWS(readModelConfig(folder.path()), ErrorCode::kInvalidModel,
               folder.of("generation_config.json") + ": eos_token_id is -1");
  folder.write("generation_config.json", "");
  CHECK_THROWS(readModelConfig(folder.path()), ErrorCode::kInvalidModel,
               "generation_config.json: line 1, column 1: the text ends");
  folder.write("config.json", small("opt").text());
  CHECK_THROWS(readModelConfig(folder.path()), ErrorCode::kUnsupportedModel,
               folder.of("config.json") + ": model_type is \"opt\"");
}

TEST_MAIN
