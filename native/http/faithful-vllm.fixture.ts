// The stand-in's vLLM: its OpenAI server's paths, fields and events, as of 0.11.

import type { ServerResponse } from "node:http";
import type { Chunk, Generation, TokenLogprobs } from "../engine.ts";
import {
  abortWith,
  events,
  ids,
  json,
  number,
  restarted,
  text,
  topK,
} from "./faithful-world.fixture.ts";
import type { Answer, Body, FaithfulWorld } from "./faithful-world.fixture.ts";

const MODEL = "faithful/vllm";
const BIAS_MAX = 100;

export function faithfulVllm(world: FaithfulWorld): Answer {
  const { engine, contextMax, asked } = world;
  return async (path, body, response) => {
    switch (path) {
      case "/health":
        response.writeHead(200).end();
        return true;
      case "/version":
        json(response, 200, { version: "0.11.0" });
        return true;
      case "/v1/models":
        json(response, 200, {
          object: "list",
          data: [{ id: MODEL, object: "model", root: MODEL, max_model_len: contextMax }],
        });
        return true;
      case "/metrics": {
        const { running, waiting, blocks, blocksFree, step } = engine.stats();
        const of = `{engine="0",model_name="${MODEL}"}`;
        text(response, [
          "# HELP vllm:num_requests_running Number of requests in model execution batches.",
          "# TYPE vllm:num_requests_running gauge",
          `vllm:num_requests_running${of} ${running}.0`,
          `vllm:num_requests_waiting${of} ${waiting}.0`,
          `vllm:kv_cache_usage_perc${of} ${(blocks - blocksFree) / blocks}`,
          `vllm:iteration_tokens_total_count${of} ${step}`,
          `vllm:cache_config_info{block_size="32",engine="0",num_gpu_blocks="${blocks}"} 1.0`,
        ]);
        return true;
      }
      case "/v1/completions":
        asked.push(body);
        await complete(response, body, generate(world, body));
        return true;
      default:
        return false;
    }
  };
}

function generate({ engine, contextMax }: FaithfulWorld, body: Body): Generation {
  const prompt = ids(body["prompt"]);
  const maxTokens = Math.min(number(body["max_tokens"], 16), contextMax - prompt.length);
  const bias = Object.entries((body["logit_bias"] ?? {}) as { readonly [id: string]: number });
  return engine.generate({
    prompt,
    cacheSalt: typeof body["cache_salt"] === "string" ? body["cache_salt"] : "",
    sampling: {
      maxTokens,
      minTokens: number(body["min_tokens"], 0),
      temperature: number(body["temperature"], 1),
      topK: topK(body["top_k"]),
      topP: number(body["top_p"], 1),
      minP: number(body["min_p"], 0),
      repetitionPenalty: number(body["repetition_penalty"], 1),
      presencePenalty: number(body["presence_penalty"], 0),
      frequencyPenalty: number(body["frequency_penalty"], 0),
      seed: restarted(number(body["seed"], 0), prompt.length),
      stopIds: ids(body["stop_token_ids"]),
      ignoreEos: body["ignore_eos"] === true,
      logitBias: bias.map(([id, value]) => {
        return { tokenId: Number(id), bias: Math.max(-BIAS_MAX, Math.min(BIAS_MAX, value)) };
      }),
      logprobs: typeof body["logprobs"] === "number" ? body["logprobs"] : null,
    },
  });
}

async function complete(response: ServerResponse, body: Body, generation: Generation) {
  abortWith(response, generation);
  const send = events(response);
  const prompt = ids(body["prompt"]);
  let isFirst = true;
  let drawn = 0;
  let cached = 0;
  for await (const chunk of generation) {
    cached = chunk.cachedTokens ?? cached;
    drawn += chunk.tokenIds.length;
    const choice = {
      ...{ index: 0, text: textOf(chunk), finish_reason: chunk.finish, stop_reason: null },
      logprobs: chunk.logprobs === null ? null : logprobsOf(chunk, chunk.logprobs),
      ...(body["return_token_ids"] === true ? { token_ids: chunk.tokenIds } : {}),
      ...(isFirst && body["return_token_ids"] === true ? { prompt_token_ids: prompt } : {}),
    };
    isFirst = false;
    send({ id: "cmpl-1", object: "text_completion", model: MODEL, choices: [choice], usage: null });
  }
  const usage = {
    ...{ prompt_tokens: prompt.length, completion_tokens: drawn },
    prompt_tokens_details: { cached_tokens: cached },
  };
  send({ id: "cmpl-1", object: "text_completion", model: MODEL, choices: [], usage });
  send("[DONE]");
  response.end();
}

const textOf = ({ tokenIds }: Chunk): string => tokenIds.map((id) => ` t${id}`).join("");

function logprobsOf({ tokenIds }: Chunk, logprobs: readonly TokenLogprobs[]): object {
  const named = (id: number): string => `token_id:${id}`;
  return {
    tokens: tokenIds.map(named),
    token_logprobs: logprobs.map((it) => it.logprob),
    // The drawn one stands among them, whether it is one of the likeliest or not.
    top_logprobs: logprobs.map((it, at) => ({
      [named(tokenIds[at] ?? 0)]: it.logprob,
      ...Object.fromEntries(it.alternatives.map((top) => [named(top.tokenId), top.logprob])),
    })),
    text_offset: tokenIds.map(() => 0),
  };
}
