// The stand-in's SGLang: its native API's paths, fields and events, as of 0.5. Ids are told from
// the beginning with every event, and seeds count for nothing, as it is without further flags.

import type { ServerResponse } from "node:http";
import type { Generation } from "../engine.ts";
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

const MODEL = "faithful/sglang";

export function faithfulSglang(world: FaithfulWorld): Answer {
  const { engine, contextMax, sequencesMax, asked } = world;
  let calls = 0;
  return async (path, body, response) => {
    switch (path) {
      case "/health":
        response.writeHead(200).end();
        return true;
      case "/v1/models":
        json(response, 200, { object: "list", data: [{ id: MODEL, max_model_len: contextMax }] });
        return true;
      case "/get_server_info":
        json(response, 200, {
          ...{ model_path: MODEL, served_model_name: MODEL, context_length: null },
          ...{ version: "0.5.5", enable_deterministic_inference: false },
          ...{ incremental_streaming_output: false, max_running_requests: sequencesMax },
          max_total_num_tokens: engine.model.execution.blocks * 32,
        });
        return true;
      case "/metrics": {
        const { running, waiting, blocks, blocksFree, tokensOut } = engine.stats();
        const of = `{model_name="${MODEL}",tp_rank="0"}`;
        text(response, [
          `sglang:num_running_reqs${of} ${running}.0`,
          `sglang:num_queue_reqs${of} ${waiting}.0`,
          `sglang:token_usage${of} ${(blocks - blocksFree) / blocks}`,
          `sglang:generation_tokens_total${of} ${tokensOut}.0`,
        ]);
        return true;
      }
      case "/generate":
        asked.push(body);
        await generate(response, world, body, (calls += 1));
        return true;
      default:
        return false;
    }
  };
}

async function generate(
  response: ServerResponse,
  { engine, contextMax }: FaithfulWorld,
  body: Body,
  call: number,
): Promise<void> {
  const prompt = ids(body["input_ids"]);
  const params = (body["sampling_params"] ?? {}) as Body;
  const top = number(body["top_logprobs_num"], 0);
  const bias = Object.entries((params["logit_bias"] ?? {}) as { readonly [id: string]: number });
  // Told to ignore ends it goes on over stop ids too, but holds them back before min_new_tokens.
  const goesOn = params["ignore_eos"] === true && number(params["min_new_tokens"], 0) === 0;
  const stopIds = goesOn ? [] : ids(params["stop_token_ids"]);
  const generation: Generation = engine.generate({
    prompt,
    cacheSalt: typeof body["extra_key"] === "string" ? body["extra_key"] : "",
    sampling: {
      maxTokens: Math.min(number(params["max_new_tokens"], 128), contextMax - prompt.length),
      minTokens: number(params["min_new_tokens"], 0),
      temperature: number(params["temperature"], 1),
      topK: topK(params["top_k"]),
      topP: number(params["top_p"], 1),
      minP: number(params["min_p"], 0),
      presencePenalty: number(params["presence_penalty"], 0),
      frequencyPenalty: number(params["frequency_penalty"], 0),
      ignoreEos: params["ignore_eos"] === true,
      seed: restarted(call, prompt.length),
      stopIds,
      logitBias: bias.map(([id, value]) => ({ tokenId: Number(id), bias: value })),
      logprobs: body["return_logprob"] === true ? top : null,
    },
  });
  abortWith(response, generation);
  const send = events(response);
  const all: number[] = [];
  const drawn: unknown[] = [];
  const tops: unknown[] = [];
  let cached = 0;
  for await (const { tokenIds, logprobs, cachedTokens, finish } of generation) {
    cached = cachedTokens ?? cached;
    all.push(...tokenIds);
    for (const [at, it] of (logprobs ?? []).entries()) {
      drawn.push([it.logprob, tokenIds[at], null]);
      tops.push(it.alternatives.map((one) => [one.logprob, one.tokenId, null]));
    }
    const asked = logprobs === null ? {} : { output_token_logprobs: drawn };
    send({
      ...{ text: all.map((id) => ` t${id}`).join(""), output_ids: all },
      meta_info: {
        ...{ id: `r${call}`, finish_reason: reasonOf(finish, all) },
        ...{ prompt_tokens: prompt.length, completion_tokens: all.length, cached_tokens: cached },
        ...(top === 0 ? asked : { ...asked, output_top_logprobs: tops }),
      },
    });
  }
  send("[DONE]");
  response.end();
}

function reasonOf(finish: string | null, all: readonly number[]): object | null {
  if (finish === null) return null;
  return finish === "stop"
    ? { type: "stop", matched: all.at(-1) }
    : { type: finish === "aborted" ? "abort" : finish, length: all.length };
}
