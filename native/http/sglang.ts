// SGLang's own /generate, 0.5.4 or later: `input_ids` in, `output_ids` out.
// https://docs.sglang.io/basic_usage/sampling_params.html
//
// Its penalties, repetition_penalty included, count what that call has drawn; seeds count only
// where it was started with --enable-deterministic-inference.

import type { GenerateRequest, TokenLogprob, TokenLogprobs } from "../engine.ts";
import { EngineFailure } from "../errors.ts";
import type { Conversation, Dialect, Drawn } from "./dialect.ts";
import { errorText, listAt, logprobsOf, member, numberAt, positive, strange } from "./json.ts";
import { textAt } from "./json.ts";
import { seedAt } from "./seeds.ts";

const PENALTY = "sampling.presencePenalty, frequencyPenalty or repetitionPenalty";

export function sglang(): Dialect {
  let seeds = false;
  let incremental = false;
  return {
    healthPath: "/health",
    metricsPath: "/metrics",
    get capabilities() {
      return {
        ...{ exactResume: false, seeds, masks: false, logprobs: true, kvEvents: false },
        refuses: [`resume with ${PENALTY}`, "sampling.repetitionPenalty above 2"],
      };
    },
    async describe(ask) {
      const info = await ask("/get_server_info");
      const [card] = listAt(await ask("/v1/models"), "data");
      const model = textAt(card, "id") ?? textAt(info, "served_model_name") ?? "";
      if (model === "") throw strange("SGLang", "/v1/models without a model");
      seeds = member(info, "enable_deterministic_inference") === true;
      // The name before it was `stream_output`.
      incremental =
        member(info, "incremental_streaming_output") === true ||
        member(info, "stream_output") === true;
      return {
        ...{ model, build: `sglang ${textAt(info, "version") ?? "of no version"}` },
        contextMax: numberAt(card, "max_model_len") ?? positive(numberAt(info, "context_length")),
        sequencesMax: positive(numberAt(info, "max_running_requests")),
        cacheTokens: positive(numberAt(info, "max_total_num_tokens")),
        parameters: null,
      };
    },
    refusal: ({ resume, sampling }) => {
      const { presencePenalty, frequencyPenalty, repetitionPenalty } = sampling;
      if (repetitionPenalty > 2) return "sampling.repetitionPenalty: SGLang takes at most 2";
      const none = presencePenalty === 0 && frequencyPenalty === 0 && repetitionPenalty === 1;
      if (resume.length === 0 || none) return null;
      return (
        `resume with ${PENALTY}: SGLang counts what one call has drawn, and would forget the ` +
        "tokens before"
      );
    },
    open: (request) => conversationOf(request, incremental),
    loadOf: (samples) => ({
      running: samples.sum("sglang:num_running_reqs"),
      waiting: samples.sum("sglang:num_queue_reqs"),
      cacheUsage: samples.max("sglang:token_usage"),
      motion: samples.sum("sglang:generation_tokens_total"),
      cacheTokens: samples.sum("sglang:max_total_num_tokens"),
    }),
  };
}

function conversationOf(request: GenerateRequest, incremental: boolean): Conversation {
  const { sampling, cacheSalt } = request;
  const asked = sampling.logprobs;
  let read = 0;
  return {
    next: (output) => ({
      path: "/generate",
      streams: true,
      body: {
        input_ids: [...request.prompt, ...output],
        stream: true,
        sampling_params: {
          max_new_tokens: sampling.maxTokens - output.length,
          min_new_tokens: Math.max(0, sampling.minTokens - output.length),
          temperature: sampling.temperature,
          top_k: sampling.topK ?? -1,
          top_p: sampling.topP,
          min_p: sampling.minP,
          repetition_penalty: sampling.repetitionPenalty,
          presence_penalty: sampling.presencePenalty,
          frequency_penalty: sampling.frequencyPenalty,
          sampling_seed: seedAt(sampling.seed, 0), // Its draws are keyed by position.
          stop_token_ids: [...sampling.stopIds],
          ignore_eos: sampling.ignoreEos,
          ...{ skip_special_tokens: false, no_stop_trim: true },
          ...(sampling.logitBias.length === 0 ? {} : { logit_bias: biasesOf(request) }),
        },
        ...(asked === null ? {} : { return_logprob: true, top_logprobs_num: asked }),
        ...(cacheSalt === "" ? {} : { extra_key: cacheSalt }),
      },
    }),
    read: (event) => {
      const error = errorText(event);
      if (error !== null) throw new EngineFailure("internal", `SGLang: ${error}`);
      const meta = member(event, "meta_info");
      const ids = member(event, "output_ids");
      if (!Array.isArray(ids)) throw strange("SGLang", "no output_ids: 0.5.4 or later is needed");
      const from = incremental ? 0 : read;
      const end = endOf(member(meta, "finish_reason"));
      const tokenIds = withMatched(ids.slice(from) as number[], member(meta, "finish_reason"));
      const logprobs = asked === null ? null : readLogprobs(meta, from, tokenIds.length, asked);
      read += tokenIds.length;
      return { tokenIds, logprobs, cachedTokens: numberAt(meta, "cached_tokens"), end };
    },
    close: () => {},
  };
}

function biasesOf({ sampling }: GenerateRequest): { readonly [id: string]: number } {
  return Object.fromEntries(
    sampling.logitBias.map(({ tokenId, bias }) => [String(tokenId), bias] as const),
  );
}

function endOf(reason: unknown): Drawn["end"] {
  if (reason === null || reason === undefined) return null;
  const type = textAt(reason, "type");
  if (type === "stop" || type === "length") return type;
  const why = textAt(reason, "message") ?? String(type);
  throw new EngineFailure("internal", `SGLang ended the request: ${why}`);
}

/** It names the id that it stopped at, and some versions leave that one out of the ids. */
function withMatched(ids: number[], reason: unknown): number[] {
  const matched = numberAt(reason, "matched");
  return matched === null || ids.at(-1) === matched ? ids : [...ids, matched];
}

/** Each a list of `[logprob, id, text]`; `output_top_logprobs` a list of such lists. */
function readLogprobs(meta: unknown, from: number, count: number, asked: number): TokenLogprobs[] {
  const of = (entry: unknown): TokenLogprob => {
    const [logprob, tokenId] = Array.isArray(entry) ? (entry as unknown[]) : [];
    return { tokenId: Number(tokenId), logprob: typeof logprob === "number" ? logprob : -Infinity };
  };
  const tops = listAt(meta, "output_top_logprobs").slice(from);
  const drawn = listAt(meta, "output_token_logprobs").slice(from, from + count);
  return drawn.map((entry, at) => {
    const top = Array.isArray(tops[at]) ? (tops[at] as unknown[]) : [];
    return logprobsOf(of(entry), top.map(of), asked);
  });
}
