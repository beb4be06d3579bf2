// Numbers between bounds as grammar. Pure.
//
//   N1. No number has more than 15 digits before the point, so that what is read is what was
//       written: a double holds them exactly.

import {
  GrammarRefusal,
  choice,
  literal,
  oneOf,
  optional,
  repeated,
  sequence,
  type Part,
} from "./grammar-text.ts";

/** Inclusive; null: none. */
export interface WholeRange {
  readonly min: number | null;
  readonly max: number | null;
}

const DIGITS_MAX = 15;
const LARGEST = 10 ** DIGITS_MAX - 1;
const FRACTION_MAX = 15;
/** With bounds: few enough that 5.9999999999 stays below 6 as a double. */
const BOUNDED_FRACTION_MAX = 10;

const DIGIT = digits(0, 9);
const MINUS = literal("-");

const POSITIVE = sequence(digits(1, 9), repeated(DIGIT, 0, DIGITS_MAX - 1, ""));

/** Every integer. */
export const INTEGER: Part = choice([literal("0"), sequence(optional(MINUS), POSITIVE)]);

/** Every number, with exponents that stay finite. */
export const NUMBER: Part = sequence(
  optional(MINUS),
  choice([literal("0"), POSITIVE]),
  optional(sequence(literal("."), repeated(DIGIT, 1, FRACTION_MAX, ""))),
  optional(
    sequence(
      choice([literal("e"), literal("E")]),
      optional(choice([literal("+"), MINUS])),
      repeated(DIGIT, 1, 2, ""),
    ),
  ),
);

export function wholeBetween(range: WholeRange, place: string): Part {
  const min = Math.max(range.min ?? -LARGEST, -LARGEST);
  const max = Math.min(range.max ?? LARGEST, LARGEST);
  if (min > max) throw new GrammarRefusal(place, "has no number between its bounds");
  const parts: Part[] = [];
  if (max >= 0) parts.push(...naturals(Math.max(min, 0), max));
  if (min < 0) {
    for (const part of naturals(Math.max(1, -max), -min)) parts.push(sequence(MINUS, part));
  }
  return choice(parts);
}

/** Numbers from `min` to `max`, which are whole; `open` sides are not reached themselves. */
export function numberBetween(
  range: WholeRange & { readonly minOpen: boolean; readonly maxOpen: boolean },
  place: string,
): Part {
  const { minOpen, maxOpen } = range;
  const min = Math.max(range.min ?? -LARGEST, -LARGEST);
  const max = Math.min(range.max ?? LARGEST, LARGEST);
  const whole = { min: minOpen ? min + 1 : min, max: maxOpen ? max - 1 : max };
  const fraction = sequence(
    literal("."),
    repeated(DIGIT, 0, BOUNDED_FRACTION_MAX - 1, ""),
    digits(1, 9), // Never zero: n.f lies inside (n, n + 1), whichever sides are open.
  );
  const parts: Part[] = [];
  if (whole.min <= whole.max) parts.push(wholeBetween(whole, place));
  if (max > 0 && max > min) {
    const above = choice(naturals(Math.max(min, 0), max - 1));
    parts.push(sequence(above, fraction));
  }
  if (min < 0 && max > min) {
    const below = choice(naturals(Math.max(-max, 0), -min - 1));
    parts.push(sequence(MINUS, below, fraction));
  }
  if (parts.length === 0) throw new GrammarRefusal(place, "has no number between its bounds");
  return choice(parts);
}

/** The naturals from `low` to `high`, as alternatives of digits. */
function naturals(low: number, high: number): Part[] {
  if (high === LARGEST && low <= 1) return low === 0 ? [literal("0"), POSITIVE] : [POSITIVE];
  const parts: Part[] = [];
  for (let length = String(low).length; length <= String(high).length; length++) {
    const least = length === 1 ? 0 : 10 ** (length - 1);
    const from = Math.max(low, least);
    const to = Math.min(high, 10 ** length - 1);
    parts.push(sameLength(String(from), String(to)));
  }
  return parts;
}

/** Texts of digits between two of one length. */
function sameLength(low: string, high: string): Part {
  if (low.length === 1) return digits(Number(low), Number(high));
  const rest = low.length - 1;
  const [first, last] = [Number(low[0]), Number(high[0])];
  const isWhole = (text: string, digit: string): boolean => text === digit.repeat(rest);
  if (first === last)
    return sequence(digits(first, first), sameLength(low.slice(1), high.slice(1)));
  const parts: Part[] = [];
  let [from, to] = [first, last];
  if (!isWhole(low.slice(1), "0")) {
    parts.push(sequence(digits(first, first), sameLength(low.slice(1), "9".repeat(rest))));
    from += 1;
  }
  if (!isWhole(high.slice(1), "9")) {
    parts.push(sequence(digits(last, last), sameLength("0".repeat(rest), high.slice(1))));
    to -= 1;
  }
  if (from <= to) parts.push(sequence(digits(from, to), repeated(DIGIT, rest, rest, "")));
  return choice(parts);
}

function digits(from: number, to: number): Part {
  return oneOf([[0x30 + from, 0x30 + to]], "");
}
