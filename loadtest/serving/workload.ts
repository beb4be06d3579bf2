// What is asked: conversations of one turn or more, whose prompts and answers have lengths drawn
// from distributions, and of whose prompts a share begins like others'. The same seed, the same
// conversations, in whatever order they are held.

import { randomInt, seededRandom, type Random } from "#shared/base/prng.ts";
import type { Asked } from "./openai-endpoint.ts";
import type { TokenLengths } from "./token-lengths.ts";

/** How prompts are written. Words are turned into tokens as the endpoint's tokenizer has shown. */
export type PromptForm =
  | { readonly kind: "chat" | "text"; readonly words: WordRate }
  /** Token ids below `vocab`, for /completions: exact lengths, whatever the tokenizer. */
  | { readonly kind: "ids"; readonly vocab: number };

/** A prompt of w words has `fixed + perWord * w` tokens: `fixed` is the template's. */
export interface WordRate {
  readonly fixed: number;
  readonly perWord: number;
}

export interface WorkloadOptions {
  readonly model: string;
  readonly form: PromptForm;
  readonly prompt: TokenLengths;
  readonly output: TokenLengths;
  /** Of each prompt's tokens, how many begin it that it shares with others: 0 to 1. */
  readonly prefixShare: number;
  /** So many different beginnings. */
  readonly prefixes: number;
  /** Of a conversation; each repeats what was said before. 1 unless prompts are chats. */
  readonly turns: number;
  /** Answers are as long as was drawn (`ignore_eos`), or end where the model ends them. */
  readonly exactLength: boolean;
  readonly seed: number;
}

/** Special tokens are mostly at a vocabulary's beginning. */
const FIRST_ID = 16;
const WORDS = (
  "time year people way day man thing woman life child world school state family student group " +
  "country problem hand part place case week company system program question work government " +
  "number night point home water room mother area money story fact month lot right study book " +
  "eye job word business issue side kind head house service friend father power hour game line " +
  "end member law car city community name president team minute idea kid body back parent face"
).split(" ");

export class Conversation {
  readonly #options: WorkloadOptions;
  readonly #random: Random;
  readonly #session: string | null;
  readonly #prefix: number;
  readonly #serial: number;
  readonly #said: { readonly role: string; readonly content: string }[] = [];
  #turn = 0;

  constructor(options: WorkloadOptions, index: number) {
    this.#options = options;
    this.#serial = index;
    this.#random = seededRandom(options.seed * 2 ** 24 + index);
    this.#session = options.turns > 1 ? `bench-${options.seed}-${index}` : null;
    this.#prefix = randomInt(this.#random, options.prefixes);
  }

  /** The next turn; null when there is none. */
  next(): Asked | null {
    const { form, model, turns, exactLength, output, prompt } = this.#options;
    if (this.#turn >= turns) return null;
    this.#turn += 1;
    const promptTokens = prompt(this.#random);
    const outputTokens = output(this.#random);
    const body = {
      ...{ model, stream: true, stream_options: { include_usage: true }, temperature: 0 },
      seed: this.#serial,
      ...(exactLength ? { ignore_eos: true } : {}),
    };
    const session = this.#session;
    if (form.kind === "ids") {
      const ids = { prompt: this.#ids(promptTokens, form.vocab), return_token_ids: true };
      return { path: "/completions", session, body: { ...body, ...ids, max_tokens: outputTokens } };
    }
    const words = Math.max(1, Math.round((promptTokens - form.words.fixed) / form.words.perWord));
    const text = this.#words(words);
    if (form.kind === "text") {
      const asked = { prompt: text, max_tokens: outputTokens };
      return { path: "/completions", session, body: { ...body, ...asked } };
    }
    this.#said.push({ role: "user", content: text });
    const asked = { messages: [...this.#said], max_completion_tokens: outputTokens };
    return { path: "/chat/completions", session, body: { ...body, ...asked } };
  }

  /** What the last turn was answered. */
  answered(text: string): void {
    this.#said.push({ role: "assistant", content: text });
  }

  #words(count: number): string {
    return this.#drawn(count, (random) => WORDS[randomInt(random, WORDS.length)] ?? "").join(" ");
  }

  #ids(count: number, vocab: number): number[] {
    return this.#drawn(count, (random) => FIRST_ID + randomInt(random, vocab - FIRST_ID));
  }

  /** A later turn's beginning is the conversation so far; only a first one shares another's. */
  #drawn<T>(count: number, draw: (random: Random) => T): T[] {
    const shared = this.#turn === 1 ? Math.floor(count * this.#options.prefixShare) : 0;
    const prefix = seededRandom(this.#options.seed * 2 ** 24 - 1 - this.#prefix);
    return Array.from({ length: count }, (_, at) => draw(at < shared ? prefix : this.#random));
  }
}

/** From two prompts' words and tokens. */
export function wordRateOf(
  short: { readonly words: number; readonly tokens: number },
  long: { readonly words: number; readonly tokens: number },
): WordRate {
  const perWord = Math.max(0.1, (long.tokens - short.tokens) / (long.words - short.words));
  return { perWord, fixed: Math.max(0, short.tokens - perWord * short.words) };
}

/** A prompt of so many words, as the workload writes them. */
export function sampleOf(form: "chat" | "text", model: string, words: number): Asked {
  const text = Array.from({ length: words }, (_, at) => WORDS[at % WORDS.length]).join(" ");
  const body = { model, stream: true, stream_options: { include_usage: true }, temperature: 0 };
  if (form === "text") {
    return { path: "/completions", session: null, body: { ...body, prompt: text, max_tokens: 1 } };
  }
  const asked = { messages: [{ role: "user", content: text }], max_completion_tokens: 1 };
  return { path: "/chat/completions", session: null, body: { ...body, ...asked } };
}
