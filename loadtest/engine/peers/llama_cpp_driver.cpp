// llama.cpp as a driver of the engine's benchmark (../README.md has the protocol), on llama.h
// alone.
//
//   driver --model FILE.gguf --threads N [--kv f16|bf16|q8_0]
//   driver --quantize IN.gguf OUT.gguf        q8_0, by llama.cpp's own quantiser
//   driver --version
//
// Everything not named here is llama.cpp's default: flash attention where it supports it, batches
// of 2048 in chunks of 512, weights mapped, its own choice of repacked formats.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "ggml.h"
#include "llama.h"

namespace {

constexpr int kUnmeasuredSteps = 2;
constexpr int kPromptBatch = 512;
constexpr llama_token kFirstToken = 3;

double secondsNow() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

std::string versionText() { return std::string(llama_version()) + " (ggml " + ggml_version() + ")"; }

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out + '"';
}

/// The instruction sets of llama.cpp's own list that are on, by name.
std::string isaText() {
  std::string out;
  std::string all = llama_print_system_info();
  for (size_t at = 0; (at = all.find(" = 1", at)) != std::string::npos; at += 4) {
    size_t begin = all.rfind(' ', at - 1) + 1;
    out += (out.empty() ? "" : " ") + all.substr(begin, at - begin);
  }
  return out;
}

/// The value behind `"key":` in a flat JSON object, as text; empty where there is none.
std::string fieldOf(const std::string& line, const std::string& key) {
  size_t at = line.find('"' + key + '"');
  if (at == std::string::npos) return "";
  at = line.find(':', at);
  if (at == std::string::npos) return "";
  at = line.find_first_not_of(" \t", at + 1);
  if (at == std::string::npos) return "";
  if (line[at] == '"') return line.substr(at + 1, line.find('"', at + 1) - at - 1);
  return line.substr(at, line.find_first_of(",} \t", at) - at);
}

int countOf(const std::string& line, const std::string& key, int absent) {
  std::string text = fieldOf(line, key);
  return text.empty() ? absent : std::atoi(text.c_str());
}

void answer(const std::string& request, double tokensPerStep, const std::vector<double>& seconds) {
  std::vector<double> sorted = seconds;
  std::sort(sorted.begin(), sorted.end());
  size_t half = sorted.size() / 2;
  double median = sorted.size() % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  std::printf("%s,\"seconds\":[", request.c_str());
  for (size_t i = 0; i < seconds.size(); ++i) std::printf("%s%.6f", i ? "," : "", seconds[i]);
  std::printf("],\"stepSeconds\":%.6f,\"tokensPerSecond\":%.3f}\n", median, tokensPerStep / median);
}

class Driver {
 public:
  Driver(llama_model* model, int threads, ggml_type kv) : model_(model), threads_(threads), kv_(kv) {
    vocab_ = llama_vocab_n_tokens(llama_model_get_vocab(model));
  }
  ~Driver() { close(); }

  /// Empty when it was done, else why not.
  std::string decode(const std::string& line) {
    int batch = countOf(line, "batch", 1);
    int context = countOf(line, "context", 16);
    int steps = countOf(line, "steps", 12);
    if (batch < 1 || context < 1 || steps < 1) return "batch, context and steps are at least 1";
    int length = context + kUnmeasuredSteps + steps;
    if (!open(batch, batch * padded(length))) return "no context of that size";
    for (int sequence = 0; sequence < batch; ++sequence) {
      for (int at = 0; at < context; ++at) {
        add(sequence, at, at == context - 1);
        if (batch_.n_tokens == kPromptBatch && !run()) return "llama_decode of a prompt failed";
      }
    }
    if (batch_.n_tokens > 0 && !run()) return "llama_decode of a prompt failed";
    std::vector<double> seconds;
    for (int step = 0; step < kUnmeasuredSteps + steps; ++step) {
      for (int sequence = 0; sequence < batch; ++sequence) add(sequence, context + step, true);
      double start = secondsNow();
      if (!run()) return "llama_decode of a step failed";
      llama_get_logits_ith(context_, batch - 1);
      if (step >= kUnmeasuredSteps) seconds.push_back(secondsNow() - start);
    }
    answer("{\"test\":\"decode\",\"batch\":" + std::to_string(batch) + ",\"context\":" +
               std::to_string(context) + ",\"steps\":" + std::to_string(steps),
           batch, seconds);
    return "";
  }

  std::string prefill(const std::string& line) {
    int tokens = countOf(line, "tokens", 0);
    int steps = countOf(line, "steps", 2);
    if (tokens < 1 || steps < 1) return "tokens and steps are at least 1";
    if (!open(1, padded(tokens))) return "no context of that size";
    bool warm = warm_[tokens];
    warm_[tokens] = true;
    std::vector<double> seconds;
    for (int step = warm ? 0 : -1; step < steps; ++step) {
      llama_memory_clear(llama_get_memory(context_), true);
      std::vector<llama_token> prompt(static_cast<size_t>(tokens));
      for (llama_token& token : prompt) token = randomToken();
      double start = secondsNow();
      for (int at = 0; at < tokens; at += 2048) {
        int part = std::min(2048, tokens - at);
        if (llama_decode(context_, llama_batch_get_one(prompt.data() + at, part)) != 0) {
          return "llama_decode of a prompt failed";
        }
      }
      llama_get_logits_ith(context_, -1);
      if (step >= 0) seconds.push_back(secondsNow() - start);
    }
    answer("{\"test\":\"prefill\",\"tokens\":" + std::to_string(tokens) + ",\"steps\":" +
               std::to_string(steps),
           tokens, seconds);
    return "";
  }

 private:
  /// llama.cpp gives each sequence a multiple of 256 cells.
  static int padded(int length) { return (length + 255) / 256 * 256; }

  llama_token randomToken() {
    return std::uniform_int_distribution<llama_token>(kFirstToken, vocab_ - 1)(random_);
  }

  /// An empty context for `sequences` and `cells` in all; the last one again where it fits exactly.
  bool open(int sequences, int cells) {
    if (context_ != nullptr && sequences == sequences_ && cells == cells_) {
      llama_memory_clear(llama_get_memory(context_), true);
      batch_.n_tokens = 0;
      return true;
    }
    close();
    llama_context_params params = llama_context_default_params();
    params.n_ctx = static_cast<uint32_t>(cells);
    params.n_batch = 2048;
    params.n_ubatch = 512;
    params.n_seq_max = static_cast<uint32_t>(sequences);
    params.n_threads = params.n_threads_batch = threads_;
    params.type_k = params.type_v = kv_;
    if (kv_ == GGML_TYPE_Q8_0) params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_ENABLED;
    context_ = llama_init_from_model(model_, params);
    if (context_ == nullptr) return false;
    batch_ = llama_batch_init(std::max(kPromptBatch, sequences), 0, 1);
    sequences_ = sequences;
    cells_ = cells;
    return true;
  }

  void close() {
    if (context_ == nullptr) return;
    llama_batch_free(batch_);
    llama_free(context_);
    context_ = nullptr;
  }

  void add(int sequence, int position, bool logits) {
    int at = batch_.n_tokens++;
    batch_.token[at] = randomToken();
    batch_.pos[at] = position;
    batch_.n_seq_id[at] = 1;
    batch_.seq_id[at][0] = sequence;
    batch_.logits[at] = logits;
  }

  bool run() {
    bool done = llama_decode(context_, batch_) == 0;
    batch_.n_tokens = 0;
    return done;
  }

  llama_model* model_;
  int threads_;
  ggml_type kv_;
  llama_token vocab_ = 0;
  std::mt19937 random_{1};
  std::map<int, bool> warm_;
  llama_context* context_ = nullptr;
  llama_batch batch_{};
  int sequences_ = 0;
  int cells_ = 0;
};

int quantize(const char* from, const char* to) {
  llama_model_quantize_params params = llama_model_quantize_default_params();
  params.ftype = LLAMA_FTYPE_MOSTLY_Q8_0;
  return llama_model_quantize(from, to, &params) == 0 ? 0 : 1;
}

int refuse(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> args(argv + 1, argv + argc);
  ggml_backend_load_all();
  llama_log_set(
      [](ggml_log_level level, const char* text, void*) {
        if (level >= GGML_LOG_LEVEL_WARN) std::fputs(text, stderr);
      },
      nullptr);
  llama_backend_init();
  if (args.size() == 1 && args[0] == "--version") {
    std::printf("%s\n", versionText().c_str());
    return 0;
  }
  if (args.size() == 3 && args[0] == "--quantize") return quantize(argv[2], argv[3]);
  std::map<std::string, std::string> options;
  for (size_t i = 0; i + 1 < args.size(); i += 2) options[args[i]] = args[i + 1];
  std::string path = options["--model"];
  int threads = std::atoi(options["--threads"].c_str());
  std::string kv = options["--kv"].empty() ? "f16" : options["--kv"];
  if (args.size() % 2 != 0 || path.empty() || threads < 1 || options.size() > 3) {
    return refuse("usage: driver --model FILE.gguf --threads N [--kv f16|bf16|q8_0]");
  }
  const std::map<std::string, ggml_type> types = {
      {"f16", GGML_TYPE_F16}, {"bf16", GGML_TYPE_BF16}, {"q8_0", GGML_TYPE_Q8_0}};
  if (types.count(kv) == 0) return refuse("--kv " + kv + ": f16, bf16 or q8_0");

  double start = secondsNow();
  llama_model* model = llama_model_load_from_file(path.c_str(), llama_model_default_params());
  if (model == nullptr) return refuse(path + ": llama.cpp does not load it");
  std::printf("{\"ready\":true,\"name\":\"llama.cpp\",\"version\":%s,\"isa\":%s,\"loadSeconds\":%.3f}\n",
              quoted(versionText()).c_str(), quoted(isaText()).c_str(), secondsNow() - start);
  std::fflush(stdout);
  {
    Driver driver(model, threads, types.at(kv));
    for (std::string line; std::getline(std::cin, line);) {
      std::string test = fieldOf(line, "test");
      std::string why = test == "decode"    ? driver.decode(line)
                        : test == "prefill" ? driver.prefill(line)
                                            : "not a test of this driver";
      if (!why.empty()) {
        std::printf("{\"test\":%s,\"error\":%s}\n", quoted(test).c_str(), quoted(why).c_str());
      }
      std::fflush(stdout);
    }
  }
  llama_model_free(model);
}
