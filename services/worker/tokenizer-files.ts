// The tokenizer that lies beside a model's weights: whatever of these files is there.

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { signalbox } from "#proto/signalbox.js";

const NAMES = [
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "chat_template.jinja",
  "chat_template.json",
  "generation_config.json",
] as const;
const PART_BYTES = 256 * 1024;

export interface TokenizerFiles {
  readonly files: readonly { readonly name: string; readonly bytes: Buffer }[];
  /** Over names and contents, hex; empty where there is no file. */
  readonly sha256: string;
}

export const NO_TOKENIZER: TokenizerFiles = { files: [], sha256: "" };

export function readTokenizer(folder: string): TokenizerFiles {
  const there = NAMES.filter((name) => existsSync(join(folder, name)));
  if (there.length === 0) return NO_TOKENIZER;
  const files = there.map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  const hash = createHash("sha256");
  // The length keeps one file's end from being another one's beginning.
  for (const { name, bytes } of files) hash.update(`${name}\0${bytes.length}\0`).update(bytes);
  return { files, sha256: hash.digest("hex") };
}

export async function* tokenizerParts(
  tokenizer: TokenizerFiles,
): AsyncGenerator<signalbox.inference.v1.IGetTokenizerResponse, void, void> {
  for (const { name, bytes } of tokenizer.files) {
    for (let at = 0; at === 0 || at < bytes.length; at += PART_BYTES) {
      const part = bytes.subarray(at, at + PART_BYTES);
      yield at === 0 ? { file: name, data: part } : { data: part };
    }
  }
}
