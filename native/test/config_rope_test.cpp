// Rotary positions in config.json: both forms of transformers, what is refused under which name,
// and the frequencies that follow, which were taken from transformers itself.
#include <bit>
#include <cmath>

#include "check.h"
#include "config_texts.h"
#include "core/config.h"
#include "core/error.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

/// Units in the last place between two floats of one sign.
int apart(float a, std::uint32_t bits) {
  return std::abs(static_cast<int>(std::bit_cast<std::uint32_t>(a)) - static_cast<int>(bits));
}

void sameFrequencies(const Fields& fields, const std::vector<std::uint32_t>& expected,
                     int unitsMax) {
  const std::vector<float> ours = ropeFrequencies(fields.parse());
  CHECK(ours.size() == expected.size());
  int exact = 0;
  for (std::size_t i = 0; i < ours.size(); ++i) {
    CHECK_SAY(apart(ours[i], expected[i]) <= unitsMax,
              i << ": " << ours[i] << " against " << std::bit_cast<float>(expected[i]));
    exact += apart(ours[i], expected[i]) == 0 ? 1 : 0;
  }
  // The rest is what torch's power function is off by.
  CHECK_SAY(exact * 10 >= static_cast<int>(ours.size()) * 9, exact << " of " << ours.size());
}

}  // namespace

TEST("positions read alike in the forms of transformers 4 and 5") {
  const std::string llama3 =
      "\"factor\":8,\"low_freq_factor\":1.0,\"high_freq_factor\":4.0,"
      "\"original_max_position_embeddings\":256";
  const ModelConfig four = small()
                               .set("rope_theta", "500000.0")
                               .set("rope_scaling", "{\"rope_type\":\"llama3\"," + llama3 + "}")
                               .parse();
  const ModelConfig five =
      small()
          .set("rope_parameters",
               "{\"rope_theta\":500000.0,\"rope_type\":\"llama3\"," + llama3 + "}")
          .parse();
  const RopeScaling expected = {RopeScaling::Kind::kLlama3, 8, 1, 4, 256};
  CHECK(four.ropeScaling == expected && five.ropeScaling == expected);
  CHECK(four.ropeTheta == 500000 && five.ropeTheta == 500000);

  for (const char* key : {"type", "rope_type"}) {
    const ModelConfig linear =
        small()
            .set("rope_scaling", "{\"" + std::string(key) + "\":\"linear\",\"factor\":2.5}")
            .parse();
    CHECK(linear.ropeScaling.kind == RopeScaling::Kind::kLinear);
    CHECK(linear.ropeScaling.factor == 2.5 && linear.ropeTheta == 10000);
  }
  const ModelConfig plain =
      small().set("rope_parameters", "{\"rope_theta\":1000000,\"rope_type\":\"default\"}").parse();
  CHECK(plain.ropeScaling.kind == RopeScaling::Kind::kNone && plain.ropeTheta == 1000000);
  for (const char* nothing : {"null", "{}"}) {
    const ModelConfig none = small()
                                 .set("rope_scaling", nothing)
                                 .set("rope_parameters", nothing)
                                 .set("rope_theta", "5000")
                                 .parse();
    CHECK(none.ropeScaling.kind == RopeScaling::Kind::kNone && none.ropeTheta == 5000);
  }
  // rope_parameters without a theta takes the one outside; with neither it is 10000.
  CHECK(small().set("rope_parameters", "{\"rope_type\":\"default\"}").set("rope_theta", "77")
            .parse().ropeTheta == 77);
  CHECK(small().set("rope_parameters", "{\"rope_type\":\"default\"}").parse().ropeTheta == 10000);
}

TEST("llama3's original context is inside, outside or max_position_embeddings") {
  const std::string start =
      "{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":1,\"high_freq_factor\":4";
  CHECK(small().set("rope_scaling", start + "}").parse().ropeScaling.originalContext == 512);
  Fields outside = small().set("original_max_position_embeddings", "128");
  CHECK(outside.set("rope_scaling", start + "}").parse().ropeScaling.originalContext == 128);
  refused(outside.set("rope_scaling", start + ",\"original_max_position_embeddings\":64}"),
          "config.json: original_max_position_embeddings is 128: config.json: rope_scaling."
          "original_max_position_embeddings says otherwise");
}

TEST("rope types that the engine does not have are refused by name") {
  for (const char* type : {"yarn", "dynamic", "longrope", "su", "mrope", "proportional", ""}) {
    const std::string object = "{\"rope_type\":\"" + std::string(type) + "\",\"factor\":2}";
    unsupported(small().set("rope_scaling", object),
                "rope_scaling.rope_type is \"" + std::string(type) + "\": only default, linear");
    unsupported(small().set("rope_parameters", object), "rope_parameters.rope_type is \"");
  }
  unsupported(small().set("rope_scaling", "{\"type\":\"yarn\"}"), "rope_scaling.type is \"yarn\"");
  unsupported(small("qwen3").set("rope_parameters",
                                 "{\"full_attention\":{\"rope_type\":\"default\"}}"),
              "rope_parameters.full_attention is an object");
  unsupported(small().set("partial_rotary_factor", "0.5"), "partial_rotary_factor is 0.5");
  unsupported(small().set("rope_parameters", "{\"partial_rotary_factor\":0.25}"),
              "rope_parameters.partial_rotary_factor is 0.25");
  small().set("partial_rotary_factor", "1.0").parse();
}

TEST("positions that are out of range or contradict themselves are refused") {
  const auto scaling = [](const std::string& text) { return small().set("rope_scaling", text); };
  refused(scaling("[]"), "rope_scaling is an array of 0: must be an object");
  refused(scaling("{\"type\":\"linear\"}"), "config.json: rope_scaling: factor is missing");
  refused(scaling("{\"type\":\"linear\",\"factor\":0}"), "rope_scaling.factor is 0");
  refused(scaling("{\"type\":\"linear\",\"factor\":-2}"), "rope_scaling.factor is -2");
  refused(scaling("{\"type\":\"linear\",\"factor\":\"8\"}"), "factor is \"8\": must be a number");
  refused(scaling("{\"type\":\"linear\",\"rope_type\":\"llama3\",\"factor\":2}"),
          "rope_scaling.type is \"linear\": rope_type says \"llama3\"");
  refused(scaling("{\"type\":null}"), "rope_scaling.type is null");
  refused(scaling("{\"type\":\"llama3\",\"factor\":2,\"high_freq_factor\":4}"),
          "low_freq_factor is missing");
  refused(scaling("{\"type\":\"llama3\",\"factor\":2,\"low_freq_factor\":1}"),
          "high_freq_factor is missing");
  refused(scaling("{\"type\":\"llama3\",\"factor\":2,\"low_freq_factor\":4,"
                  "\"high_freq_factor\":4}"),
          "high_freq_factor is 4: must be above low_freq_factor");
  refused(small().set("rope_theta", "0"), "config.json: rope_theta is 0");
  refused(small().set("rope_theta", "-10000"), "rope_theta is -10000");
  refused(small().set("rope_theta", "null"), "rope_theta is null");
  refused(small().set("rope_theta", "1e300"), "rope_theta is 1e+300");
  refused(small().set("rope_theta", "10000").set("rope_parameters", "{\"rope_theta\":500000}"),
          "config.json: rope_theta is 10000: config.json: rope_parameters.rope_theta says");
}

TEST("rope_scaling beside rope_parameters is fine where both mean the same") {
  const std::string linear = "{\"rope_type\":\"linear\",\"factor\":2}";
  Fields fields = small().set("rope_scaling", linear).set("rope_parameters", linear);
  CHECK(fields.parse().ropeScaling.factor == 2);
  refused(fields.set("rope_parameters", "{\"rope_type\":\"linear\",\"factor\":3}"),
          "rope_scaling is an object: rope_parameters says otherwise");
  refused(fields.set("rope_parameters",
                     "{\"rope_type\":\"linear\",\"factor\":2,\"rope_theta\":99}"),
          "rope_parameters says otherwise");
}

// inv_freq of transformers 5.23 (torch 2.15), as bits.
TEST("frequencies are transformers' for plain positions") {
  sameFrequencies(small().set("head_dim", "20"),
                  {0x3f800000, 0x3ecbd4b4, 0x3e224b06, 0x3d813855, 0x3ccdc613, 0x3c23d70a,
                   0x3b8273a4, 0x3acfbc32, 0x3a2566d4, 0x3983b1fa},
                  1);
}

TEST("frequencies are transformers' for linear scaling") {
  sameFrequencies(
      small().set("head_dim", "64").set(
          "rope_parameters", R"({"rope_type":"linear","rope_theta":1000000.0,"factor":4.0})"),
      {0x3e800000, 0x3e263de0, 0x3dd7e89b, 0x3d8c3504, 0x3d361887, 0x3cec7fd6, 0x3c99940d,
       0x3c47763f, 0x3c0186e3, 0x3ba8398b, 0x3b5a7bf2, 0x3b0de12d, 0x3ab8449c, 0x3a6f520e,
       0x3a1b690d, 0x39c9d75c, 0x3983126f, 0x392a3b44, 0x38dd1725, 0x388f9272, 0x383a7753,
       0x37f22ce2, 0x379d43a4, 0x374c3fbe, 0x3704a2b2, 0x36ac431d, 0x365fba4f, 0x361148e3,
       0x35bcb0c1, 0x35751070, 0x351f23e4, 0x34ceaf79},
      1);
}

TEST("frequencies are transformers' for llama3 scaling: Llama 3.1 8B and 3.2 1B") {
  const std::string rest =
      R"("low_freq_factor":1.0,"high_freq_factor":4.0,"original_max_position_embeddings":8192,)"
      R"("rope_theta":500000.0,"rope_type":"llama3"})";
  sameFrequencies(
      small().set("head_dim", "128").set("rope_parameters", "{\"factor\":8.0," + rest),
      {0x3f800000, 0x3f508ac1, 0x3f29e1c6, 0x3f0a6384, 0x3ee177bc, 0x3eb7ab7d, 0x3e959ee3,
       0x3e73c461, 0x3e4693b0, 0x3e21c3a0, 0x3e03c6a0, 0x3dd6b19c, 0x3daee4ad, 0x3d8e7898,
       0x3d681e67, 0x3d3d1684, 0x3d1a08c8, 0x3cfaf53f, 0x3ccc6f49, 0x3ca68939, 0x3c87a9c3,
       0x3c5d06ec, 0x3c340d6d, 0x3c12ac7f, 0x3beef74f, 0x3bc2aa76, 0x3b9e9402, 0x3b812e35,
       0x3b527720, 0x3b0dfd06, 0x3ab3d11d, 0x3a60979e, 0x3a0995d2, 0x39a3f108, 0x393b2dd2,
       0x38c86886, 0x38a3418d, 0x3884fdbf, 0x3858ac81, 0x38308199, 0x380fc8f8, 0x37ea426f,
       0x37bed4f4, 0x379b7475, 0x377d45c3, 0x374e51f5, 0x3728126b, 0x3708ea0f, 0x36df10c4,
       0x36b5b687, 0x369406cb, 0x36712b80, 0x36447610, 0x36200a69, 0x36025f34, 0x35d46808,
       0x35ad07a7, 0x358cf400, 0x3565a54d, 0x353b12c7, 0x351864a7, 0x34f848c2, 0x34ca41b0,
       0x34a4c2ff},
      2);
  sameFrequencies(
      small().set("head_dim", "64").set("rope_parameters", "{\"factor\":32.0," + rest),
      {0x3f800000, 0x3f29e1c6, 0x3ee177bc, 0x3e959ee3, 0x3e4693b0, 0x3e03c6a0, 0x3daee4ad,
       0x3d681e67, 0x3d1a08c8, 0x3ccc6f49, 0x3c87a9c3, 0x3c340d6d, 0x3beef74f, 0x3b9e9402,
       0x3b527720, 0x3aa9279b, 0x39e13620, 0x38cb98f7, 0x37a3418d, 0x3758ac81, 0x370fc8f8,
       0x36bed4f4, 0x367d45c3, 0x3628126b, 0x35df10c4, 0x359406cb, 0x35447610, 0x35025f34,
       0x34ad07a7, 0x3465a54d, 0x341864a7, 0x33ca41b0},
      2);
}

TEST_MAIN
