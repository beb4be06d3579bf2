// What each token adds to a text, read from tokenizer.json's `decoder`: the rules of byte-level
// BPE, metaspace, byte fallback, WordPiece and suffix BPE, taken apart so that a token costs the
// same wherever in an output it stands.
//
// State: pieces of the tokens seen so far, at most one per token of the vocabulary.

import type { Tokenizer } from "@huggingface/tokenizers";

import { Failure } from "#shared/base/errors.ts";

export type Piece =
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "text"; readonly text: string }
  /** Left out of texts unless somebody asks for them: <|end|> and its like. */
  | { readonly kind: "special"; readonly text: string }
  /** A row of the model that no token has. */
  | { readonly kind: "none" };

/** What depends on where in the output a token stands. */
export interface JoinRules {
  /** Metaspace: the first piece loses one leading space. */
  readonly firstLosesSpace: boolean;
  /** `Strip` after `Fuse`: so many of this character go at the start. */
  readonly strip: { readonly content: string; readonly count: number };
  /** WordPiece and no decoder at all: what stands between two pieces. */
  readonly glue: string;
  /** A piece that begins so is glued to the one before without `glue`. */
  readonly gluedPrefix: string | null;
  /** Suffix BPE: the end of a word, a space if anything follows. */
  readonly wordEnd: string | null;
}

interface DecoderConfig {
  readonly type: string;
  readonly decoders?: readonly DecoderConfig[];
  readonly pattern?: { readonly String?: string; readonly Regex?: string };
  readonly content?: string;
  readonly start?: number;
  readonly stop?: number;
  readonly replacement?: string;
  readonly prepend_scheme?: string;
  readonly add_prefix_space?: boolean;
  readonly prefix?: string;
  readonly suffix?: string;
}

type Edit = (text: string) => string;

export class TokenPieces {
  readonly rules: JoinRules;
  readonly #tokenizer: Tokenizer;
  readonly #added: ReadonlyMap<number, { readonly special: boolean; readonly text: string }>;
  readonly #edits: Edit[] = [];
  readonly #pieces: (Piece | undefined)[] = [];
  #byteLevel = false;
  #byteFallback = false;

  /** INVALID for a decoder that nobody has taken apart here. */
  constructor(tokenizer: Tokenizer, decoder: unknown) {
    this.#tokenizer = tokenizer;
    const added = [...tokenizer.get_added_tokens_decoder()];
    this.#added = new Map(
      added.map(([id, it]) => [id, { special: it.special, text: it.content }] as const),
    );
    this.rules = this.#read(decoder as DecoderConfig | null);
  }

  pieceOf(id: number): Piece {
    const known = this.#pieces[id];
    if (known !== undefined) return known;
    const piece = this.#make(id);
    // An id beyond the vocabulary is not kept: the vocabulary bounds the table, not a client.
    if (piece.kind !== "none") this.#pieces[id] = piece;
    return piece;
  }

  #make(id: number): Piece {
    const added = this.#added.get(id);
    if (added?.special) return { kind: "special", text: added.text };
    if (added !== undefined && this.#byteLevel) return { kind: "text", text: added.text };
    const token = this.#tokenizer.id_to_token(id);
    if (token === undefined) return { kind: "none" };
    if (this.#byteLevel) return { kind: "bytes", bytes: byteLevelBytes(token) };
    const byte = this.#byteFallback ? /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1] : undefined;
    if (byte !== undefined) return { kind: "bytes", bytes: Uint8Array.of(parseInt(byte, 16)) };
    return { kind: "text", text: this.#edits.reduce((text, edit) => edit(text), token) };
  }

  #read(decoder: DecoderConfig | null): JoinRules {
    let rules: JoinRules = {
      firstLosesSpace: false,
      strip: { content: "", count: 0 },
      glue: decoder === null ? " " : "",
      gluedPrefix: null,
      wordEnd: null,
    };
    let fused = false;
    for (const step of decoder === null ? [] : flat(decoder)) {
      if (step.type === "ByteLevel") this.#byteLevel = true;
      else if (step.type === "ByteFallback") this.#byteFallback = true;
      else if (step.type === "Fuse") fused = true;
      else if (step.type === "Replace") this.#edits.push(replaceEdit(step));
      else if (step.type === "Metaspace") {
        const from = step.replacement ?? "\u2581";
        this.#edits.push((text) => text.replaceAll(from, " "));
        const keeps = step.prepend_scheme === "never" || step.add_prefix_space === false;
        rules = { ...rules, firstLosesSpace: !keeps };
      } else if (step.type === "WordPiece") {
        rules = { ...rules, glue: " ", gluedPrefix: step.prefix ?? "##" };
      } else if (step.type === "BPEDecoder") {
        rules = { ...rules, wordEnd: step.suffix ?? "</w>" };
      } else if (step.type === "Strip" && fused && (step.stop ?? 0) === 0) {
        rules = { ...rules, strip: { content: step.content ?? "", count: step.start ?? 0 } };
      } else {
        throw new Failure("INVALID", `a tokenizer's decoder "${step.type}" is not known here`);
      }
    }
    return rules;
  }
}

function flat(decoder: DecoderConfig): DecoderConfig[] {
  return decoder.type === "Sequence" ? (decoder.decoders ?? []).flatMap(flat) : [decoder];
}

function replaceEdit(step: DecoderConfig): Edit {
  const to = step.content ?? "";
  const { String: from, Regex: regex } = step.pattern ?? {};
  if (from !== undefined) return (text) => text.replaceAll(from, to);
  if (regex === undefined) throw new Failure("INVALID", "a tokenizer's Replace has no pattern");
  const pattern = new RegExp(regex, "gu");
  return (text) => text.replace(pattern, to);
}

/** Byte-level BPE writes bytes as characters: printable ones as themselves, others from 256 on. */
const BYTE_OF: ReadonlyMap<string, number> = (() => {
  const table = new Map<string, number>();
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
    table.set(String.fromCharCode(printable ? byte : next), byte);
    if (!printable) next += 1;
  }
  return table;
})();

function byteLevelBytes(token: string): Uint8Array {
  const bytes: number[] = [];
  for (const char of token) {
    const byte = BYTE_OF.get(char);
    // As the Rust library does: a token with any other character stands for itself.
    if (byte === undefined) return new TextEncoder().encode(token);
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
