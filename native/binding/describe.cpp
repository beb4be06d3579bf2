// One function per struct, field by field, in the order of engine.h.
#include "binding/describe.h"

#include <string>
#include <utility>

#include "binding/values.h"
#include "kernels_cpu/kernels.h"

namespace signalbox::binding {
namespace {

/// Raised when a function of the addon or a shape that crosses changes; binding.ts expects one.
constexpr int kBindingVersion = 2;

double number(std::uint64_t count) { return static_cast<double>(count); }

template <class T>
napi_value optionalNumber(napi_env env, const std::optional<T>& value) {
  return value ? numberValue(env, static_cast<double>(*value)) : nullValue(env);
}

napi_value tokens(napi_env env, const std::vector<TokenId>& ids) {
  return arrayValue(env, ids, [env](TokenId id) { return numberValue(env, id); });
}

napi_value describeConfig(napi_env env, const ModelConfig& config) {
  return ObjectWriter(env)
      .text("family", nameOf(config.family))
      .number("layers", config.layers)
      .number("hidden", config.hidden)
      .number("intermediate", config.intermediate)
      .number("heads", config.heads)
      .number("kvHeads", config.kvHeads)
      .number("headDim", config.headDim)
      .number("vocab", config.vocab)
      .number("contextMax", config.contextMax)
      .flag("tiedEmbeddings", config.tiedEmbeddings)
      .value("eosIds", tokens(env, config.eosIds))
      .value("bosId", optionalNumber(env, config.bosId))
      .value("temperature", optionalNumber(env, config.defaultTemperature))
      .value("topK", optionalNumber(env, config.defaultTopK))
      .value("topP", optionalNumber(env, config.defaultTopP))
      .value("minP", optionalNumber(env, config.defaultMinP))
      .value("repetitionPenalty", optionalNumber(env, config.defaultRepetitionPenalty))
      .object();
}

napi_value describeFacts(napi_env env, const RunnerFacts& facts) {
  const auto rank = [env](const RankBytes& bytes) {
    return ObjectWriter(env)
        .number("shardedWeights", number(bytes.shardedWeights))
        .number("replicatedWeights", number(bytes.replicatedWeights))
        .number("cache", number(bytes.cache))
        .object();
  };
  return ObjectWriter(env)
      .text("isa", facts.isa)
      .text("numerics", std::string(nameOf(facts.numerics)))
      .text("weights", std::string(nameOf(facts.weights)))
      .text("cache", std::string(nameOf(facts.cache)))
      .number("ranks", facts.ranks)
      .number("threads", facts.threads)
      .number("rowsMax", facts.rowsMax)
      .number("blocks", facts.blocks)
      .number("blockBytes", number(facts.blockBytes))
      .value("rankBytes", arrayValue(env, facts.bytes, rank))
      .object();
}

napi_value describeTeam(napi_env env, const TeamCounters& team) {
  return ObjectWriter(env)
      .number("threads", team.threads)
      .number("active", team.active)
      .number("shrinks", number(team.shrinks))
      .number("sleeps", number(team.sleeps))
      .number("waitSeconds", team.waitSeconds)
      .object();
}

const char* kindName(KvEventKind kind) {
  switch (kind) {
    case KvEventKind::kStored: return "stored";
    case KvEventKind::kRemoved: return "removed";
    case KvEventKind::kCleared: return "cleared";
  }
  return "cleared";
}

napi_value hashValue(napi_env env, std::uint64_t hash) {
  napi_value value;
  expectOk(env, napi_create_bigint_uint64(env, hash, &value), "bigint");
  return value;
}

/// Names by number, as OutputBatch writes them.
template <class Enum>
napi_value namesUpTo(napi_env env, Enum last) {
  std::vector<std::string> names;
  for (int i = 0; i <= static_cast<int>(last); ++i) names.push_back(nameOf(static_cast<Enum>(i)));
  return arrayValue(env, names, [env](const std::string& name) { return textValue(env, name); });
}

}  // namespace

napi_value describeSummary(napi_env env, const ModelSummary& summary) {
  const auto phase = [env](const std::pair<std::string, double>& entry) {
    return ObjectWriter(env).text("phase", entry.first).number("seconds", entry.second).object();
  };
  return ObjectWriter(env)
      .value("config", describeConfig(env, summary.config))
      .value("facts", describeFacts(env, summary.facts))
      .number("contextMax", summary.contextMax)
      .number("parameters", number(summary.parameters))
      .value("waterfall", arrayValue(env, summary.waterfall, phase))
      .object();
}

napi_value describeStats(napi_env env, const EngineStats& stats) {
  return ObjectWriter(env)
      .number("step", number(stats.step))
      .number("tokensOut", number(stats.tokensOut))
      .number("promptTokens", number(stats.promptTokens))
      .number("cachedTokens", number(stats.cachedTokens))
      .number("cacheQueries", number(stats.cacheQueries))
      .number("running", stats.running)
      .number("waiting", stats.waiting)
      .number("blocks", stats.blocks)
      .number("blocksFree", stats.blocksFree)
      .number("blocksCached", stats.blocksCached)
      .number("preemptions", number(stats.preemptions))
      .number("spilled", number(stats.spilled))
      .number("restored", number(stats.restored))
      .number("lastStepSeconds", stats.lastStepSeconds)
      .number("lastRows", stats.lastRows)
      .number("stepSeconds", stats.stepSeconds)
      .number("forwardSeconds", stats.forwardSeconds)
      .number("scheduleSeconds", stats.scheduleSeconds)
      .number("sampleSeconds", stats.sampleSeconds)
      .number("kvEventNext", number(stats.kvEventNext))
      .value("failure", stats.failed ? textValue(env, stats.failure) : nullValue(env))
      .value("team", describeTeam(env, stats.team))
      .object();
}

napi_value describeEvents(napi_env env, const std::vector<KvEvent>& events) {
  return arrayValue(env, events, [env](const KvEvent& event) {
    return ObjectWriter(env)
        .number("sequence", number(event.sequence))
        .text("kind", kindName(event.kind))
        .value("hash", hashValue(env, event.hash))
        .value("parent", event.parent == 0 ? nullValue(env) : hashValue(env, event.parent))
        .value("tokenIds", tokens(env, event.tokens))
        .object();
  });
}

napi_value describeAddon(napi_env env) {
  std::vector<std::string> built;
  const char* const* name = kernelNamesBuilt();
  for (; *name != nullptr; ++name) built.push_back(*name);
  const auto path = [env](const std::string& name) {
    const std::string why = whyNotHere(name.c_str());
    return ObjectWriter(env)
        .text("name", name)
        .value("whyNotHere", why.empty() ? nullValue(env) : textValue(env, why))
        .object();
  };
  const Kernels* fastest = kernelsNamed("");
  return ObjectWriter(env)
      .number("bindingVersion", kBindingVersion)
      .value("errorCodes", namesUpTo(env, ErrorCode::kInternal))
      .value("finishReasons", namesUpTo(env, FinishReason::kError))
      .value("paths", arrayValue(env, built, path))
      .value("fastest", fastest == nullptr ? nullValue(env) : textValue(env, fastest->name))
      .value("numerics", fastest == nullptr
                             ? nullValue(env)
                             : textValue(env, std::string(nameOf(fastest->numerics))))
      .object();
}

}  // namespace signalbox::binding
