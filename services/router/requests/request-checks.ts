// What every front door asks of a request before it is sent on: a model that is there and may be
// used, a prompt that fits it.

import type { ModelCatalog, ServedModel } from "../token-source.ts";
import { ApiError, badField, modelNotFound } from "../openai/api-error.ts";
import type { Grant } from "./grant.ts";

const LOADING_RETRY_MS = 5_000;

/** Of an output without a limit: settled with what it came to. */
export const OUTPUT_TOKENS_GUESS = 256;

/** 404 for what is not there or not for this key, 503 while it is not ready. */
export function servedModel(catalog: ModelCatalog, grant: Grant, name: string): ServedModel {
  const model = catalog.model(name);
  if (model === null && catalog.models().length === 0) {
    throw new ApiError(503, "No worker has dialled this router yet.", {
      ...{ code: "unavailable", retryAfterMs: LOADING_RETRY_MS },
    });
  }
  if (model === null || !mayUse(grant, name)) throw modelNotFound(name);
  // One without a worker is waited for: its request may be sooner than its next worker.
  if (model.state !== "loading") return model;
  throw new ApiError(503, `The model \`${name}\` is loading.`, {
    ...{ code: "model_loading", retryAfterMs: LOADING_RETRY_MS },
  });
}

export function mayUse(grant: Grant, model: string): boolean {
  return grant.models?.includes(model) ?? true;
}

/** `param`: where the prompt stands. `maxTokens` null: no limit was asked for. */
export function checkLength(
  model: ServedModel,
  param: string,
  prompt: number,
  maxTokens: number | null,
): void {
  const asked = prompt + (maxTokens ?? 1);
  if (asked <= model.contextMax) return;
  const output = maxTokens === null ? "" : ` (${prompt} in the prompt, ${maxTokens} to generate)`;
  throw new ApiError(
    400,
    `This model's maximum context length is ${model.contextMax} tokens. However, you requested ` +
      `${maxTokens === null ? `a prompt of ${prompt}` : asked} tokens${output}.`,
    { param, code: "context_length_exceeded" },
  );
}

export function checkIds(model: ServedModel, param: string, ids: readonly number[]): void {
  if (ids.length === 0) throw badField(param, "has no tokens");
  for (const id of ids) {
    if (id < model.vocab) continue;
    throw badField(param, `token ${id} is not in the vocabulary of ${model.vocab}`);
  }
}
