// The routes that generate nothing: models, tokenize, detokenize, health, version, load. Shapes are
// OpenAI's and vLLM's.

import type { Json } from "#shared/base/canonical-json.ts";
import type { ModelText } from "../text/model-text.ts";
import { mayUse } from "../requests/request-checks.ts";
import type { ServedModel, TokenizerFiles } from "../token-source.ts";
import { answerJson, readJson, modelOf, type ApiCall } from "./api-call.ts";
import { badField, modelNotFound } from "./api-error.ts";
import { BodyFields } from "./body-fields.ts";
import { parseMessages } from "./chat-request.ts";
import { parseIds } from "./generation-fields.ts";

const TOKENS_MAX = 4_194_304;

export function answerModels(call: ApiCall): void {
  const models = call.services.catalog.models().filter((model) => mayUse(call.grant, model.name));
  answerJson(call.response, 200, { object: "list", data: models.map(modelObject) });
}

/** `name` may hold slashes, as Hugging Face's do. */
export function answerModel(call: ApiCall, name: string): void {
  const model = call.services.catalog.model(name);
  if (model === null || !mayUse(call.grant, name)) throw modelNotFound(name);
  answerJson(call.response, 200, modelObject(model));
}

export async function answerTokenize(call: ApiCall): Promise<void> {
  const fields = new BodyFields(await readJson(call));
  const model = modelOf(call, modelName(call, fields));
  const files = tokenizerOf(model);
  const ids = await tokenized(call, files, fields);
  const text = call.services.textPool.textOf(files);
  const strings = fields.flag("return_token_strs") ? ids.map((id) => spelling(text, id)) : null;
  call.onUnknownFields(fields.unknown());
  answerJson(call.response, 200, {
    count: ids.length,
    max_model_len: model.contextMax,
    tokens: ids,
    token_strs: strings,
  });
}

export async function answerDetokenize(call: ApiCall): Promise<void> {
  const fields = new BodyFields(await readJson(call));
  const model = modelOf(call, modelName(call, fields));
  const list = fields.list("tokens");
  if (list === null) throw badField("tokens", "must be a list of token ids");
  const ids = parseIds("tokens", list, TOKENS_MAX);
  call.onUnknownFields(fields.unknown());
  const text = call.services.textPool.textOf(tokenizerOf(model));
  answerJson(call.response, 200, { prompt: text.decode(ids, false) });
}

async function tokenized(
  call: ApiCall,
  files: TokenizerFiles,
  fields: BodyFields,
): Promise<readonly number[]> {
  const { textPool, clock } = call.services;
  const messages = fields.list("messages");
  if (messages === null) {
    const prompt = fields.text("prompt");
    if (prompt === null) throw badField("prompt", "a prompt or messages must be there");
    return textPool.encode(files, prompt, fields.raw("add_special_tokens") !== false);
  }
  const continueFinalMessage = fields.flag("continue_final_message");
  const generation = fields.raw("add_generation_prompt");
  return textPool.encodeChat(files, {
    messages: parseMessages(messages),
    tools: fields.list("tools"),
    addGenerationPrompt: generation === null ? !continueFinalMessage : generation === true,
    continueFinalMessage,
    extra: fields.object("chat_template_kwargs") ?? {},
    nowMs: clock.nowMs(),
  });
}

function spelling(text: ModelText, id: number): string {
  return new TextDecoder().decode(text.tokenBytes(id));
}

/** vLLM serves one model and lets clients leave its name out; so it is here while there is one. */
function modelName(call: ApiCall, fields: BodyFields): string {
  const named = fields.text("model");
  if (named !== null) return named;
  const [only, ...more] = call.services.catalog.models();
  if (only === undefined || more.length > 0) throw badField("model", "must name a model");
  return only.name;
}

function tokenizerOf(model: ServedModel): TokenizerFiles {
  if (model.tokenizer !== null) return model.tokenizer;
  throw badField("model", "has no tokenizer");
}

function modelObject(model: ServedModel): { readonly [field: string]: Json } {
  return {
    id: model.name,
    object: "model",
    created: model.created,
    owned_by: "signalbox",
    root: model.name,
    parent: null,
    max_model_len: model.contextMax,
    permission: [],
    signalbox: { state: model.state, workers: model.workers },
  };
}
