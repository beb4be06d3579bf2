// The readers of model folders against bytes that went wrong: real files, a few random changes, for
// a second each. Whatever comes, they accept it and keep every promise, or refuse it in words, and
// allocate no more than a multiple of what they were given.
//
// Case i of a seed is the same everywhere; a failure says seed and case.
#include <unistd.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <set>

#include "check.h"
#include "fuzz_targets.inl"
#include "largest_allocation.h"
#include "safetensors_bytes.h"
#include "temp_folder.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

constexpr std::chrono::milliseconds kTimePerReader{1200};

/// What a byte of input may cost in one allocation, and what any input may: a parsed value is some
/// 200 bytes and its array doubles.
constexpr std::size_t kAllocationPerByte = 512;
constexpr std::size_t kAllocationFlat = 1 << 16;

constexpr char kConfig[] = R"({
  "architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "attention_bias": false,
  "bos_token_id": 1, "dtype": "bfloat16", "eos_token_id": [2, 5], "head_dim": 8,
  "hidden_act": "silu", "hidden_size": 16, "intermediate_size": 24, "max_position_embeddings": 64,
  "max_window_layers": 1, "num_attention_heads": 4, "num_hidden_layers": 2,
  "num_key_value_heads": 2, "rms_norm_eps": 1e-06, "rope_parameters": {"rope_theta": 10000.0,
  "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
  "original_max_position_embeddings": 32}, "layer_types": ["full_attention", "sliding_attention"],
  "sliding_window": 16, "use_sliding_window": true, "tie_word_embeddings": true,
  "quantization_config": null, "vocab_size": 40, "note": "caf\u00e9 \ud83d\ude00" })";
constexpr char kGeneration[] = R"({
  "eos_token_id": [2, 7], "temperature": 0.6, "top_k": 20, "top_p": 0.95, "do_sample": true})";

constexpr std::array<const char*, 44> kWords = {
    "0", "-1", "1", "1.5", "1e308", "-0.0", "2147483648", "9223372036854775807",
    "18446744073709551616", "1e-320", "null", "true", "false", "\"\"", "[]", "{}", "[", "]", "{",
    "}", ",", ":", "\"", "\\u0000", "\\ud800", "\xff", "NaN", "\"BF16\"", "\"F4\"", "\"F32\"",
    "\"llama\"", "\"yarn\"", "\"model_type\"", "\"rope_type\"", "\"data_offsets\"", "\"shape\"",
    "model-00002-of-00002.safetensors", "../", "\"head_dim\"", "\"num_experts\"", "\"gelu\"",
    "\"mistral\"", "  ", "\n"};

const std::set<Outcome> kAllButIo = {Outcome::kAccepted, Outcome::kInvalid, Outcome::kUnsupported};
const std::set<Outcome> kAll = {Outcome::kAccepted, Outcome::kInvalid, Outcome::kUnsupported,
                                Outcome::kIo};

std::size_t placeIn(Random& random, const std::string& text) {
  return static_cast<std::size_t>(random.below(static_cast<int>(text.size()) + 1));
}

/// Where a number or a word between quotes begins near a random place, and how long it is.
std::pair<std::size_t, std::size_t> tokenIn(Random& random, const std::string& text) {
  constexpr char kInToken[] = "0123456789.-+eE\"abcdfghijklmnopqrstuvwxyz_";
  const std::size_t begin = text.find_first_of("0123456789\"tfn", placeIn(random, text));
  if (begin == std::string::npos) return {text.size(), 0};
  const std::size_t end = text.find_first_not_of(kInToken, begin + 1);
  return {begin, (end == std::string::npos ? text.size() : end) - begin};
}

void mutateOnce(Random& random, std::string& text) {
  const std::string word = kWords[static_cast<std::size_t>(random.below(kWords.size()))];
  const std::size_t at = placeIn(random, text);
  const std::size_t length =
      std::min(text.size() - at, static_cast<std::size_t>(random.between(1, 40)));
  switch (random.below(8)) {
    case 0:  // one bit
      if (at < text.size()) text[at] = static_cast<char>(text[at] ^ (1 << random.below(8)));
      return;
    case 1: text.insert(at, word); return;
    case 2: text.erase(at, length); return;
    case 3: text.insert(placeIn(random, text), text.substr(at, length)); return;
    case 4: text.resize(at); return;
    case 5:  // one digit, which most often leaves the text well formed
      for (std::size_t i = at; i < text.size(); ++i) {
        if (text[i] < '0' || text[i] > '9') continue;
        text[i] = static_cast<char>('0' + random.below(10));
        return;
      }
      return;
    default: {  // one token for another
      const auto [begin, size] = tokenIn(random, text);
      text.replace(begin, size, word);
      return;
    }
  }
}

std::string mutated(Random& random, std::string text) {
  for (int i = random.between(0, 3); i >= 0; --i) mutateOnce(random, text);
  return text;
}

/// Cases until the time is up and each of `expected` came, and nothing but these. `body` draws from
/// the case's own random numbers and says how many bytes it gave.
void runCases(const char* name, const std::set<Outcome>& expected,
              const std::function<Outcome(Random& random, std::size_t& bytes)>& body) {
  using Clock = std::chrono::steady_clock;
  std::map<Outcome, int> counts;
  const auto start = Clock::now();
  std::uint64_t number = 0;
  for (;; ++number) {
    const auto passed = Clock::now() - start;
    if (passed > kTimePerReader && counts.size() >= expected.size()) break;
    CHECK_SAY(passed < 20 * kTimePerReader, "kinds of answers: " << counts.size());
    Random random(testSeed() * 1'000'003 + number);
    std::size_t bytes = 0;
    largestAllocation = 0;
    Outcome outcome = Outcome::kAccepted;
    try {
      outcome = body(random, bytes);
      CHECK_SAY(largestAllocation <= kAllocationFlat + bytes * kAllocationPerByte,
                largestAllocation << " bytes at once for " << bytes);
    } catch (const std::exception& error) {
      failCase(__FILE__, __LINE__,
               "seed " + std::to_string(testSeed()) + ", case " + std::to_string(number) + ": " +
                   error.what());
    }
    ++counts[outcome];
    CHECK_SAY(expected.contains(outcome), "case " << number << " gave another answer");
  }
  std::printf("      %s: %llu cases, %d accepted, %d invalid, %d unsupported, %d io\n", name,
              static_cast<unsigned long long>(number), counts[Outcome::kAccepted],
              counts[Outcome::kInvalid], counts[Outcome::kUnsupported], counts[Outcome::kIo]);
}

std::string tensorsFile(int first) {
  const std::string prefix = "model.layers." + std::to_string(first) + ".";
  const std::string header =
      "{\"__metadata__\":{\"format\":\"pt\"}," +
      tensorEntry(prefix + "norm.weight", "BF16", "[16]", 0, 32) + "," +
      tensorEntry(prefix + "empty", "F32", "[0,4]", 32, 32) + "," +
      tensorEntry(prefix + "proj.weight", "F32", "[3,4]", 32, 80) + "}  ";
  return safetensorsFile(header, std::string(80, 'w'));
}

std::string indexText() {
  std::string map;
  for (int shard = 0; shard < 2; ++shard) {
    for (const char* name : {"norm.weight", "empty", "proj.weight"}) {
      map.append(map.empty() ? "" : ",").append("\"model.layers.").append(std::to_string(shard));
      map.append(".").append(name).append("\":\"model-0000").append(std::to_string(shard + 1));
      map.append("-of-00002.safetensors\"");
    }
  }
  return "{\"metadata\":{\"total_size\":160},\"weight_map\":{" + map + "}}";
}

/// The length before a header, made to fit the header that a mutation left, most of the time.
void mendLength(Random& random, std::string& file, std::size_t dataBytes) {
  if (file.size() < 8 + dataBytes || random.below(4) == 0) return;
  std::uint64_t length = file.size() - 8 - dataBytes;
  for (std::size_t i = 0; i < 8; ++i, length >>= 8) file[i] = static_cast<char>(length & 0xff);
}

}  // namespace

TEST("JSON that went wrong is read or refused") {
  runCases("JSON", {Outcome::kAccepted, Outcome::kInvalid}, [](Random& random, std::size_t& bytes) {
    const std::string text = mutated(random, kConfig);
    bytes = text.size() * 4;  // Written out again and read a second time.
    return tryJson(text);
  });
}

TEST("configs that went wrong are read or refused by field") {
  runCases("config", kAllButIo, [](Random& random, std::size_t& bytes) {
    const std::string config = random.below(4) == 0 ? kConfig : mutated(random, kConfig);
    std::string generation;
    if (random.below(2) == 0) generation = mutated(random, kGeneration);
    bytes = config.size() + generation.size();
    return tryConfig(config, generation);
  });
}

TEST("safetensors files that went wrong are read or refused by tensor") {
  const std::string good = tensorsFile(0);
  runCases("safetensors", kAllButIo, [&](Random& random, std::size_t& bytes) {
    std::string file = mutated(random, good);
    mendLength(random, file, 80);
    bytes = file.size();
    return trySafetensors(file);
  });
}

TEST("folders in which one file went wrong are read or refused") {
  // Where there is a file system in memory, a case takes a hundredth of the time.
  const std::filesystem::path memory = "/dev/shm";
  const TempFolder folder(access(memory.c_str(), W_OK) == 0
                              ? memory
                              : std::filesystem::temp_directory_path());
  const std::map<std::string, std::string> files = {
      {"config.json", kConfig},
      {"generation_config.json", kGeneration},
      {"model-00001-of-00002.safetensors", tensorsFile(0)},
      {"model-00002-of-00002.safetensors", tensorsFile(1)},
      {"model.safetensors.index.json", indexText()}};
  std::size_t sizes = 0;
  for (const auto& [name, text] : files) {
    folder.write(name, text);
    sizes += text.size();
  }
  CHECK(tryFolder(folder.path()) == Outcome::kAccepted);
  runCases("folder", kAll, [&](Random& random, std::size_t& bytes) {
    const auto chosen = std::next(files.begin(), random.below(static_cast<int>(files.size())));
    std::string text = mutated(random, chosen->second);
    if (chosen->first.ends_with(".safetensors")) mendLength(random, text, 80);
    folder.write(chosen->first, text);
    bytes = sizes + text.size();
    const Outcome outcome = tryFolder(folder.path());
    folder.write(chosen->first, chosen->second);
    return outcome;
  });
}

TEST_MAIN
