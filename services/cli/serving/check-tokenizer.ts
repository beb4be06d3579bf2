// Whether a model's folder has a tokenizer that its router will understand, before a worker is
// started that would be ready and answer nobody.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import { readTokenizer } from "#shared/tokenizer/read-tokenizer.ts";

const FILES = ["tokenizer.json", "tokenizer_config.json"] as const;

/** False when it has none. INVALID with the file, by its whole path, and what is wrong with it. */
export function checkTokenizer(folder: string): boolean {
  if (!existsSync(join(folder, FILES[0]))) return false;
  const there = FILES.filter((name) => existsSync(join(folder, name)));
  const files = new Map(there.map((name) => [name, readFileSync(join(folder, name))]));
  try {
    readTokenizer(files);
    return true;
  } catch (reason) {
    const { code, message } = Failure.from(reason);
    throw new Failure(code, `${folder}/${message}`, { cause: reason });
  }
}
