// The body of POST /v1/completions. Pure.

import type { Json } from "#shared/base/canonical-json.ts";
import { badField, unsupported } from "./api-error.ts";
import { BodyFields, isList } from "./body-fields.ts";
import {
  parseGeneration,
  parseIds,
  parseMaxTokens,
  STREAMS_MAX,
  type GenerationFields,
} from "./generation-fields.ts";

export type Prompt =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "ids"; readonly ids: readonly number[] };

export interface CompletionRequest extends GenerationFields {
  readonly prompts: readonly Prompt[];
  /** The answer begins with the prompt. */
  readonly echo: boolean;
  readonly addSpecialTokens: boolean;
  readonly unknown: readonly string[];
}

/** OpenAI's own, which clients of this route count on. */
const MAX_TOKENS_DEFAULT = 16;
const LOGPROBS_MAX = 20;
const PROMPT_IDS_MAX = 4_194_304;

/** Throws ApiError. `seed` is what the request draws with unless it says so itself. */
export function parseCompletionRequest(body: Json, seed: number): CompletionRequest {
  const fields = new BodyFields(body);
  const generation = parseGeneration(fields, {
    maxTokens: parseMaxTokens(fields, ["max_tokens"]) ?? MAX_TOKENS_DEFAULT,
    logprobs: fields.integer("logprobs", { min: 0, max: LOGPROBS_MAX }),
    seed,
  });
  fields.refuse("suffix", "models here do not fill in the middle");
  const echo = fields.flag("echo");
  if (echo && generation.sampling.logprobs !== null) {
    throw unsupported("echo", "with logprobs: prompts are not scored");
  }
  const prompts = parsePrompts(fields.raw("prompt"));
  if (prompts.length * generation.choices > STREAMS_MAX) {
    throw badField("prompt", `prompts times n must be at most ${STREAMS_MAX}`);
  }
  const addSpecialTokens = fields.raw("add_special_tokens") !== false;
  return { ...generation, prompts, echo, addSpecialTokens, unknown: fields.unknown() };
}

/** A list of numbers is one prompt; a list of one string is still a batch. */
function parsePrompts(prompt: Json): Prompt[] {
  if (typeof prompt === "string") return [{ kind: "text", text: prompt }];
  if (!isList(prompt) || prompt.length === 0) {
    throw badField("prompt", "must be a string, a list of strings, or lists of token ids");
  }
  if (typeof prompt[0] === "number") return [idsPrompt(prompt)];
  return prompt.map((it) => {
    if (typeof it === "string") return { kind: "text", text: it };
    if (isList(it)) return idsPrompt(it);
    throw badField("prompt", "must be a string, a list of strings, or lists of token ids");
  });
}

function idsPrompt(list: readonly Json[]): Prompt {
  if (list.length === 0) throw badField("prompt", "must not be empty");
  return { kind: "ids", ids: parseIds("prompt", list, PROMPT_IDS_MAX) };
}
