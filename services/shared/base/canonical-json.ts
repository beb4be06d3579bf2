// JSON Canonicalization Scheme, RFC 8785, for values made of plain data: what is hashed or signed
// goes through here. Members whose value is `undefined` are left out; NaN and infinities throw.

import assert from "node:assert/strict";

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/** The one text that equal values have: keys sorted by UTF-16 code units, no spaces. */
export function canonicalJson(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    assert(Number.isFinite(value), `not a JSON number: ${value}`);
    return JSON.stringify(value); // ECMAScript's number format is the one RFC 8785 asks for.
  }
  if (value === null || typeof value === "boolean") return String(value);
  assert(typeof value === "object", `not JSON: ${typeof value}`);
  // Concatenation, not join: this encodes every record of the log.
  let text = "";
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const member: unknown = value[i] ?? null;
      const isWhole = Number.isSafeInteger(member); // Prompts are thousands of token ids.
      text += `${i === 0 ? "" : ","}${isWhole ? String(member) : canonicalJson(member)}`;
    }
    return `[${text}]`;
  }
  const keys = Object.keys(value);
  if (!isSorted(keys)) keys.sort();
  for (const key of keys) {
    const member = (value as Record<string, unknown>)[key];
    if (member === undefined) continue;
    text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(member)}`;
  }
  return `{${text}}`;
}

function isSorted(keys: readonly string[]): boolean {
  for (let i = 1; i < keys.length; i++) {
    if ((keys[i - 1] as string) > (keys[i] as string)) return false;
  }
  return true;
}
