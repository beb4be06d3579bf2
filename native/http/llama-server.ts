// llama.cpp's llama-server, its own /completion with token ids both ways.
// https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
//
//   L1. Tokens come in small documents, not as a stream: its stream leaves out the ids of tokens
//       that end within a character. What was drawn stays in its slot, so that the next document
//       costs no computation that a stream would not.
//   L2. A call reads from a slot's cache only what a request with the same salt left there.
//   L3. An end of sequence ends a call, and the request where the request says so: `ignoreEos` and
//       `minTokens` are as the port has them.

import type { GenerateRequest, TokenLogprob, TokenLogprobs } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import type { Conversation, Dialect, Drawn } from "./dialect.ts";
import {
  errorText,
  listAt,
  logprobsOf,
  member,
  numberAt,
  positive,
  strange,
  textAt,
} from "./json.ts";
import { LlamaSlots, type SlotLease } from "./llama-slots.ts";
import { seedAt } from "./seeds.ts";

/** So long a document may take: a router takes an engine that stands still for long as hung. */
const DOCUMENT_MS = 250;
const DOCUMENT_TOKENS_MAX = 8;
const BOTH = "sampling.repetitionPenalty with presencePenalty or frequencyPenalty";

export function llamaServer(): Dialect {
  let slots = new LlamaSlots(1);
  let eosIds: readonly number[] = [];
  return {
    healthPath: "/health",
    metricsPath: "/metrics",
    capabilities: {
      ...{ exactResume: false, seeds: true, masks: false, logprobs: true, kvEvents: false },
      refuses: [BOTH],
    },
    async describe(ask, ends) {
      const props = await ask("/props");
      const [card] = listAt(await ask("/v1/models"), "data");
      const meta = member(card, "meta");
      const settings = member(props, "default_generation_settings");
      const contextMax = numberAt(settings, "n_ctx");
      const total = positive(numberAt(props, "total_slots")) ?? 1;
      slots = new LlamaSlots(total);
      eosIds = ends;
      return {
        model: textAt(card, "id") ?? textAt(props, "model_path") ?? "model",
        build: `llama.cpp ${textAt(props, "build_info") ?? "of no version"}`,
        ...{ contextMax, sequencesMax: total },
        cacheTokens: contextMax === null ? null : contextMax * total,
        parameters: numberAt(meta, "n_params"),
      };
    },
    refusal: ({ sampling }) => {
      const { repetitionPenalty, presencePenalty, frequencyPenalty } = sampling;
      const additive = presencePenalty !== 0 || frequencyPenalty !== 0;
      if (!additive || repetitionPenalty === 1) return null;
      return `${BOTH}: llama.cpp would count the prompt too`;
    },
    open: (request) => conversationOf(request, slots.lease(request), eosIds),
    loadOf: (samples) => ({
      running: samples.sum("llamacpp:requests_processing"),
      waiting: samples.sum("llamacpp:requests_deferred"),
      cacheUsage: null,
      motion: samples.sum("llamacpp:n_decode_total"),
      cacheTokens: null,
    }),
  };
}

function conversationOf(
  request: GenerateRequest,
  slot: SlotLease,
  eosIds: readonly number[],
): Conversation {
  const { sampling } = request;
  const { minTokens, presencePenalty, frequencyPenalty, logprobs } = sampling;
  const additive = presencePenalty !== 0 || frequencyPenalty !== 0;
  let size = 1;
  let told: number | null = null;
  let length = 0;
  let sent: readonly number[] = [];
  return {
    next: (output) => {
      length = output.length;
      sent = [...request.prompt, ...output];
      const early = Math.max(0, minTokens - length);
      const most = Math.min(sampling.maxTokens - length, early > 0 ? early : Infinity);
      return {
        path: "/completion",
        streams: false,
        body: {
          ...{ prompt: sent, stream: false, return_tokens: true },
          ...{ id_slot: slot.id, cache_prompt: slot.mayRead(sent) },
          n_predict: Math.min(additive ? 1 : size, most),
          // In the port's order, and no other ones.
          samplers: ["penalties", "temperature", "top_k", "top_p", "min_p"],
          temperature: sampling.temperature,
          top_k: sampling.topK ?? 0,
          top_p: sampling.topP,
          min_p: sampling.minP,
          repeat_penalty: sampling.repetitionPenalty,
          // All of it: what stood for that, -1, is refused since llama.cpp 0.7.
          repeat_last_n: sent.length + DOCUMENT_TOKENS_MAX,
          ...{ presence_penalty: 0, frequency_penalty: 0 },
          seed: seedAt(sampling.seed, length),
          logit_bias: biasesOf(request, output, early > 0 ? endsOf(request, eosIds) : []),
          n_probs: logprobs === null ? 0 : Math.max(1, logprobs),
        },
      };
    },
    read: (event) => {
      const error = errorText(event);
      if (error !== null) throw new EngineFailure("internal", `llama-server: ${error}`);
      const ids = member(event, "tokens");
      if (!Array.isArray(ids)) throw strange("llama-server", "no tokens: return_tokens is needed");
      const tokenIds = ids as number[];
      const timings = member(event, "timings");
      const cached = numberAt(timings, "cache_n");
      const first = told === null;
      told ??= Math.min(cached ?? 0, request.prompt.length);
      size = nextSize(size, msPerToken(timings, tokenIds.length, first));
      const drawn = length + tokenIds.length;
      slot.holds([...sent, ...tokenIds]);
      return {
        tokenIds,
        logprobs: logprobs === null ? null : readLogprobs(event, tokenIds.length, logprobs),
        cachedTokens: first && cached !== null ? told : null,
        end: endOf(event, sampling.ignoreEos || drawn <= minTokens),
      };
    },
    close: () => slot.release(),
  };
}

/** What ends the request when it is drawn. */
function endsOf({ sampling }: GenerateRequest, eosIds: readonly number[]): readonly number[] {
  return [...(sampling.ignoreEos ? [] : eosIds), ...sampling.stopIds];
}

/**
 * llama.cpp's own additive penalties count the prompt too, so those of the port are said as biases
 * of what was drawn; `never` may not be drawn at all.
 */
function biasesOf(
  { sampling }: GenerateRequest,
  output: readonly number[],
  never: readonly number[],
): readonly (readonly [number, number | false])[] {
  const { presencePenalty, frequencyPenalty, logitBias } = sampling;
  const biases = new Map<number, number>();
  const add = (id: number, bias: number): void => void biases.set(id, (biases.get(id) ?? 0) + bias);
  for (const { tokenId, bias } of logitBias) add(tokenId, bias);
  if (presencePenalty !== 0) for (const id of new Set(output)) add(id, -presencePenalty);
  if (frequencyPenalty !== 0) for (const id of output) add(id, -frequencyPenalty);
  for (const id of never) biases.delete(id);
  return [...biases, ...never.map((id) => [id, false] as const)];
}

/** The first document's prompt is the request's own, and says nothing of those to come. */
function msPerToken(timings: unknown, tokens: number, first: boolean): number {
  const prompt = first ? 0 : (numberAt(timings, "prompt_ms") ?? 0);
  return (prompt + (numberAt(timings, "predicted_ms") ?? 0)) / Math.max(1, tokens);
}

function nextSize(size: number, perTokenMs: number): number {
  const fits = perTokenMs > 0 ? Math.floor(DOCUMENT_MS / perTokenMs) : DOCUMENT_TOKENS_MAX;
  return Math.max(1, Math.min(fits, 2 * size, DOCUMENT_TOKENS_MAX));
}

function endOf(event: unknown, endsLater: boolean): Drawn["end"] {
  if (member(event, "truncated") === true) return "length"; // Its context is full.
  return textAt(event, "stop_type") === "eos" && !endsLater ? "stop" : null;
}

function readLogprobs(event: unknown, count: number, asked: number): TokenLogprobs[] {
  const of = (entry: unknown): TokenLogprob => ({
    tokenId: numberAt(entry, "id") ?? NaN,
    logprob: numberAt(entry, "logprob") ?? -Infinity,
  });
  const entries = listAt(event, "completion_probabilities").slice(0, count);
  return entries.map((it) => logprobsOf(of(it), listAt(it, "top_logprobs").map(of), asked));
}
