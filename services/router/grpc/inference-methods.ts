// InferenceService: from a message to the tokens, models and texts it asks for.

import { randomInt, type Random } from "#shared/base/prng.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { InferenceService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { randomHex } from "../openai/api-call.ts";
import { badField } from "../openai/api-error.ts";
import { ChoiceText } from "../openai/choice-text.ts";
import { OutputMasks } from "../openai/output-masks.ts";
import { classOf, saltOf } from "../requests/grant.ts";
import {
  checkIds,
  checkLength,
  mayUse,
  OUTPUT_TOKENS_GUESS,
  servedModel,
} from "../requests/request-checks.ts";
import type { TurnQueue } from "../wire/turn-queue.ts";
import type { ChatMessage } from "../text/chat-template.ts";
import type { ModelText } from "../text/model-text.ts";
import type { TextPool } from "../text/text-pool.ts";
import type { ModelCatalog, ServedModel, TokenRequest, TokenSource } from "../token-source.ts";
import { decoded, unaryMethod, type Exchange, type ServedMethod } from "./call-server.ts";
import { messagesOf, parseCompletion, type Completion } from "./completion-request.ts";
import { TokenMessageWriter } from "./token-message.ts";
import { CompletionStream } from "./completion-stream.ts";

export interface InferenceParts {
  readonly source: TokenSource;
  readonly catalog: ModelCatalog;
  readonly textPool: TextPool;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly turns: TurnQueue;
}

interface Parts extends InferenceParts {
  readonly writer: TokenMessageWriter;
}

const { ServedModelState } = signalbox.inference.v1;
const STATES: { readonly [S in ServedModel["state"]]: signalbox.inference.v1.ServedModelState } = {
  loading: ServedModelState.SERVED_MODEL_STATE_LOADING,
  ready: ServedModelState.SERVED_MODEL_STATE_READY,
  draining: ServedModelState.SERVED_MODEL_STATE_DRAINING,
  absent: ServedModelState.SERVED_MODEL_STATE_ABSENT,
};

export const INFERENCE_SERVICE = "signalbox.inference.v1.InferenceService";

export function inferenceMethods(given: InferenceParts): ServedMethod[] {
  const parts: Parts = { ...given, writer: new TokenMessageWriter() };
  const { complete, listModels, tokenize, detokenize } = InferenceService;
  return [
    {
      ...{ path: complete.path, streaming: true, counted: true },
      answer: (bytes, exchange) => answerComplete(parts, decoded(complete, bytes), exchange),
    },
    unaryMethod(listModels, false, (_, { grant }) => ({
      models: parts.catalog
        .models()
        .filter(({ name }) => mayUse(grant, name))
        .map(wireModel),
    })),
    unaryMethod(tokenize, true, async (request, exchange) => {
      const model = modelOf(parts, exchange, request.model ?? "");
      const prompt = request.chat == null ? null : messagesOf(request.chat);
      if (prompt === null && request.text == null) {
        throw badField("input", "one of text and chat must be there");
      }
      const ids =
        prompt === null
          ? await plainIds(parts, model, request.text ?? "", request.withoutSpecial !== true)
          : await chatIds(parts, model, prompt);
      return { ids: [...ids] };
    }),
    unaryMethod(detokenize, true, (request, exchange) => {
      const model = modelOf(parts, exchange, request.model ?? "");
      const ids = request.ids ?? [];
      if (ids.length > 0) checkIds(model, "ids", ids);
      return { text: textOf(parts, model, "ids").decode(ids, false) };
    }),
  ];
}

async function answerComplete(
  parts: Parts,
  wire: signalbox.inference.v1.ICompleteRequest,
  exchange: Exchange,
): Promise<void> {
  const completion = parseCompletion(wire, 1 + randomInt(parts.random, 2 ** 32 - 1));
  const model = modelOf(parts, exchange, completion.model);
  const text = needsText(completion) ? textOf(parts, model, "prompt") : null;
  const masks = await OutputMasks.of(
    parts.textPool,
    model,
    model.tokenizer === null ? null : parts.textPool.textOf(model.tokenizer),
    completion.format,
  );
  try {
    const promptIds = await promptIdsOf(parts, model, completion);
    checkIds(model, "prompt", promptIds);
    checkLength(model, "prompt", promptIds.length, completion.sampling.maxTokens);
    if (completion.resumeIds.length > 0) checkIds(model, "resume_ids", completion.resumeIds);
    exchange.signal.throwIfAborted();
    await stream(parts, exchange, { completion, model, text, masks, promptIds });
  } finally {
    masks.close();
  }
}

interface Prepared {
  readonly completion: Completion;
  readonly model: ServedModel;
  readonly text: ModelText | null;
  readonly masks: OutputMasks;
  readonly promptIds: readonly number[];
}

async function stream(
  parts: Parts,
  exchange: Exchange,
  { completion, model, text, masks, promptIds }: Prepared,
): Promise<void> {
  const { sampling, resumeIds } = completion;
  const { desk, grant } = exchange;
  const left = (sampling.maxTokens ?? OUTPUT_TOKENS_GUESS + resumeIds.length) - resumeIds.length;
  desk.charge(promptIds.length + Math.max(0, left));
  desk.outcome.promptTokens = promptIds.length;
  const choice = text === null ? null : choiceOf(completion, model, text);
  const completing = new CompletionStream({
    ...{ exchange, turns: parts.turns, writer: parts.writer, timers: parts.timers },
    ...{ text: choice, withText: completion.withText },
    started: { id: desk.id, seed: sampling.seed, promptTokens: promptIds.length },
    resumed: resumeIds.length,
  });
  const whole = wholeBefore(completion, model, choice);
  if (whole !== null) {
    const stopped = choice?.stopReason ?? null;
    return completing.endAtOnce(whole, typeof stopped === "string" ? stopped : null);
  }
  const request: TokenRequest = {
    // Workers get a new id every time: the request that a reconnect left may still be running.
    id: `${desk.id}-${randomHex(parts.random, 1)}`,
    namespace: grant.namespace,
    ...{ model: model.name, promptIds, resumeIds, sampling },
    cacheSalt: saltOf(grant, completion.cacheSalt),
    priority: classOf(grant, completion.priority),
    session: completion.session,
    mask: masks.next(),
    onWorked: (workedMs) => (desk.outcome.workedMs += workedMs),
  };
  return completing.run((onNews) => parts.source.attach(request, onNews));
}

/** How the output that the caller had before has ended already; null: it goes on. */
function wholeBefore(
  { sampling, resumeIds }: Completion,
  model: ServedModel,
  choice: ChoiceText | null,
): "stop" | "length" | null {
  if (choice?.finish === "stop") return "stop";
  const last = resumeIds.at(-1);
  if (last === undefined) return null;
  const ends = sampling.stopIds.includes(last);
  if (ends || (!sampling.ignoreEos && model.eosIds.includes(last))) return "stop";
  return resumeIds.length >= (sampling.maxTokens ?? Infinity) ? "length" : null;
}

function needsText({ withText, stops }: Completion): boolean {
  return withText || stops.length > 0;
}

/** Text behind what the caller has had: C1 of choice-text.ts. */
function choiceOf(completion: Completion, model: ServedModel, text: ModelText): ChoiceText {
  const { sampling, stops, resumeIds } = completion;
  const endIds = new Set(sampling.stopIds);
  if (!sampling.ignoreEos) for (const id of model.eosIds) endIds.add(id);
  const choice = new ChoiceText({
    ...{ text, stops, includeStop: false, skipSpecial: true, endIds, tools: null },
    ...{ minTokens: sampling.minTokens, logprobs: sampling.logprobs !== null, hadPosition: -1 },
  });
  const had = { index: 0, tokenIds: resumeIds, logprobs: null, cachedTokens: null, finish: null };
  if (resumeIds.length > 0) choice.onChunk(had);
  choice.take({ tokenIds: true });
  return choice;
}

function promptIdsOf(
  parts: Parts,
  model: ServedModel,
  { prompt }: Completion,
): Promise<readonly number[]> | readonly number[] {
  switch (prompt.kind) {
    case "ids":
      return prompt.ids;
    case "text":
      return plainIds(parts, model, prompt.text, true);
    case "chat":
      return chatIds(parts, model, prompt.messages);
  }
}

function plainIds(
  parts: Parts,
  model: ServedModel,
  text: string,
  special: boolean,
): Promise<readonly number[]> {
  if (model.tokenizer === null) throw noTokenizer("text");
  return parts.textPool.encode(model.tokenizer, text, special);
}

function chatIds(
  parts: Parts,
  model: ServedModel,
  messages: readonly ChatMessage[],
): Promise<readonly number[]> {
  if (model.tokenizer === null) throw noTokenizer("chat");
  return parts.textPool.encodeChat(model.tokenizer, {
    ...{ messages, tools: null, addGenerationPrompt: true, continueFinalMessage: false },
    ...{ extra: {}, nowMs: parts.clock.nowMs() },
  });
}

function textOf(parts: Parts, model: ServedModel, param: string): ModelText {
  if (model.tokenizer === null) throw noTokenizer(param);
  return parts.textPool.textOf(model.tokenizer);
}

function noTokenizer(param: string): Error {
  return badField(param, "the model has no tokenizer: only token ids are taken and given");
}

function modelOf(parts: Parts, exchange: Exchange, name: string): ServedModel {
  if (name === "") throw badField("model", "must name a model");
  const model = servedModel(parts.catalog, exchange.grant, name);
  exchange.desk.outcome.model = name;
  return model;
}

function wireModel(model: ServedModel): signalbox.inference.v1.IServedModel {
  const { name, contextMax, vocab, workers } = model;
  return {
    ...{ name, contextMax, vocab, workers, eosIds: [...model.eosIds] },
    ...{ state: STATES[model.state], hasTokenizer: model.tokenizer !== null },
  };
}
