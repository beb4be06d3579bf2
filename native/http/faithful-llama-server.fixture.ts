// The stand-in's llama-server: its native /completion, /props and slots, as of llama.cpp 0.7.

import type { ServerResponse } from "node:http";
import type { Sampling } from "../engine.ts";
import {
  abortWith,
  ids,
  json,
  number,
  restarted,
  text,
  topK,
  wholeOf,
} from "./faithful-world.fixture.ts";
import type { Answer, Body, FaithfulWorld } from "./faithful-world.fixture.ts";

interface Slot {
  readonly id: number;
  tokens: readonly number[];
  /** The request before it: one waits for the other. */
  last: Promise<void>;
}

/** Less than any logit, and still a number. */
const BANNED = -1e6;

export function faithfulLlamaServer(world: FaithfulWorld): Answer {
  const { engine, contextMax, sequencesMax, asked } = world;
  const slots = Array.from({ length: sequencesMax }, (_, id): Slot => {
    return { id, tokens: [], last: Promise.resolve() };
  });
  return async (path, body, response) => {
    switch (path) {
      case "/health":
        json(response, 200, { status: "ok" });
        return true;
      case "/props":
        json(response, 200, {
          default_generation_settings: { n_ctx: contextMax },
          ...{ total_slots: sequencesMax, model_path: "/m/faithful.gguf", build_info: "b7000-0" },
        });
        return true;
      case "/v1/models":
        json(response, 200, { data: [{ id: "faithful.gguf", meta: { n_params: 1_000 } }] });
        return true;
      case "/metrics": {
        const { running, waiting, step } = engine.stats();
        text(response, [
          `llamacpp:requests_processing ${running}`,
          `llamacpp:requests_deferred ${waiting}`,
          `llamacpp:n_decode_total ${step}`,
        ]);
        return true;
      }
      case "/completion": {
        asked.push(body);
        const slot = slots[number(body["id_slot"], 0) % slots.length] ?? failed();
        const before = slot.last;
        const { promise, resolve } = Promise.withResolvers<void>();
        slot.last = promise;
        await before;
        await complete(response, world, slot, body).finally(resolve);
        return true;
      }
      default:
        return false;
    }
  };
}

async function complete(
  response: ServerResponse,
  { engine, contextMax }: FaithfulWorld,
  slot: Slot,
  body: Body,
): Promise<void> {
  const prompt = ids(body["prompt"]);
  if (prompt.length >= contextMax) {
    const message = `the request exceeds the available context size (${contextMax} tokens)`;
    json(response, 400, { error: { code: 400, message, type: "exceed_context_size_error" } });
    return;
  }
  const counted = number(body["repeat_last_n"], 64);
  if (counted < 0) {
    const message = `Field 'repeat_last_n': Value must be between 0 <= value, but got ${counted}`;
    json(response, 400, { error: { code: 400, message, type: "invalid_request_error" } });
    return;
  }
  const reads = body["cache_prompt"] !== false;
  const cached = reads ? Math.min(sharedLength(slot.tokens, prompt), prompt.length - 1) : 0;
  const nProbs = number(body["n_probs"], 0);
  const asked = number(body["n_predict"], -1);
  const room = contextMax - prompt.length;
  const generation = engine.generate({ prompt, sampling: samplingOf(body, prompt, asked, room) });
  abortWith(response, generation);
  const chunks = await wholeOf(generation);
  const tokens = chunks.flatMap((it) => it.tokenIds);
  // What was drawn last is computed with the next call.
  slot.tokens = [...prompt, ...tokens.slice(0, -1)];
  const finish = chunks.at(-1)?.finish;
  const probabilities = chunks.flatMap((it) => it.logprobs ?? []);
  json(response, 200, {
    ...{ index: 0, content: tokens.map((id) => ` t${id}`).join(""), id_slot: slot.id, stop: true },
    tokens: body["return_tokens"] === true ? tokens : [],
    ...{ tokens_predicted: tokens.length, tokens_evaluated: prompt.length },
    truncated: finish === "length" && tokens.length >= room,
    stop_type: finish === "stop" ? "eos" : "limit",
    ...{ stopping_word: "", tokens_cached: prompt.length + tokens.length - 1 },
    timings: {
      ...{ cache_n: cached, prompt_n: prompt.length - cached, prompt_ms: 1 },
      ...{ predicted_n: tokens.length, predicted_ms: tokens.length },
    },
    ...(nProbs === 0
      ? {}
      : {
          completion_probabilities: probabilities.map((it, at) => ({
            ...{ id: tokens[at], token: "", bytes: [], logprob: it.logprob },
            top_logprobs: it.alternatives.map((one) => ({
              ...{ id: one.tokenId, token: "", bytes: [], logprob: one.logprob },
            })),
          })),
        }),
  });
}

function samplingOf(
  body: Body,
  prompt: readonly number[],
  asked: number,
  room: number,
): Partial<Sampling> {
  const nProbs = number(body["n_probs"], 0);
  const bias = (body["logit_bias"] ?? []) as readonly (readonly [number, number | false])[];
  return {
    maxTokens: asked < 0 ? room : Math.min(asked, room),
    temperature: number(body["temperature"], 0.8),
    topK: topK(body["top_k"] ?? 40),
    topP: number(body["top_p"], 0.95),
    minP: number(body["min_p"], 0.05),
    repetitionPenalty: number(body["repeat_penalty"], 1),
    seed: restarted(number(body["seed"], 0), prompt.length),
    logitBias: bias.map(([tokenId, it]) => ({ tokenId, bias: it === false ? BANNED : it })),
    logprobs: nProbs === 0 ? null : nProbs,
  };
}

function sharedLength(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((id, index) => id !== other[index]);
  return at < 0 ? Math.min(one.length, other.length) : at;
}

function failed(): never {
  throw new Error("there is no such slot");
}
