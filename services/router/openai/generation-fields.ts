// The fields that chat and completions share, as the domain says them. Pure.

import type { Json } from "#shared/base/canonical-json.ts";
import { REQUEST_CLASSES, type RequestClass } from "../core/request-class.ts";
import type { TokenSampling } from "../token-source.ts";
import { badField } from "./api-error.ts";
import { isList, type BodyFields } from "./body-fields.ts";
import { parseOutputFormat, type OutputFormat } from "./output-format.ts";

export interface GenerationFields {
  readonly model: string;
  /** Answers per prompt. */
  readonly choices: number;
  readonly sampling: TokenSampling;
  readonly stops: readonly string[];
  readonly includeStop: boolean;
  readonly skipSpecial: boolean;
  /** Null: one answer, not a stream. */
  readonly stream: { readonly includeUsage: boolean; readonly continuousUsage: boolean } | null;
  readonly returnTokenIds: boolean;
  /** Null: any text. */
  readonly format: OutputFormat | null;
  readonly cacheSalt: string;
  /** Null: what the key proposes. */
  readonly priority: RequestClass | null;
  readonly user: string | null;
}

export const STREAMS_MAX = 128;
export const STOPS_MAX = 64;
const STOP_CHARS_MAX = 512;
const STOP_IDS_MAX = 1_024;
const BIASES_MAX = 4_096;
export const SALT_CHARS_MAX = 256;
const MODEL_CHARS_MAX = 512;
const TOKENS_MAX = 2 ** 31 - 1;

export interface FieldRules {
  readonly maxTokens: number | null;
  readonly logprobs: number | null;
  /** Drawn once per request, so that a reconnect draws the same; null: the body's. */
  readonly seed: number;
}

export function parseGeneration(fields: BodyFields, rules: FieldRules): GenerationFields {
  const model = fields.text("model");
  if (model === null || model === "" || model.length > MODEL_CHARS_MAX) {
    throw badField("model", "must name a model");
  }
  const choices = fields.integer("n", { min: 1, max: STREAMS_MAX }) ?? 1;
  fields.refuse("best_of", "every choice that is drawn is returned", [1, choices]);
  fields.refuse("use_beam_search", "there is no beam search");
  fields.refuse("prompt_logprobs", "prompts are not scored");
  const salt = fields.text("cache_salt") ?? "";
  if (salt.length > SALT_CHARS_MAX) throw badField("cache_salt", "is too long");
  return {
    model,
    choices,
    sampling: parseSampling(fields, rules),
    stops: parseStops(fields),
    includeStop: fields.flag("include_stop_str_in_output"),
    skipSpecial: fields.raw("skip_special_tokens") !== false,
    stream: parseStream(fields),
    returnTokenIds: fields.flag("return_token_ids"),
    format: parseOutputFormat(fields),
    cacheSalt: salt,
    priority: parsePriority(fields.raw("priority")),
    user: fields.text("user"),
  };
}

export function parseSampling(fields: BodyFields, rules: FieldRules): TokenSampling {
  const topK = fields.integer("top_k", { min: -1 });
  const minTokens = fields.integer("min_tokens", { min: 0, max: TOKENS_MAX }) ?? 0;
  if (rules.maxTokens !== null && minTokens > rules.maxTokens) {
    throw badField("min_tokens", "must not be over max_tokens");
  }
  return {
    temperature: fields.number("temperature", { min: 0, max: 2 }),
    topK: topK === -1 ? 0 : topK, // Both are "all" to clients; the workers know 0.
    topP: fields.number("top_p", { min: 0, max: 1, above: true }),
    minP: fields.number("min_p", { min: 0, max: 1 }),
    repetitionPenalty: fields.number("repetition_penalty", { min: 0, max: 100, above: true }),
    presencePenalty: fields.number("presence_penalty", { min: -2, max: 2 }),
    frequencyPenalty: fields.number("frequency_penalty", { min: -2, max: 2 }),
    logitBias: parseLogitBias(fields),
    stopIds: parseIds("stop_token_ids", fields.list("stop_token_ids") ?? [], STOP_IDS_MAX),
    ignoreEos: fields.flag("ignore_eos"),
    minTokens,
    maxTokens: rules.maxTokens,
    // Seeds on the wire are not negative; a client's sign becomes another seed, always the same.
    seed: positive(fields.integer("seed") ?? rules.seed),
    logprobs: rules.logprobs,
  };
}

/** The larger limit of a token count that two fields may give. */
export function parseMaxTokens(fields: BodyFields, names: readonly string[]): number | null {
  const given = names.map((name) => fields.integer(name, { min: 1, max: TOKENS_MAX }));
  return given.find((value) => value !== null) ?? null;
}

/** A list of token ids, as bounded as the field says. */
export function parseIds(name: string, list: readonly Json[], max: number): number[] {
  if (list.length > max) throw badField(name, `has more than ${max} entries`);
  return list.map((id) => {
    if (typeof id === "number" && Number.isInteger(id) && id >= 0 && id < 2 ** 31) return id;
    throw badField(name, "must be a list of token ids");
  });
}

function positive(seed: number): number {
  return seed < 0 ? Number.MAX_SAFE_INTEGER + seed : seed;
}

function parseLogitBias(fields: BodyFields): TokenSampling["logitBias"] {
  const entries = Object.entries(fields.object("logit_bias") ?? {});
  if (entries.length > BIASES_MAX) throw badField("logit_bias", `over ${BIASES_MAX} tokens`);
  return entries.map(([key, bias]) => {
    if (!/^\d{1,9}$/.test(key)) throw badField("logit_bias", `"${key}" is no token id`);
    if (typeof bias !== "number" || Math.abs(bias) > 100) {
      throw badField("logit_bias", "must be from -100 to 100");
    }
    return { tokenId: Number(key), bias };
  });
}

export function parseStops(fields: BodyFields): string[] {
  const value = fields.raw("stop");
  const list = value === null ? [] : isList(value) ? value : [value];
  if (list.length > STOPS_MAX) throw badField("stop", `has more than ${STOPS_MAX} strings`);
  return list.map((stop) => {
    if (typeof stop !== "string") throw badField("stop", "must be a string or a list of strings");
    if (stop === "" || stop.length > STOP_CHARS_MAX || !stop.isWellFormed()) {
      throw badField("stop", `each must be text of 1 to ${STOP_CHARS_MAX} characters`);
    }
    return stop;
  });
}

function parseStream(fields: BodyFields): GenerationFields["stream"] {
  const options = fields.object("stream_options");
  if (!fields.flag("stream")) {
    if (options !== null) throw badField("stream_options", "is only for stream: true");
    return null;
  }
  return {
    includeUsage: options?.["include_usage"] === true,
    continuousUsage: options?.["continuous_usage_stats"] === true,
  };
}

/** A class by name, or vLLM's number: lower is served earlier. */
function parsePriority(value: Json): RequestClass | null {
  if (value === null) return null;
  if (typeof value === "number") return value === 0 ? null : value < 0 ? "high" : "low";
  const named = REQUEST_CLASSES.find((name) => name === value);
  if (named !== undefined) return named;
  throw badField("priority", `must be a number or one of ${REQUEST_CLASSES.join(", ")}`);
}
