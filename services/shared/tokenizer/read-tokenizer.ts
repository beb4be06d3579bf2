// A tokenizer from the files of a Hugging Face folder. Whoever has their bytes calls this: the
// router to use it, commands to say what is wrong before a model is loaded.

import { Tokenizer } from "@huggingface/tokenizers";
import type { Json } from "#shared/base/canonical-json.ts";
import { Failure } from "#shared/base/errors.ts";

export type FileBytes = ReadonlyMap<string, Uint8Array>;
export interface JsonObject {
  [key: string]: Json;
}

export interface ReadTokenizer {
  readonly tokenizer: Tokenizer;
  /** What stood in tokenizer.json and tokenizer_config.json; the latter may be missing. */
  readonly json: JsonObject;
  readonly config: JsonObject;
}

/** Every tokenizer that is one makes something of it. */
const PROBE = "Hello, you.";

/** INVALID with the file and what is wrong with it. */
export function readTokenizer(files: FileBytes): ReadTokenizer {
  const json = jsonOf(files, "tokenizer.json");
  if (json === null) throw new Failure("INVALID", "the model comes without tokenizer.json");
  const config = jsonOf(files, "tokenizer_config.json") ?? {};
  let tokenizer: Tokenizer;
  let probe: number;
  try {
    tokenizer = new Tokenizer(json, config);
    probe = tokenizer.encode(PROBE, { add_special_tokens: false }).ids.length;
  } catch (cause) {
    const said = `tokenizer.json is no tokenizer that is known: ${(cause as Error).message}`;
    throw new Failure("INVALID", said, { cause });
  }
  if (probe === 0) throw new Failure("INVALID", "tokenizer.json makes no tokens of a text");
  return { tokenizer, json, config };
}

/** Null: there is no such file. INVALID for one that holds no JSON object. */
export function jsonOf(files: FileBytes, name: string): JsonObject | null {
  const text = textOf(files, name);
  if (text === null) return null;
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new Failure("INVALID", `${name} is not JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as JsonObject;
  }
  throw new Failure("INVALID", `${name} is no JSON object`);
}

export function textOf(files: FileBytes, name: string): string | null {
  const bytes = files.get(name);
  // Copied first: the bytes may be shared between threads, and those no TextDecoder takes.
  return bytes === undefined ? null : new TextDecoder().decode(Uint8Array.from(bytes));
}
