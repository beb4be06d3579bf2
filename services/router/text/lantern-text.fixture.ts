// The tokenizer and template of the model that lies in the repository, for tests.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import type { TokenizerFiles } from "../token-source.ts";

const FOLDER = new URL("../../../native/models/lantern/", import.meta.url);

export function lanternFiles(): TokenizerFiles {
  return filesOf(
    ["tokenizer.json", "tokenizer_config.json"].map((name) => [
      name,
      readFileSync(fileURLToPath(new URL(name, FOLDER))),
    ]),
  );
}

/** The same tokenizer with other words in its configuration. */
export function lanternFilesWith(config: { readonly [key: string]: unknown }): TokenizerFiles {
  const { files } = lanternFiles();
  const old = JSON.parse(new TextDecoder().decode(files.get("tokenizer_config.json"))) as object;
  const written = new TextEncoder().encode(JSON.stringify({ ...old, ...config }));
  return filesOf([...files, ["tokenizer_config.json", written]]);
}

export function filesOf(entries: readonly (readonly [string, Uint8Array])[]): TokenizerFiles {
  const files = new Map(entries);
  const hash = createHash("sha256");
  for (const [name, bytes] of files) hash.update(name).update(bytes);
  return { sha256: hash.digest("hex"), files };
}
