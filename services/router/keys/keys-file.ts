// The file of keys: who may do what. It holds the SHA-256 of each key, never a key.

import { parseKeyEntry, type KeyEntry, type KeyFields } from "#shared/base/api-key.ts";
import { parseTomlSource } from "#shared/config/toml-source.ts";
import { Failure } from "#shared/base/errors.ts";

const KEYS_MAX = 100_000;

/** INVALID, with the key and the field that is wrong. */
export function parseKeysFile(file: string, text: string): KeyEntry[] {
  const root = parseTomlSource(file, text).root as { readonly [name: string]: unknown };
  const strange = Object.keys(root).find((name) => name !== "key");
  if (strange !== undefined) throw invalid(file, `${strange} is not known; keys are [[key]]`);
  const list = root["key"] ?? [];
  if (!Array.isArray(list)) throw invalid(file, "keys are written as [[key]]");
  if (list.length > KEYS_MAX) throw invalid(file, `over ${KEYS_MAX} keys`);
  const entries = list.map((each, at) => {
    const bad = (field: string, why: string): Failure =>
      invalid(file, `key ${at + 1}: ${field} ${why}`);
    return parseKeyEntry(each as KeyFields, bad);
  });
  for (const field of ["sha256", "name"] as const) {
    const seen = new Set<string>();
    for (const entry of entries) {
      if (seen.has(entry[field])) throw invalid(file, `two keys have the ${field} ${entry[field]}`);
      seen.add(entry[field]);
    }
  }
  return entries;
}

function invalid(file: string, why: string): Failure {
  return new Failure("INVALID", `${file}: ${why}`);
}
