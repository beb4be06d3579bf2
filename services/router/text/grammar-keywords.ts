// What a JSON Schema says, checked: which of its keywords decides what the value is, and nothing
// beside it that would be lost. Pure; throws GrammarRefusal.

import type { Json } from "#shared/base/canonical-json.ts";
import { GrammarRefusal } from "./grammar-text.ts";

export type Schema = { readonly [keyword: string]: Json };

type Kind = "$ref" | "const" | "enum" | "anyOf" | "oneOf" | "allOf" | "typed";

const DECIDERS = ["$ref", "const", "enum", "anyOf", "oneOf", "allOf"] as const;
const TYPES = ["object", "array", "string", "integer", "number", "boolean", "null"] as const;

/** By the type that each says something about; a schema without `type` is of what it speaks of. */
const OF_TYPE: ReadonlyMap<string, readonly string[]> = new Map([
  ["object", ["properties", "required", "additionalProperties"]],
  ["array", ["items", "prefixItems", "additionalItems", "minItems", "maxItems"]],
  ["string", ["pattern", "minLength", "maxLength", "format"]],
  ["number", ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]],
]);
const CONSTRAINTS: ReadonlySet<string> = new Set([...OF_TYPE.values()].flat());

/** With the values that say nothing. */
const UNSUPPORTED: ReadonlyMap<string, readonly Json[]> = new Map<string, readonly Json[]>([
  ...["not", "if", "then", "else", "dependentRequired", "dependentSchemas", "dependencies"].map(
    (name) => [name, []] as const,
  ),
  ...["patternProperties", "propertyNames", "contains", "minContains", "maxContains"].map(
    (name) => [name, []] as const,
  ),
  ...["$dynamicRef", "$recursiveRef", "maxProperties"].map((name) => [name, []] as const),
  ["minProperties", [0]],
  ["uniqueItems", [false]],
  ["multipleOf", []],
  ["unevaluatedProperties", [false, true]],
  ["unevaluatedItems", [false, true]],
]);

/** What decides the value. Beside it may stand only what is held to as well. */
export function checkKeywords(schema: Schema, place: string): Kind {
  for (const [name, harmless] of UNSUPPORTED) {
    const value = schema[name];
    if (value === undefined || harmless.includes(value)) continue;
    if (name === "multipleOf" && value === 1 && schema["type"] === "integer") continue;
    throw new GrammarRefusal(`${place}/${name}`, "is not supported");
  }
  const kinds = DECIDERS.filter((name) => schema[name] !== undefined);
  const [kind, second] = kinds;
  if (kind === undefined) return "typed";
  if (second !== undefined) {
    throw new GrammarRefusal(`${place}/${second}`, `is not supported beside ${kind}`);
  }
  const isList = kind === "enum" || kind === "const";
  const beside = Object.keys(schema).find(
    (name) => CONSTRAINTS.has(name) || (name === "type" && !isList),
  );
  if (beside !== undefined) {
    throw new GrammarRefusal(`${place}/${beside}`, `is not supported beside ${kind}`);
  }
  return kind;
}

/** Never none; "any" where the schema does not say. */
export function typesOf(schema: Schema, place: string): readonly string[] {
  const given = schema["type"] ?? null;
  if (given === null) {
    const spoken = [...OF_TYPE].filter(([, names]) =>
      names.some((name) => schema[name] !== undefined),
    );
    return spoken.length === 0 ? ["any"] : spoken.map(([type]) => type);
  }
  const list = (Array.isArray(given) ? given : [given]) as readonly Json[];
  const known = list.filter((type) => TYPES.some((it) => it === type)) as readonly string[];
  if (known.length === list.length && known.length > 0) return known;
  throw new GrammarRefusal(`${place}/type`, `must be one of ${TYPES.join(", ")}`);
}

export function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

export function asObject(value: Json, place: string): { readonly [name: string]: Json } {
  if (isOfType(value, "object")) return value as { readonly [name: string]: Json };
  throw new GrammarRefusal(place, "must be an object");
}

export function asList(value: Json, place: string): readonly Json[] {
  if (Array.isArray(value)) return value as readonly Json[];
  throw new GrammarRefusal(place, "must be a list");
}

export function asNames(value: Json, place: string): readonly string[] {
  const list = asList(value, place);
  if (list.every((name) => typeof name === "string")) return list;
  throw new GrammarRefusal(place, "must be a list of names");
}

export function asCount(value: Json, place: string): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new GrammarRefusal(place, "must be a count");
}

/** Null where the schema does not say. */
export function asNumber(value: Json | undefined, place: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw new GrammarRefusal(place, "must be a number");
}
