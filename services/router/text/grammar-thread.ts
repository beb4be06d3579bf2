// The thread that holds grammars: token ids in, masks out. GrammarLink starts it, from source or
// from dist.
//
// State: tokenizers and grammars, the most recently used last; where each stream's output is.
//
//   G1. A stream has taken exactly `count` ids; whoever asks says from where on it tells them, and
//       is told MISSING when that does not fit.
//   G2. Masks are kept for as long as their grammar is, as many as fit in MASK_WORDS_MAX.

import { parentPort } from "node:worker_threads";

import { Failure } from "#shared/base/errors.ts";
import type { TokenizerFiles } from "../token-source.ts";
import { GrammarMachine, type PlaceSet } from "./grammar-machine.ts";
import type { Grammar } from "./grammar-text.ts";
import { ModelText } from "./model-text.ts";
import { TokenTrie } from "./token-trie.ts";

/** A tokenizer as grammars see it: its files, how many rows the model has, what ends an output. */
export interface GrammarVocabulary {
  readonly key: string;
  readonly files: TokenizerFiles;
  readonly vocab: number;
  readonly eosIds: readonly number[];
}

export type GrammarAsk =
  | { readonly kind: "load"; readonly vocabulary: GrammarVocabulary }
  | {
      readonly kind: "compile";
      readonly vocabularyKey: string;
      readonly grammarKey: string;
      readonly grammar: Grammar;
    }
  | {
      readonly kind: "mask";
      readonly stream: number;
      readonly grammarKey: string;
      /** So many ids the stream has had; 0: it begins anew. */
      readonly from: number;
      readonly ids: readonly number[];
    }
  | { readonly kind: "close"; readonly stream: number }
  | { readonly kind: "count" };

export type GrammarAnswer =
  /** First of all, and unasked. */
  | { readonly kind: "ready" }
  | { readonly kind: "done" }
  /** The vocabulary, the grammar or the stream is not here (any more): tell it again. */
  | { readonly kind: "missing" }
  /** Null: complete. */
  | { readonly kind: "mask"; readonly words: Uint32Array<ArrayBuffer> | null }
  /** The output breaks the grammar with this index. */
  | { readonly kind: "broken"; readonly index: number }
  /** The grammar is none that can be served. */
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "count"; readonly streams: number; readonly grammars: number };

interface Vocabulary {
  readonly trie: TokenTrie;
  readonly pieces: readonly Uint8Array[];
  /** Those that the model has rows for. */
  readonly eosIds: readonly number[];
}

interface Served {
  readonly machine: GrammarMachine;
  readonly vocabulary: Vocabulary;
  readonly masks: Map<PlaceSet, Uint32Array>;
}

interface Stream {
  readonly served: Served;
  /** Null: the output has ended. */
  at: PlaceSet | null;
  count: number;
}

/** A vocabulary of 150 thousand tokens is about 5 MB here, and its tokenizer goes again. */
const VOCABULARIES_MAX = 8;
const GRAMMARS_MAX = 64;
/** Of one grammar: 1 MiB. */
const MASK_WORDS_MAX = 262_144;

const vocabularies = new Map<string, Vocabulary>();
const grammars = new Map<string, Served>();
const streams = new Map<number, Stream>();

parentPort?.on("message", (ask: GrammarAsk) => {
  if (ask.kind === "close") {
    streams.delete(ask.stream);
    return;
  }
  const told = answerOf(ask);
  const moved = told.kind === "mask" && told.words !== null ? [told.words.buffer] : [];
  parentPort?.postMessage(told, moved);
});

const ready: GrammarAnswer = { kind: "ready" };
parentPort?.postMessage(ready, []);

function answerOf(ask: Exclude<GrammarAsk, { kind: "close" }>): GrammarAnswer {
  try {
    switch (ask.kind) {
      case "load":
        return load(ask.vocabulary);
      case "compile":
        return compile(ask.vocabularyKey, ask.grammarKey, ask.grammar);
      case "mask":
        return maskOf(ask.stream, ask.grammarKey, ask.from, ask.ids);
      case "count":
        return { kind: "count", streams: streams.size, grammars: grammars.size };
    }
  } catch (reason) {
    const { code, message } = Failure.from(reason);
    return { kind: code === "INVALID" ? "refused" : "failed", why: message };
  }
}

function load({ key, files, vocab, eosIds }: GrammarVocabulary): GrammarAnswer {
  if (touch(vocabularies, key) !== null) return { kind: "done" };
  const text = new ModelText(files);
  const pieces = Array.from({ length: vocab }, (_, id) =>
    eosIds.includes(id) ? new Uint8Array() : text.grammarBytes(id),
  );
  const trie = new TokenTrie(pieces);
  const rows = { trie, pieces, eosIds: eosIds.filter((id) => id < vocab) };
  keep(vocabularies, key, rows, VOCABULARIES_MAX);
  return { kind: "done" };
}

/** With its first mask, which the trial of a grammar is to have seen. */
function compile(from: string, key: string, grammar: Grammar): GrammarAnswer {
  if (touch(grammars, key) !== null) return { kind: "done" };
  const vocabulary = touch(vocabularies, from);
  if (vocabulary === null) return { kind: "missing" };
  const machine = new GrammarMachine(grammar);
  const served = { machine, vocabulary, masks: new Map<PlaceSet, Uint32Array>() };
  allowedAt(served, machine.start);
  keep(grammars, key, served, GRAMMARS_MAX);
  return { kind: "done" };
}

function maskOf(
  id: number,
  grammarKey: string,
  from: number,
  ids: readonly number[],
): GrammarAnswer {
  if (from === 0) streams.delete(id);
  const stream = streams.get(id) ?? (from === 0 ? begin(id, grammarKey) : null);
  if (stream === null || stream.count !== from) return { kind: "missing" };
  for (const token of ids) {
    if (!take(stream, token)) return { kind: "broken", index: stream.count };
    stream.count += 1;
  }
  if (stream.at === null) return { kind: "mask", words: null };
  const { served, at } = stream;
  const words = Uint32Array.from(allowedAt(served, at));
  if (words.some((word) => word !== 0)) {
    if (at.ends) for (const id of served.vocabulary.eosIds) setBit(words, id);
    return { kind: "mask", words };
  }
  if (at.ends) return { kind: "mask", words: null };
  return { kind: "failed", why: "no token of the vocabulary can go on with the output" };
}

function begin(id: number, grammarKey: string): Stream | null {
  const served = touch(grammars, grammarKey);
  if (served === null) return null;
  const stream: Stream = { served, at: served.machine.start, count: 0 };
  streams.set(id, stream);
  return stream;
}

/** False: the grammar does not allow it. */
function take(stream: Stream, token: number): boolean {
  const { machine, vocabulary } = stream.served;
  if (stream.at === null) return false;
  const piece = vocabulary.pieces[token];
  if (vocabulary.eosIds.includes(token)) {
    if (!stream.at.ends) return false;
    stream.at = null;
    return true;
  }
  if (piece === undefined || piece.length === 0) return false;
  let at: PlaceSet | null = stream.at;
  for (const byte of piece) at = at === null ? null : machine.step(at, byte);
  if (at === null) return false;
  stream.at = at;
  return true;
}

function allowedAt(served: Served, at: PlaceSet): Uint32Array {
  const { machine, vocabulary, masks } = served;
  const known = masks.get(at);
  if (known !== undefined) return known;
  const mask = vocabulary.trie.maskAt(machine, at);
  const max = Math.max(1, Math.floor(MASK_WORDS_MAX / mask.length));
  for (const oldest of masks.keys()) {
    if (masks.size < max) break;
    masks.delete(oldest);
  }
  masks.set(at, mask);
  return mask;
}

function setBit(words: Uint32Array, bit: number): void {
  words[bit >>> 5] = ((words[bit >>> 5] ?? 0) | (1 << (bit & 31))) >>> 0;
}

function touch<T>(kept: Map<string, T>, key: string): T | null {
  const found = kept.get(key);
  if (found === undefined) return null;
  kept.delete(key);
  kept.set(key, found);
  return found;
}

function keep<T>(kept: Map<string, T>, key: string, it: T, max: number): void {
  kept.set(key, it);
  for (const oldest of kept.keys()) {
    if (kept.size <= max) break;
    kept.delete(oldest);
  }
}
