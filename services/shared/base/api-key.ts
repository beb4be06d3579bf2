// A key for models: who may do what with it. The file of a router, the control plane, a router's
// copy of that and the command line all have the same fields, and this is the one reader of them.
// None of them has a key: only its SHA-256.

import type { Failure } from "./errors.ts";

/** How urgent a request is, most urgent first. */
export const REQUEST_CLASSES = ["critical", "realtime", "high", "normal", "low", "bulk"] as const;

export type RequestClass = (typeof REQUEST_CLASSES)[number];

export interface KeyLimits {
  /** Null: none. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly concurrent: number | null;
}

export interface KeyEntry {
  /** As logs and usage call it. */
  readonly name: string;
  /** Of the key, in lower-case hexadecimal. */
  readonly sha256: string;
  readonly namespace: string;
  /** Null: every model. */
  readonly models: readonly string[] | null;
  /** Of a request that names none. */
  readonly priority: RequestClass;
  /** The most urgent that a request may ask for. */
  readonly priorityMax: RequestClass;
  readonly limits: KeyLimits;
}

/** As it is written: `priority_max`, `requests_per_minute`; what is left out has its default. */
export type KeyFields = { readonly [name: string]: unknown };

/** A rate times a minute in milliseconds has to stay a whole number that doubles can hold. */
export const RATE_MAX = 1_000_000_000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const FIELDS: ReadonlySet<string> = new Set([
  ...["name", "sha256", "namespace", "models", "priority", "priority_max"],
  ...["requests_per_minute", "tokens_per_minute", "concurrent"],
]);

/** Throws what `bad` makes of the field that is wrong and why. */
export function parseKeyEntry(
  fields: KeyFields,
  bad: (field: string, why: string) => Failure,
): KeyEntry {
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

/** The same as it is written: `parseKeyEntry` of it gives the entry again. */
export function keyFieldsOf(entry: KeyEntry): KeyFields {
  const { name, sha256, namespace, models, priority, priorityMax, limits } = entry;
  const { requestsPerMinute, tokensPerMinute, concurrent } = limits;
  return {
    ...{ name, sha256, namespace, models: models ?? "all", priority, priority_max: priorityMax },
    ...(requestsPerMinute === null ? {} : { requests_per_minute: requestsPerMinute }),
    ...(tokensPerMinute === null ? {} : { tokens_per_minute: tokensPerMinute }),
    ...(concurrent === null ? {} : { concurrent }),
  };
}
