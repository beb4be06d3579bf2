// POST /v1/chat/completions and /v1/completions: from a body to the requests for tokens.

import { randomInt } from "#shared/base/prng.ts";
import type { Json } from "#shared/base/canonical-json.ts";
import type { ModelText } from "../text/model-text.ts";
import { classOf, saltOf } from "../requests/grant.ts";
import { checkIds, checkLength } from "../requests/request-checks.ts";
import type { MaskSource, ServedModel, TokenRequest } from "../token-source.ts";
import { headerOf, randomHex, readJson, modelOf, type ApiCall } from "./api-call.ts";
import { badField } from "./api-error.ts";
import { chatShapes, completionShapes, type AnswerShapes } from "./answer-shapes.ts";
import { parseChatRequest } from "./chat-request.ts";
import { ChoiceText } from "./choice-text.ts";
import { parseCompletionRequest, type Prompt } from "./completion-request.ts";
import { answerGeneration, type GenerationAnswer } from "./generation-answer.ts";
import type { GenerationFields } from "./generation-fields.ts";
import { OutputMasks } from "./output-masks.ts";
import {
  bodyDigest,
  encodeResume,
  parsePositions,
  parseResume,
  RESUME_HEADER,
  type AnswerIdentity,
} from "./resume.ts";
import { ToolCallReader } from "./tool-calls.ts";

export async function answerChat(call: ApiCall): Promise<void> {
  const body = await readJson(call);
  const identity = identityOf(call, body, "chatcmpl-");
  const chat = parseChatRequest(body, identity.seed);
  call.onUnknownFields(chat.unknown);
  const model = modelOf(call, chat.model);
  if (model.tokenizer === null) {
    throw badField("messages", "the model has no tokenizer; use /v1/completions with token ids");
  }
  const text = call.services.textPool.textOf(model.tokenizer);
  const promptIds = await call.services.textPool.encodeChat(model.tokenizer, {
    messages: chat.messages,
    tools: chat.tools,
    addGenerationPrompt: chat.addGenerationPrompt,
    continueFinalMessage: chat.continueFinalMessage,
    extra: chat.templateValues,
    nowMs: identity.created * 1000,
  });
  const context = { id: identity.id, text, returnTokenIds: chat.returnTokenIds };
  await answerMasked(call, body, {
    identity,
    model,
    text,
    fields: chat,
    prompts: [promptIds],
    promptField: "messages",
    shapes: chatShapes(context),
    toolNames: chat.toolNames,
    extra: chat.returnTokenIds ? { prompt_token_ids: promptIds } : {},
  });
}

export async function answerCompletion(call: ApiCall): Promise<void> {
  const body = await readJson(call);
  const identity = identityOf(call, body, "cmpl-");
  const completion = parseCompletionRequest(body, identity.seed);
  call.onUnknownFields(completion.unknown);
  const model = modelOf(call, completion.model);
  const text = model.tokenizer === null ? null : call.services.textPool.textOf(model.tokenizer);
  if (text === null && completion.stops.length > 0) {
    throw badField("stop", "the model has no tokenizer; use stop_token_ids");
  }
  const special = completion.addSpecialTokens;
  const encoded = completion.prompts.map((prompt) => idsOf(call, model, prompt, special));
  const prompts = await Promise.all(encoded);
  const { choices } = completion;
  const echo = (ids: readonly number[], prompt: Prompt | undefined): string =>
    prompt?.kind === "text" ? prompt.text : (text?.decode(ids) ?? "");
  const echoes = prompts.flatMap((ids, at) =>
    Array.from({ length: choices }, () =>
      completion.echo ? echo(ids, completion.prompts[at]) : "",
    ),
  );
  const promptPerChoice = prompts.flatMap((ids) => Array.from({ length: choices }, () => ids));
  const context = { id: identity.id, text, returnTokenIds: completion.returnTokenIds };
  await answerMasked(call, body, {
    identity,
    model,
    text,
    fields: completion,
    prompts,
    promptField: "prompt",
    shapes: completionShapes(context, echoes, promptPerChoice),
    toolNames: new Set(),
    extra: {},
  });
}

async function idsOf(
  call: ApiCall,
  model: ServedModel,
  prompt: Prompt,
  addSpecialTokens: boolean,
): Promise<readonly number[]> {
  if (prompt.kind === "ids") return prompt.ids;
  if (model.tokenizer === null) {
    throw badField("prompt", "the model has no tokenizer; only token ids are taken");
  }
  return call.services.textPool.encode(model.tokenizer, prompt.text, addSpecialTokens);
}

/** A new answer's, or of the one that a reconnect goes on with. */
function identityOf(call: ApiCall, body: Json, prefix: string): AnswerIdentity {
  const token = headerOf(call.request, RESUME_HEADER);
  if (token !== null && token !== "new") return parseResume(token, bodyDigest(body));
  const { random, clock } = call.services;
  return {
    id: prefix + randomHex(random, 3),
    created: Math.floor(clock.nowMs() / 1000),
    seed: randomInt(random, 2 ** 32),
  };
}

interface Prepared {
  readonly identity: AnswerIdentity;
  readonly model: ServedModel;
  readonly text: ModelText | null;
  readonly fields: GenerationFields;
  readonly prompts: readonly (readonly number[])[];
  readonly promptField: string;
  readonly shapes: AnswerShapes;
  readonly toolNames: ReadonlySet<string>;
  readonly extra: object;
}

async function answerMasked(call: ApiCall, body: Json, prepared: Prepared): Promise<void> {
  const { model, text, fields } = prepared;
  const masks = await OutputMasks.of(call.services.textPool, model, text, fields.format);
  try {
    await answerGeneration(call, answerOf(call, body, prepared, masks));
  } finally {
    masks.close();
  }
}

function answerOf(
  call: ApiCall,
  body: Json,
  prepared: Prepared,
  masks: OutputMasks,
): GenerationAnswer {
  const { identity, model, fields, prompts, shapes, extra } = prepared;
  const { maxTokens } = fields.sampling;
  for (const ids of prompts) {
    checkLength(model, prepared.promptField, ids.length, maxTokens);
    checkIds(model, prepared.promptField, ids);
  }
  const asked = headerOf(call.request, RESUME_HEADER);
  const resumable = asked !== null && fields.stream !== null;
  const count = prompts.length * fields.choices;
  const lastId = asked === "new" ? "" : (headerOf(call.request, "last-event-id") ?? "");
  const hadPositions = resumable ? parsePositions(lastId, count) : null;
  const endIds = new Set(fields.sampling.stopIds);
  if (!fields.sampling.ignoreEos) for (const id of model.eosIds) endIds.add(id);
  const requests = prompts.flatMap((ids, at) =>
    Array.from({ length: fields.choices }, (_, n) =>
      tokenRequest(call, prepared, ids, at * fields.choices + n, masks.next()),
    ),
  );
  const choices = requests.map(
    (_, index) =>
      new ChoiceText({
        text: prepared.text,
        stops: fields.stops,
        includeStop: fields.includeStop,
        skipSpecial: fields.skipSpecial,
        minTokens: fields.sampling.minTokens,
        endIds,
        tools: prepared.toolNames.size === 0 ? null : new ToolCallReader(prepared.toolNames),
        logprobs: fields.sampling.logprobs !== null,
        hadPosition: hadPositions?.[index] ?? -1,
      }),
  );
  const resume = resumable ? { [RESUME_HEADER]: encodeResume(identity, bodyDigest(body)) } : {};
  const promptTokens = prompts.reduce((sum, ids) => sum + ids.length, 0);
  return {
    ...{ identity, model, fields, requests, choices, shapes, promptTokens, extra, hadPositions },
    headers: resume,
  };
}

/** Workers get a new id every time: the request that a reconnect left may still be running. */
function tokenRequest(
  call: ApiCall,
  prepared: Prepared,
  promptIds: readonly number[],
  index: number,
  mask: MaskSource | null,
): TokenRequest {
  const { identity, model, fields } = prepared;
  return {
    id: `${identity.id}-${index}-${randomHex(call.services.random, 1)}`,
    namespace: call.grant.namespace,
    model: model.name,
    promptIds,
    resumeIds: [],
    sampling: { ...fields.sampling, seed: seedOf(fields.sampling.seed, index) },
    cacheSalt: saltOf(call.grant, fields.cacheSalt),
    priority: classOf(call.grant, fields.priority),
    session: headerOf(call.request, "x-session-affinity") ?? fields.user,
    mask,
    onWorked: (workedMs) => {
      call.desk.outcome.workedMs += workedMs;
      call.desk.outcome.attempts += 1;
    },
  };
}

function seedOf(seed: number, index: number): number {
  const next = seed + index;
  return Number.isSafeInteger(next) ? next : next - Number.MAX_SAFE_INTEGER;
}
