// Grammars for tokenizers, and what they allow next, without holding up the event loop: two
// threads, one that tries what is new, one that serves what has been tried.
//
// State: which grammars were found good or bad, the most recently used last; open streams.
//
//   P1. What compiles too slowly or fills the memory does so where no stream waits for a mask.
//   P2. A mask depends on the ids alone: a stream knows which ids its matcher has had, and tells
//       only those after them when the new ones begin with them; otherwise, or when the thread is
//       another one, all of them.
//   P3. Every stream is closed by whoever opened it, and its matcher goes with it.

import { createHash } from "node:crypto";

import { Failure } from "#shared/base/errors.ts";
import type { MaskSource, TokenizerFiles } from "../token-source.ts";
import { GrammarLink, type LinkAnswer } from "./grammar-link.ts";
import type { Grammar } from "./grammar-text.ts";
import type { GrammarVocabulary } from "./grammar-thread.ts";

export interface GrammarModel {
  readonly tokenizer: TokenizerFiles;
  readonly vocab: number;
  readonly eosIds: readonly number[];
}

export interface GrammarMasks extends MaskSource {
  close(): void;
}

/** A grammar that has been tried with a model's tokenizer. */
export interface TriedGrammar {
  readonly key: string;
  readonly grammar: Grammar;
  readonly vocabulary: GrammarVocabulary;
}

export interface GrammarPoolOptions {
  /** What a grammar may take to compile. */
  readonly compileMsMax?: number;
  /** What a mask may take. */
  readonly maskMsMax?: number;
}

/** A vocabulary of 150 thousand tokens on a busy machine. */
const LOAD_MS_MAX = 60_000;
const COMPILE_MS_MAX = 5_000;
/** Of one mask; a tenth of it is much, even for the first in its place. */
const MASK_MS_MAX = 2_000;
const TRIED_MAX = 1_024;
const TRYING_MAX = 32;
const ATTEMPTS_MAX = 4;
const RETRY_MS = 1_000;
const TOO_SLOW = "takes too long to hold an output to";

export class GrammarPool {
  readonly #trying = new GrammarLink();
  readonly #serving = new GrammarLink();
  readonly #compileMsMax: number;
  readonly #maskMsMax: number;
  /** Null: good; otherwise why not. */
  readonly #tried = new Map<string, Promise<string | null>>();
  #waiting = 0;
  #streams = 0;
  #open = 0;

  constructor(options: GrammarPoolOptions = {}) {
    this.#compileMsMax = options.compileMsMax ?? COMPILE_MS_MAX;
    this.#maskMsMax = options.maskMsMax ?? MASK_MS_MAX;
  }

  /** INVALID when it cannot be held to, FULL when too many others are being tried. */
  async try(model: GrammarModel, grammar: Grammar): Promise<TriedGrammar> {
    const vocabulary = vocabularyOf(model);
    const key = digest(vocabulary.key, JSON.stringify(grammar));
    const trial = { key, grammar, vocabulary };
    const tried = this.#tried.get(key) ?? this.#begin(trial);
    this.#tried.delete(key);
    this.#tried.set(key, tried);
    for (const oldest of this.#tried.keys()) {
      if (this.#tried.size <= TRIED_MAX) break;
      this.#tried.delete(oldest);
    }
    const why = await tried;
    if (why !== null) throw new Failure("INVALID", why);
    return trial;
  }

  open(grammar: TriedGrammar): GrammarMasks {
    this.#streams += 1;
    this.#open += 1;
    return new StreamMasks(this.#serving, grammar, this.#streams, {
      maskMsMax: this.#maskMsMax,
      onClosed: () => (this.#open -= 1),
      // Whoever asks for it again would end the thread of all others again.
      onOverdue: () => this.#tried.set(grammar.key, Promise.resolve(TOO_SLOW)),
    });
  }

  /** Streams that are open here, and matchers that live in the thread. */
  async count(): Promise<{ readonly open: number; readonly matchers: number }> {
    const answer = await this.#serving.ask({ kind: "count" }, MASK_MS_MAX);
    return { open: this.#open, matchers: answer.kind === "count" ? answer.streams : 0 };
  }

  async close(): Promise<void> {
    await Promise.all([this.#trying.close(), this.#serving.close()]);
  }

  #begin(grammar: TriedGrammar): Promise<string | null> {
    if (this.#waiting >= TRYING_MAX) {
      const retry = { retryAfterMs: RETRY_MS };
      throw new Failure("FULL", "too many new grammars wait to be compiled", retry);
    }
    this.#waiting += 1;
    const trial = compileWith(this.#trying, grammar, this.#compileMsMax)
      .then((answer) => verdictOf(answer))
      .finally(() => (this.#waiting -= 1));
    // What is nobody's fault is not remembered.
    trial.catch(() => this.#tried.delete(grammar.key));
    return trial;
  }
}

interface StreamTerms {
  readonly maskMsMax: number;
  onClosed(): void;
  onOverdue(): void;
}

class StreamMasks implements GrammarMasks {
  readonly #link: GrammarLink;
  readonly #grammar: TriedGrammar;
  readonly #id: number;
  readonly #terms: StreamTerms;
  /** The ids that the matcher has had, or will have when it answers. */
  #had: readonly number[] = [];
  #isClosed = false;

  constructor(link: GrammarLink, grammar: TriedGrammar, id: number, terms: StreamTerms) {
    this.#link = link;
    this.#grammar = grammar;
    this.#id = id;
    this.#terms = terms;
  }

  async maskAfter(given: readonly number[]): Promise<Uint32Array | null> {
    const ids = [...given]; // The caller's list grows while the thread is asked.
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (this.#isClosed) throw new Failure("CANCELLED", "the output has been closed");
      const from = startsWith(ids, this.#had) ? this.#had.length : 0;
      this.#had = ids;
      const answer = await this.#link.ask(
        {
          kind: "mask",
          stream: this.#id,
          grammarKey: this.#grammar.key,
          from,
          ids: ids.slice(from),
        },
        this.#terms.maskMsMax,
      );
      if (answer.kind === "mask") return answer.words;
      this.#had = [];
      if (answer.kind === "broken") {
        const why = `token ${answer.index} of the output is none that the grammar allows`;
        throw new Failure("INTERNAL", why);
      }
      if (answer.kind === "overdue") this.#terms.onOverdue();
      if (answer.kind === "refused" || answer.kind === "overdue" || answer.kind === "failed") {
        throw failureOf(answer);
      }
      await compileWith(this.#link, this.#grammar, COMPILE_MS_MAX);
    }
    const why = "the threads of grammars do not stay up";
    throw new Failure("UNAVAILABLE", why, { retryAfterMs: RETRY_MS });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#link.tell({ kind: "close", stream: this.#id });
    this.#terms.onClosed();
  }
}

/** Tells the thread what it does not have; done, failed or overdue. */
async function compileWith(
  link: GrammarLink,
  tried: TriedGrammar,
  limitMs: number,
): Promise<LinkAnswer> {
  const { key, vocabulary } = tried;
  let answer: LinkAnswer = { kind: "missing" };
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    const names = { vocabularyKey: vocabulary.key, grammarKey: key };
    answer = await link.ask({ kind: "compile", ...names, grammar: tried.grammar }, limitMs);
    if (answer.kind === "missing") {
      const loaded = await link.ask({ kind: "load", vocabulary }, LOAD_MS_MAX);
      if (loaded.kind === "failed" || loaded.kind === "overdue") throw failureOf(loaded);
    } else if (answer.kind !== "lost") return answer;
  }
  return answer;
}

function verdictOf(answer: LinkAnswer): string | null {
  if (answer.kind === "done") return null;
  if (answer.kind === "overdue") return TOO_SLOW;
  if (answer.kind === "refused") return answer.why;
  if (answer.kind === "failed") throw failureOf(answer);
  const why = "the threads of grammars do not stay up";
  throw new Failure("UNAVAILABLE", why, { retryAfterMs: RETRY_MS });
}

function failureOf(answer: LinkAnswer): Failure {
  const why = "why" in answer ? answer.why : "it took too long";
  return new Failure("INTERNAL", `a grammar failed: ${why}`);
}

function vocabularyOf({ tokenizer, vocab, eosIds }: GrammarModel): GrammarVocabulary {
  const key = digest(tokenizer.sha256, String(vocab), eosIds.join());
  return { key, files: tokenizer, vocab, eosIds };
}

function digest(...parts: readonly string[]): string {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(`${part.length} ${part}`);
  return hash.digest("base64");
}

function startsWith(ids: readonly number[], start: readonly number[]): boolean {
  return start.length <= ids.length && start.every((id, at) => id === ids[at]);
}
