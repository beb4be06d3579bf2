// JSON Canonicalization Scheme, RFC 8785, for values made of plain data: what is hashed or signed
// goes through here. Members whose value is `undefined` are left out; NaN and infinities throw.

import assert from "node:assert/strict";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The one text that equal values have: keys sorted by UTF-16 code units, no spaces. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") {
    return JSON.stringify(value);
  }
  if (typeof value === "number") {
    assert(Number.isFinite(value), `not a JSON number: ${value}`);
    return JSON.stringify(value); // ECMAScript's number format is the one RFC 8785 asks for.
  }
  if (Array.isArray(value)) {
    return `[${value.map((item) => canonicalJson(item ?? null)).join(",")}]`;
  }
  assert(typeof value === "object", `not JSON: ${typeof value}`);
  const members: string[] = [];
  for (const key of Object.keys(value).toSorted()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(",")}}`;
}
