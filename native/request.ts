// Requests made complete, and checked as far as any engine with the same vocabulary would.

import type {
  GenerateRequest,
  LogitBias,
  PartialRequest,
  Sampling,
  SamplingDefaults,
  TokenIds,
} from "./engine.ts";
import { EngineFailure } from "./errors.ts";

/** What a request gets that names nothing else and whose model proposes nothing. */
export const SAMPLING_DEFAULTS: Sampling = {
  temperature: 1,
  topK: null,
  topP: 1,
  minP: 0,
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: [],
  stopIds: [],
  ignoreEos: false,
  minTokens: 0,
  maxTokens: 16,
  seed: 0,
  logprobs: null,
};

const EMPTY: Omit<GenerateRequest, "prompt" | "sampling"> = {
  resume: [],
  cacheSalt: "",
  priority: 0,
  masked: false,
};

/**
 * With `proposed` of the model (engine.model.defaults) between what is given and the defaults.
 * Throws `invalid_request` for a name that nobody knows.
 */
export function completeRequest(
  given: PartialRequest,
  proposed: Partial<SamplingDefaults> = {},
): GenerateRequest {
  const { sampling = {}, ...rest } = given;
  const known = Object.entries(proposed).filter(([, value]) => value !== null);
  const defaults = { ...SAMPLING_DEFAULTS, ...Object.fromEntries(known) };
  return {
    ...overlaid("", { prompt: given.prompt, ...EMPTY, sampling: defaults }, rest),
    sampling: overlaid("sampling.", defaults, sampling),
  };
}

/** `defaults` with what is there of `given`. */
function overlaid<T extends object>(path: string, defaults: T, given: Partial<T>): T {
  if (typeof given !== "object" || given === null) refuse(path.slice(0, -1), "must be an object");
  const result = { ...defaults };
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(defaults, name)) refuse(`${path}${name}`, "is no field of a request");
    if (value !== undefined) result[name as keyof T] = value as T[keyof T];
  }
  return result;
}

/** A tenant's name in bytes; the engine's own bound. */
const SALT_BYTES_MAX = 1024;
const INT32_MAX = 2 ** 31 - 1;
const LOGPROBS_MAX = 20;
const TEMPERATURE_MAX = 100;
const PENALTY_MAX = 2;

/** Throws `invalid_request` naming the field. */
export function checkRequest(request: GenerateRequest, vocab: number): void {
  const { sampling } = request;
  checkTokens("prompt", request.prompt, vocab);
  if (request.prompt.length === 0) refuse("prompt", "must have at least one token");
  checkTokens("resume", request.resume, vocab);
  const { cacheSalt } = request;
  // Half a surrogate pair is not: two such salts would be one in UTF-8.
  if (typeof cacheSalt !== "string" || cacheSalt.includes("\0") || !cacheSalt.isWellFormed()) {
    refuse("cacheSalt", "must be well-formed text without NUL characters");
  }
  if (Buffer.byteLength(cacheSalt) > SALT_BYTES_MAX) {
    refuse("cacheSalt", `must be at most ${SALT_BYTES_MAX} bytes`);
  }
  whole("priority", request.priority, -INT32_MAX - 1, INT32_MAX);
  flag("masked", request.masked);
  checkSampling(sampling, vocab);
  if (request.resume.length > sampling.maxTokens) {
    refuse("resume", `has ${request.resume.length} tokens, over maxTokens ${sampling.maxTokens}`);
  }
}

function checkSampling(sampling: Sampling, vocab: number): void {
  between("temperature", sampling.temperature, 0, TEMPERATURE_MAX);
  if (sampling.topK !== null) whole("topK", sampling.topK, 1, INT32_MAX);
  between("topP", sampling.topP, Number.MIN_VALUE, 1);
  between("minP", sampling.minP, 0, 1);
  between("repetitionPenalty", sampling.repetitionPenalty, Number.MIN_VALUE, Number.MAX_VALUE);
  between("presencePenalty", sampling.presencePenalty, -PENALTY_MAX, PENALTY_MAX);
  between("frequencyPenalty", sampling.frequencyPenalty, -PENALTY_MAX, PENALTY_MAX);
  checkBias(sampling.logitBias, vocab);
  checkTokens("stopIds", sampling.stopIds, vocab);
  flag("ignoreEos", sampling.ignoreEos);
  whole("minTokens", sampling.minTokens, 0, INT32_MAX);
  whole("maxTokens", sampling.maxTokens, 1, INT32_MAX);
  if (sampling.minTokens > sampling.maxTokens) refuse("minTokens", "must not exceed maxTokens");
  whole("seed", sampling.seed, 0, Number.MAX_SAFE_INTEGER);
  if (sampling.logprobs !== null) whole("logprobs", sampling.logprobs, 0, LOGPROBS_MAX);
}

function checkBias(biases: readonly LogitBias[], vocab: number): void {
  if (!Array.isArray(biases)) refuse("logitBias", "must be an array");
  for (const [index, entry] of biases.entries()) {
    const it = entry as LogitBias | null | undefined;
    whole(`logitBias[${index}].tokenId`, it?.tokenId ?? NaN, 0, vocab - 1);
    between(`logitBias[${index}].bias`, it?.bias ?? NaN, -Number.MAX_VALUE, Number.MAX_VALUE);
  }
}

function checkTokens(name: string, ids: TokenIds, vocab: number): void {
  if (!Array.isArray(ids) && !(ids instanceof Int32Array)) {
    refuse(name, "must be an array of numbers or an Int32Array");
  }
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i] as unknown;
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= vocab) {
      refuse(`${name}[${i}]`, `is ${String(id)}: no token of a vocabulary of ${vocab}`);
    }
  }
}

function flag(name: string, value: unknown): void {
  if (typeof value !== "boolean") refuse(name, "must be true or false");
}

function whole(name: string, value: unknown, min: number, max: number): void {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    refuse(name, `must be a whole number from ${min} to ${max}`);
  }
}

function between(name: string, value: unknown, min: number, max: number): void {
  // Written so that NaN is refused too.
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    refuse(name, `must be a number from ${min} to ${max}`);
  }
}

function refuse(name: string, why: string): never {
  throw new EngineFailure("invalid_request", `${name} ${why}`);
}
