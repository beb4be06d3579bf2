// Strings and numbers of a JSON Schema as grammar. Pure; throws GrammarRefusal.

import { asCount, asNumber, type Schema } from "./grammar-keywords.ts";
import { numberBetween, wholeBetween } from "./grammar-numbers.ts";
import { regexPart, spelledChar } from "./grammar-regex.ts";
import {
  ANY_CHAR,
  GrammarRefusal,
  literal,
  repeated,
  rule,
  sequence,
  type Part,
} from "./grammar-text.ts";

const DATE = "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])";
const TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,6})?(Z|[+-]0[0-9]:[0-5][0-9])";
const BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])";
const HEX = "[0-9a-f]";

/** Formats that are held to, each by some of its texts; any other says nothing. */
const FORMATS: ReadonlyMap<string, string> = new Map([
  ["date", DATE],
  ["time", TIME],
  ["date-time", `${DATE}T${TIME}`],
  ["uuid", `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`],
  ["ipv4", `${BYTE}(\\.${BYTE}){3}`],
  [
    "email",
    "[A-Za-z0-9_+-]{1,32}(\\.[A-Za-z0-9_+-]{1,32}){0,3}@([a-z0-9]{1,32}\\.){1,4}[a-z]{2,8}",
  ],
]);

const QUOTE = literal('"');

export function stringPart(schema: Schema, place: string): Part {
  const { pattern = null, format = null, minLength = null, maxLength = null } = schema;
  const isCounted = minLength !== null || maxLength !== null;
  if (pattern !== null) {
    if (typeof pattern !== "string") throw new GrammarRefusal(`${place}/pattern`, "must be text");
    if (isCounted) {
      throw new GrammarRefusal(`${place}/pattern`, "is not supported beside a length");
    }
    return sequence(QUOTE, regexPart(pattern, "json", `${place}/pattern`), QUOTE);
  }
  const known = typeof format === "string" ? FORMATS.get(format) : undefined;
  if (known !== undefined) {
    if (isCounted) throw new GrammarRefusal(`${place}/format`, "is not supported beside a length");
    return sequence(QUOTE, regexPart(known, "json", `${place}/format`), QUOTE);
  }
  if (!isCounted) return rule("string");
  const min = minLength === null ? 0 : asCount(minLength, `${place}/minLength`);
  const max = maxLength === null ? null : asCount(maxLength, `${place}/maxLength`);
  if (max !== null && min > max) throw new GrammarRefusal(place, "has minLength over maxLength");
  // Each is one character of the value: \u escapes, of which two may be one, are left out.
  const char = rule("letter");
  return sequence(QUOTE, repeated(char, min, max, `${place}/maxLength`), QUOTE);
}

/** The rule `letter` of the above. */
export const LETTER: Part = spelledChar(ANY_CHAR, "json", "");

export function numberPart(schema: Schema, type: "integer" | "number", place: string): Part {
  const low = asNumber(schema["minimum"], `${place}/minimum`);
  const high = asNumber(schema["maximum"], `${place}/maximum`);
  const above = asNumber(schema["exclusiveMinimum"], `${place}/exclusiveMinimum`);
  const below = asNumber(schema["exclusiveMaximum"], `${place}/exclusiveMaximum`);
  const min = stricter(low, above, (a, b) => a > b);
  const max = stricter(high, below, (a, b) => a < b);
  if (min === null && max === null) return rule(type);
  if (type === "integer") {
    return wholeBetween({ min: min && wholeAbove(min), max: max && wholeBelow(max) }, place);
  }
  if (![min?.value ?? 0, max?.value ?? 0].every((bound) => Number.isInteger(bound))) {
    throw new GrammarRefusal(place, "has bounds of a number that are not whole: not supported");
  }
  const sides = { minOpen: min?.isOpen ?? false, maxOpen: max?.isOpen ?? false };
  return numberBetween({ min: min?.value ?? null, max: max?.value ?? null, ...sides }, place);
}

interface Bound {
  readonly value: number;
  /** The bound itself is not allowed. */
  readonly isOpen: boolean;
}

function stricter(
  closed: number | null,
  open: number | null,
  isStricter: (a: number, b: number) => boolean,
): Bound | null {
  if (open !== null && (closed === null || !isStricter(closed, open))) {
    return { value: open, isOpen: true };
  }
  return closed === null ? null : { value: closed, isOpen: false };
}

function wholeAbove({ value, isOpen }: Bound): number {
  return isOpen ? Math.floor(value) + 1 : Math.ceil(value);
}

function wholeBelow({ value, isOpen }: Bound): number {
  return isOpen ? Math.ceil(value) - 1 : Math.floor(value);
}
