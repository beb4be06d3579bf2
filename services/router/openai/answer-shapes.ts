// OpenAI's objects: what a choice's deltas look like in a chat and in a completion, streamed and
// whole. Pure.

import type { ModelText } from "../text/model-text.ts";
import type { ChoiceDelta, FinishReason, TokenLogprob } from "./choice-text.ts";
import type { ToolCall } from "./tool-calls.ts";

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
  readonly prompt_tokens_details: { readonly cached_tokens: number };
}

export interface Ending {
  readonly finish: FinishReason;
  readonly stopReason: string | number | null;
}

/** What a route makes of choices; `choice` is the index. */
export interface AnswerShapes {
  readonly chunkObject: string;
  readonly wholeObject: string;
  /** Before a choice's first delta; null: nothing. */
  opening(choice: number): object | null;
  delta(choice: number, delta: ChoiceDelta): object;
  ending(choice: number, ending: Ending): object;
  whole(choice: number, all: ChoiceDelta, ending: Ending): object;
}

export interface ShapeContext {
  readonly id: string;
  /** Null: a model without a tokenizer. */
  readonly text: ModelText | null;
  readonly returnTokenIds: boolean;
}

export function usageOf(prompt: number, completion: number, cached: number): Usage {
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: cached },
  };
}

export function chatShapes(context: ShapeContext): AnswerShapes {
  const ids = (delta: ChoiceDelta): object =>
    context.returnTokenIds ? { token_ids: delta.tokenIds } : {};
  const logprobs = (delta: ChoiceDelta): object | null =>
    delta.logprobs === null
      ? null
      : { content: delta.logprobs.map((it) => chatLogprob(context.text, it)), refusal: null };
  return {
    chunkObject: "chat.completion.chunk",
    wholeObject: "chat.completion",
    opening: (index) => ({
      index,
      delta: { role: "assistant", content: "" },
      logprobs: null,
      finish_reason: null,
    }),
    delta: (index, delta) => ({
      index,
      delta: {
        ...(delta.text === "" && delta.calls.length > 0 ? {} : { content: delta.text }),
        ...callsOf(context.id, index, delta.calls, true),
      },
      logprobs: logprobs(delta),
      finish_reason: null,
      ...ids(delta),
    }),
    ending: (index, ending) => ({ index, delta: {}, logprobs: null, ...endingOf(ending) }),
    whole: (index, all, ending) => ({
      index,
      message: {
        role: "assistant",
        content: all.text === "" && all.calls.length > 0 ? null : all.text,
        refusal: null,
        ...callsOf(context.id, index, all.calls, false),
      },
      logprobs: logprobs(all),
      ...endingOf(ending),
      ...ids(all),
    }),
  };
}

/** `echoes`: per choice what its answer begins with; empty for nothing. */
export function completionShapes(
  context: ShapeContext,
  echoes: readonly string[],
  promptIds: readonly (readonly number[])[],
): AnswerShapes {
  const part = (index: number, delta: ChoiceDelta): object => ({
    index,
    text: delta.text,
    logprobs: completionLogprobs(context.text, delta.logprobs),
  });
  const ids = (delta: ChoiceDelta): object =>
    context.returnTokenIds ? { token_ids: delta.tokenIds } : {};
  const prompt = (index: number): object =>
    context.returnTokenIds ? { prompt_token_ids: promptIds[index] ?? [] } : {};
  return {
    chunkObject: "text_completion",
    wholeObject: "text_completion",
    opening: (index) => {
      const text = echoes[index] ?? "";
      if (text === "" && !context.returnTokenIds) return null;
      return { index, text, logprobs: null, finish_reason: null, ...prompt(index) };
    },
    delta: (index, delta) => ({ ...part(index, delta), finish_reason: null, ...ids(delta) }),
    ending: (index, ending) => ({ index, text: "", logprobs: null, ...endingOf(ending) }),
    whole: (index, all, ending) => ({
      ...part(index, { ...all, text: (echoes[index] ?? "") + all.text }),
      ...endingOf(ending),
      ...ids(all),
      ...prompt(index),
    }),
  };
}

function endingOf(ending: Ending): object {
  return { finish_reason: ending.finish, stop_reason: ending.stopReason };
}

/** The id is made of what a reconnect makes again. */
function callsOf(id: string, choice: number, calls: readonly ToolCall[], index: boolean): object {
  if (calls.length === 0) return {};
  const tail = id.slice(id.lastIndexOf("-") + 1);
  return {
    tool_calls: calls.map((call) => ({
      ...(index ? { index: call.ordinal } : {}),
      id: `call_${tail}_${choice}_${call.ordinal}`,
      type: "function",
      function: { name: call.name, arguments: call.arguments },
    })),
  };
}

function chatLogprob(text: ModelText | null, it: TokenLogprob): object {
  const entry = (tokenId: number, logprob: number): object => {
    const bytes = text?.tokenBytes(tokenId) ?? new Uint8Array(0);
    return { token: tokenText(text, tokenId), logprob, bytes: [...bytes] };
  };
  return {
    ...entry(it.tokenId, it.logprob),
    top_logprobs: it.alternatives.map((other) => entry(other.tokenId, other.logprob)),
  };
}

function completionLogprobs(
  text: ModelText | null,
  all: readonly TokenLogprob[] | null,
): object | null {
  if (all === null) return null;
  return {
    tokens: all.map((it) => tokenText(text, it.tokenId)),
    token_logprobs: all.map((it) => it.logprob),
    top_logprobs: all.map((it) =>
      Object.fromEntries(
        it.alternatives.map((other) => [tokenText(text, other.tokenId), other.logprob]),
      ),
    ),
    text_offset: all.map((it) => it.textOffset),
  };
}

/** As vLLM writes a token that has no text of its own. */
function tokenText(text: ModelText | null, id: number): string {
  return text === null ? `token_id:${id}` : new TextDecoder().decode(text.tokenBytes(id));
}
