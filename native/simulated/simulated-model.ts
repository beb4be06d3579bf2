// What stands for a model: a few dozen tokens are likely in each context, by a hash of the tokens
// before, and the rest are not. Sampling options act on that distribution as they do on a real one.
//
//   S1. A draw depends on (model seed, tokens before, sampling options, seed, position) alone.

import type { GenerateRequest, LogitBias, Sampling, TokenLogprobs } from "../engine.ts";
import { extendHash, firstHash, uniformOf, type PrefixHash } from "./prefix-hash.ts";
import type { SimulatedOptions } from "./simulated-options.ts";

const LIKELY_TOKENS = 32;
/** Logits of likely tokens lie in [0, LOGIT_SPREAD); all others count as this. */
const LOGIT_SPREAD = 8;
const UNLIKELY_LOGIT = -20;
/** Where an end-of-sequence is due it is likelier than anything. */
const END_LOGIT = 40;

/** A token id and its logit. */
type Candidate = readonly [number, number];

export interface Draw {
  readonly tokenId: number;
  readonly logprobs: TokenLogprobs | null;
}

/** One request's context: the tokens so far and what sampling remembers of them. */
export class SimulatedContext {
  readonly #options: SimulatedOptions;
  readonly #sampling: Sampling;
  readonly #seen = new Map<number, { prompt: boolean; output: number }>();
  #hash: PrefixHash;
  #position = 0;
  #outputs = 0;

  constructor(options: SimulatedOptions, request: GenerateRequest) {
    this.#options = options;
    this.#sampling = request.sampling;
    this.#hash = firstHash(options.modelSeed, "");
    for (const id of request.prompt) this.#add(id, false);
    for (const id of request.resume) this.#add(id, true);
  }

  /** Draws the next token among `mask` (null: all) and takes it into the context. */
  draw(mask: Uint32Array | null): Draw {
    const logits = this.#logits();
    if (mask !== null) keepAllowed(logits, mask, this.#options.vocab, this.#hash);
    this.#punish(logits);
    const likely = [...logits].toSorted(byLogit);
    const tokenId = this.#choose(this.#withoutEarlyEnds(likely));
    this.#add(tokenId, true);
    const { logprobs } = this.#sampling;
    return { tokenId, logprobs: logprobs === null ? null : logprobsOf(likely, tokenId, logprobs) };
  }

  #add(id: number, output: boolean): void {
    const seen = this.#seen.get(id) ?? { prompt: false, output: 0 };
    if (output) seen.output += 1;
    else seen.prompt = true;
    this.#seen.set(id, seen);
    this.#hash = extendHash(this.#hash, id);
    this.#position += 1;
    if (output) this.#outputs += 1;
  }

  /** Of the tokens that count at all, after bias. */
  #logits(): Map<number, number> {
    const { vocab, eosIds, meanTokens } = this.#options;
    const logits = new Map<number, number>();
    for (let i = 0; i < LIKELY_TOKENS; i++) {
      const id = Math.floor(uniformOf(this.#hash, 2 * i) * vocab);
      logits.set(id, uniformOf(this.#hash, 2 * i + 1) * LOGIT_SPREAD);
    }
    const end = meanTokens !== null && uniformOf(this.#hash, -1) * meanTokens < 1;
    for (const id of eosIds) logits.set(id, end ? END_LOGIT : UNLIKELY_LOGIT);
    addBias(logits, this.#sampling.logitBias);
    return logits;
  }

  /** Before minTokens nothing ends the request, unless nothing else is left. */
  #withoutEarlyEnds(likely: readonly Candidate[]): readonly Candidate[] {
    const { minTokens, ignoreEos, stopIds } = this.#sampling;
    if (this.#outputs >= minTokens) return likely;
    const ends = ignoreEos ? stopIds : [...this.#options.eosIds, ...stopIds];
    const others = likely.filter(([id]) => !ends.includes(id));
    return others.length === 0 ? likely : others;
  }

  #punish(logits: Map<number, number>): void {
    const { repetitionPenalty, presencePenalty, frequencyPenalty } = this.#sampling;
    for (const [id, logit] of logits) {
      const seen = this.#seen.get(id);
      if (seen === undefined) continue;
      const repeated = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
      const present = seen.output > 0 ? presencePenalty : 0;
      logits.set(id, repeated - present - seen.output * frequencyPenalty);
    }
  }

  /** `likely` is sorted, the largest logit first. */
  #choose(likely: readonly Candidate[]): number {
    const { temperature, topK, topP, minP, seed } = this.#sampling;
    const [first = [0, 0]] = likely;
    if (temperature === 0) return first[0];
    const kept = likely.slice(0, topK ?? likely.length);
    const weights = kept.map(([, logit]) => Math.exp((logit - first[1]) / temperature));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    let count = 0;
    let sum = 0;
    for (const weight of weights) {
      if (count > 0 && (sum >= topP * total || weight < minP)) break;
      sum += weight;
      count += 1;
    }
    let left = uniformOf(firstHash(seed, ""), this.#position) * sum;
    for (let i = 0; i < count; i++) {
      left -= weights[i] ?? 0;
      if (left < 0) return kept[i]?.[0] ?? first[0];
    }
    return kept[count - 1]?.[0] ?? first[0];
  }
}

function byLogit(one: Candidate, other: Candidate): number {
  return other[1] - one[1] || one[0] - other[0];
}

function addBias(logits: Map<number, number>, biases: readonly LogitBias[]): void {
  for (const { tokenId, bias } of biases) {
    logits.set(tokenId, (logits.get(tokenId) ?? UNLIKELY_LOGIT) + bias);
  }
}

/** Where nothing likely is allowed, one allowed token by the hash is all there is. */
function keepAllowed(
  logits: Map<number, number>,
  mask: Uint32Array,
  vocab: number,
  hash: PrefixHash,
): void {
  const allowed = (id: number): boolean => (((mask[id >>> 5] ?? 0) >>> (id & 31)) & 1) === 1;
  for (const id of logits.keys()) if (!allowed(id)) logits.delete(id);
  if (logits.size > 0) return;
  const from = Math.floor(uniformOf(hash, -2) * vocab);
  for (let i = 0; i < vocab; i++) {
    const id = (from + i) % vocab;
    if (!allowed(id)) continue;
    logits.set(id, UNLIKELY_LOGIT);
    return;
  }
}

function logprobsOf(
  sorted: readonly Candidate[],
  tokenId: number,
  alternatives: number,
): TokenLogprobs {
  const highest = sorted[0]?.[1] ?? 0;
  const total = sorted.reduce((sum, [, logit]) => sum + Math.exp(logit - highest), 0);
  const all = sorted.map(([id, logit]) => ({
    tokenId: id,
    logprob: logit - highest - Math.log(total),
  }));
  const chosen = all.find((it) => it.tokenId === tokenId);
  return { logprob: chosen?.logprob ?? -Infinity, alternatives: all.slice(0, alternatives) };
}
