// The file of keys: who may do what. It holds the SHA-256 of each key, never a key.

import { parseTomlSource } from "#shared/config/toml-source.ts";
import { Failure } from "#shared/base/errors.ts";
import type { KeyLimits } from "../core/key-limits.ts";
import { REQUEST_CLASSES, type RequestClass } from "../core/request-class.ts";

export interface KeyEntry {
  readonly name: string;
  /** Of the key, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly namespace: string;
  /** Null: every model. */
  readonly models: readonly string[] | null;
  readonly priority: RequestClass;
  readonly priorityMax: RequestClass;
  readonly limits: KeyLimits;
}

const KEYS_MAX = 100_000;
/** A rate times a minute in milliseconds has to stay a whole number that doubles can hold. */
const RATE_MAX = 1_000_000_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const FIELDS: ReadonlySet<string> = new Set([
  ...["name", "sha256", "namespace", "models", "priority", "priority_max"],
  ...["requests_per_minute", "tokens_per_minute", "concurrent"],
]);

/** INVALID, with the key and the field that is wrong. */
export function parseKeysFile(file: string, text: string): KeyEntry[] {
  const root = parseTomlSource(file, text).root as { readonly [name: string]: unknown };
  const strange = Object.keys(root).find((name) => name !== "key");
  if (strange !== undefined) throw invalid(file, `${strange} is not known; keys are [[key]]`);
  const list = root["key"] ?? [];
  if (!Array.isArray(list)) throw invalid(file, "keys are written as [[key]]");
  if (list.length > KEYS_MAX) throw invalid(file, `over ${KEYS_MAX} keys`);
  const entries = list.map((each, at) => entryOf(file, at + 1, each as Fields));
  for (const field of ["sha256", "name"] as const) {
    const seen = new Set<string>();
    for (const entry of entries) {
      if (seen.has(entry[field])) throw invalid(file, `two keys have the ${field} ${entry[field]}`);
      seen.add(entry[field]);
    }
  }
  return entries;
}

type Fields = { readonly [name: string]: unknown };

function entryOf(file: string, at: number, fields: Fields): KeyEntry {
  const bad = (field: string, why: string): Failure => invalid(file, `key ${at}: ${field} ${why}`);
  const strange = Object.keys(fields).find((name) => !FIELDS.has(name));
  if (strange !== undefined) throw bad(strange, "is not known");
  const named = (field: string): string => {
    const value = fields[field];
    if (typeof value === "string" && NAME.test(value)) return value;
    throw bad(field, "must be a name of letters, digits, dots, dashes");
  };
  const whole = (field: string): number | null => {
    const value = fields[field];
    if (value === undefined) return null;
    const isWhole = typeof value === "number" && Number.isInteger(value);
    if (isWhole && value >= 1 && value <= RATE_MAX) return value;
    throw bad(field, `must be from 1 to ${RATE_MAX}`);
  };
  const classOf = (field: string, otherwise: RequestClass): RequestClass => {
    const value = fields[field];
    const known = REQUEST_CLASSES.find((each) => each === value);
    if (value === undefined) return otherwise;
    if (known === undefined) throw bad(field, `must be one of ${REQUEST_CLASSES.join(", ")}`);
    return known;
  };
  const { sha256, models = "all" } = fields;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) {
    throw bad("sha256", "must be 64 hexadecimal digits");
  }
  const isList = Array.isArray(models) && models.every((model) => typeof model === "string");
  if (models !== "all" && !isList) throw bad("models", 'must be a list of models or "all"');
  const priority = classOf("priority", "normal");
  const priorityMax = classOf("priority_max", priority);
  if (REQUEST_CLASSES.indexOf(priorityMax) > REQUEST_CLASSES.indexOf(priority)) {
    throw bad("priority_max", "is below priority");
  }
  return {
    ...{ name: named("name"), sha256, namespace: named("namespace") },
    ...{ models: models === "all" ? null : models, priority, priorityMax },
    limits: {
      requestsPerMinute: whole("requests_per_minute"),
      tokensPerMinute: whole("tokens_per_minute"),
      concurrent: whole("concurrent"),
    },
  };
}

function invalid(file: string, why: string): Failure {
  return new Failure("INVALID", `${file}: ${why}`);
}
