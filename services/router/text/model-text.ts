// One model's text: what its tokenizer and its chat template make of strings and ids. Made from the
// files of a Hugging Face folder; changes nothing after that.

import type { Tokenizer } from "@huggingface/tokenizers";

import type { Json } from "#shared/base/canonical-json.ts";
import { jsonOf, readTokenizer, textOf, type FileBytes } from "#shared/tokenizer/read-tokenizer.ts";
import type { TokenizerFiles } from "../token-source.ts";
import { ChatTemplate, type Chat } from "./chat-template.ts";
import { Detokeniser } from "./detokeniser.ts";
import { TokenPieces } from "./token-pieces.ts";

const SPECIAL_NAMES = ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token"] as const;

export class ModelText {
  readonly sha256: string;
  readonly #tokenizer: Tokenizer;
  readonly #pieces: TokenPieces;
  readonly #template: ChatTemplate;

  /** INVALID when a file is missing or is not what its name says. */
  constructor(files: TokenizerFiles) {
    this.sha256 = files.sha256;
    const { tokenizer, json, config } = readTokenizer(files.files);
    this.#tokenizer = tokenizer;
    this.#pieces = new TokenPieces(tokenizer, json["decoder"] ?? null);
    this.#template = new ChatTemplate(templatesOf(files.files, config), specialsOf(config));
  }

  /** A plain prompt: the tokenizer adds what the model's prompts begin with. */
  encode(text: string, addSpecialTokens = true): number[] {
    return this.#tokenizer.encode(text, { add_special_tokens: addSpecialTokens }).ids;
  }

  renderChat(chat: Chat): string {
    return this.#template.render(chat);
  }

  /** The template wrote the special tokens: adding them again would begin the prompt twice. */
  encodeChat(chat: Chat): number[] {
    return this.encode(this.renderChat(chat), false);
  }

  decode(ids: readonly number[], skipSpecial = true): string {
    const detokeniser = this.detokeniser(skipSpecial);
    return detokeniser.pushAll(ids) + detokeniser.finish();
  }

  detokeniser(skipSpecial = true): Detokeniser {
    return new Detokeniser(this.#pieces, skipSpecial);
  }

  /** One token by itself, as log-probabilities show it. */
  tokenBytes(id: number): Uint8Array {
    const piece = this.#pieces.pieceOf(id);
    if (piece.kind === "bytes") return piece.bytes;
    return new TextEncoder().encode(piece.kind === "none" ? "" : piece.text);
  }

  /** What the token adds to a text, for grammars; none for special tokens and for rows without. */
  grammarBytes(id: number): Uint8Array {
    const { kind } = this.#pieces.pieceOf(id);
    return kind === "bytes" || kind === "text" ? this.tokenBytes(id) : new Uint8Array();
  }

  /** False where what a token adds depends on those beside it: no grammar can be told by tokens. */
  get fitsGrammars(): boolean {
    const { glue, wordEnd } = this.#pieces.rules;
    return glue === "" && wordEnd === null;
  }

  /** By its own spelling, special ones included; null: none. */
  tokenId(token: string): number | null {
    return this.#tokenizer.token_to_id(token) ?? null;
  }
}

/** The newer places first: chat_template.jinja, chat_template.json, tokenizer_config.json. */
function templatesOf(files: FileBytes, config: { [key: string]: Json }): Map<string, string> {
  const alone = textOf(files, "chat_template.jinja");
  if (alone !== null) return new Map([["default", alone]]);
  const found = jsonOf(files, "chat_template.json")?.["chat_template"] ?? config["chat_template"];
  if (typeof found === "string") return new Map([["default", found]]);
  const named = new Map<string, string>();
  for (const it of Array.isArray(found) ? (found as readonly Json[]) : []) {
    const { name, template } = it as { readonly name?: Json; readonly template?: Json };
    if (typeof name === "string" && typeof template === "string") named.set(name, template);
  }
  return named;
}

/** A special token is written as its text, or as an object with `content`. */
function specialsOf(config: { [key: string]: Json }): { [name: string]: Json } {
  const specials: { [name: string]: Json } = {};
  for (const name of SPECIAL_NAMES) {
    const value = config[name] ?? null;
    const text = value !== null && typeof value === "object" ? contentOf(value) : value;
    if (typeof text === "string") specials[name] = text;
  }
  return specials;
}

function contentOf(value: Json): Json {
  return (value as { readonly content?: Json }).content ?? null;
}
