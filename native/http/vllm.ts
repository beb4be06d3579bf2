// vLLM's OpenAI server, 0.10.2 or later: /v1/completions with token ids both ways.
// https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
//
// Its generator is seeded once for each call and its penalties count what that call has drawn, so a
// resumed request is drawn anew behind what is there, and with penalties of output it is refused.

import type { GenerateRequest, TokenLogprob, TokenLogprobs } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import { NOTHING_DRAWN, type Conversation, type Dialect, type Drawn } from "./dialect.ts";
import { errorText, listAt, logprobsOf, member, numberAt, strange, textAt } from "./json.ts";
import { seedAt } from "./seeds.ts";

/** It clamps to these by itself, as OpenAI's API does. */
const BIAS_MAX = 100;
const TOO_OLD = "no token ids: vLLM 0.10.2 or later is needed, which knows return_token_ids";

export function vllm(): Dialect {
  let model = "";
  return {
    healthPath: "/health",
    metricsPath: "/metrics",
    capabilities: {
      ...{ exactResume: false, seeds: true, masks: false, logprobs: true, kvEvents: false },
      refuses: ["resume with sampling.presencePenalty or sampling.frequencyPenalty"],
    },
    async describe(ask) {
      const [card] = listAt(await ask("/v1/models"), "data");
      model = textAt(card, "id") ?? "";
      if (model === "") throw strange("vLLM", "/v1/models without a model");
      const version = textAt(await ask("/version"), "version") ?? "of no version";
      return {
        ...{ model, build: `vllm ${version}` },
        contextMax: numberAt(card, "max_model_len"),
        ...{ sequencesMax: null, cacheTokens: null, parameters: null },
      };
    },
    refusal: ({ resume, sampling }) => {
      const { presencePenalty, frequencyPenalty } = sampling;
      if (resume.length === 0 || (presencePenalty === 0 && frequencyPenalty === 0)) return null;
      return (
        "resume with sampling.presencePenalty or sampling.frequencyPenalty: vLLM counts what one " +
        "call has drawn, and would forget the tokens before"
      );
    },
    open: (request) => conversationOf(model, request),
    loadOf: (samples) => ({
      running: samples.sum("vllm:num_requests_running"),
      waiting: samples.sum("vllm:num_requests_waiting"),
      cacheUsage: samples.max("vllm:kv_cache_usage_perc"),
      motion: samples.sum("vllm:iteration_tokens_total_count"),
      cacheTokens: cacheTokensOf(
        samples.label("vllm:cache_config_info", "num_gpu_blocks"),
        samples.label("vllm:cache_config_info", "block_size"),
      ),
    }),
  };
}

function conversationOf(model: string, request: GenerateRequest): Conversation {
  const { sampling, cacheSalt } = request;
  const asked = sampling.logprobs;
  return {
    next: (output) => ({
      path: "/v1/completions",
      streams: true,
      body: {
        ...{ model, prompt: [...request.prompt, ...output], add_special_tokens: false },
        ...{ stream: true, stream_options: { include_usage: true } },
        ...{ return_token_ids: true, skip_special_tokens: false },
        max_tokens: sampling.maxTokens - output.length,
        min_tokens: minTokensOf(request, output.length),
        temperature: sampling.temperature,
        top_k: sampling.topK ?? -1,
        top_p: sampling.topP,
        min_p: sampling.minP,
        repetition_penalty: sampling.repetitionPenalty,
        presence_penalty: sampling.presencePenalty,
        frequency_penalty: sampling.frequencyPenalty,
        seed: seedAt(sampling.seed, output.length),
        stop_token_ids: [...sampling.stopIds],
        ignore_eos: sampling.ignoreEos,
        ...(sampling.logitBias.length === 0 ? {} : { logit_bias: biasesOf(request) }),
        ...(asked === null ? {} : { logprobs: asked, return_tokens_as_token_ids: true }),
        ...(cacheSalt === "" ? {} : { cache_salt: cacheSalt }),
      },
    }),
    read: (event) => readEvent(event, asked),
    close: () => {},
  };
}

/** It also holds back ends that are to be ignored, so that is asked for only where it must be. */
function minTokensOf({ sampling }: GenerateRequest, length: number): number {
  const { minTokens, ignoreEos, stopIds } = sampling;
  return ignoreEos && stopIds.length === 0 ? 0 : Math.max(0, minTokens - length);
}

function biasesOf({ sampling }: GenerateRequest): { readonly [id: string]: number } {
  const clamped = sampling.logitBias.map(({ tokenId, bias }) => {
    return [String(tokenId), Math.max(-BIAS_MAX, Math.min(BIAS_MAX, bias))] as const;
  });
  return Object.fromEntries(clamped);
}

function readEvent(event: unknown, asked: number | null): Drawn {
  const error = errorText(event);
  if (error !== null) throw new EngineFailure("internal", `vLLM: ${error}`);
  const cachedTokens = numberAt(
    member(member(event, "usage"), "prompt_tokens_details"),
    "cached_tokens",
  );
  const [choice] = listAt(event, "choices");
  if (choice === undefined) return { ...NOTHING_DRAWN, cachedTokens };
  const reason = textAt(choice, "finish_reason");
  const ids = member(choice, "token_ids");
  if (!Array.isArray(ids) && (reason === null || textAt(choice, "text") !== "")) {
    throw strange("vLLM", TOO_OLD);
  }
  const tokenIds = listAt(choice, "token_ids") as readonly number[];
  const logprobs = asked === null ? null : readLogprobs(member(choice, "logprobs"), asked);
  return { tokenIds, logprobs, cachedTokens, end: endOf(reason) };
}

/** `{tokens, token_logprobs, top_logprobs}` of OpenAI's completions, tokens as `token_id:ID`. */
function readLogprobs(value: unknown, asked: number): TokenLogprobs[] {
  const logprobs = listAt(value, "token_logprobs");
  const tops = listAt(value, "top_logprobs");
  return listAt(value, "tokens").map((token, at) => {
    const drawn: TokenLogprob = {
      tokenId: idOf(String(token)),
      logprob: typeof logprobs[at] === "number" ? logprobs[at] : -Infinity,
    };
    const top = Object.entries((tops[at] ?? {}) as { readonly [token: string]: number });
    const alternatives = top.map(([name, logprob]) => ({ tokenId: idOf(name), logprob }));
    return logprobsOf(drawn, alternatives, asked);
  });
}

function idOf(token: string): number {
  return Number(token.replace(/^token_id:/, ""));
}

function endOf(reason: string | null): Drawn["end"] {
  if (reason === null) return null;
  if (reason === "stop" || reason === "length") return reason;
  throw new EngineFailure("internal", `vLLM ended the request: ${reason}`);
}

function cacheTokensOf(blocks: string | null, blockTokens: string | null): number | null {
  const tokens = Number(blocks ?? NaN) * Number(blockTokens ?? NaN);
  return Number.isFinite(tokens) && tokens > 0 ? tokens : null;
}
