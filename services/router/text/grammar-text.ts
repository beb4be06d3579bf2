// The parts a grammar is written in, plain values that cross between threads as JSON, and how large
// they become: what a client writes in a few characters, (a{999}){999}, must not fill memory.

/** `weight` is about how many states it becomes. */
export type Part = { readonly weight: number } & (
  | { readonly kind: "text"; readonly text: string }
  /** One character. */
  | { readonly kind: "char"; readonly set: CharSet }
  | { readonly kind: "sequence"; readonly parts: readonly Part[] }
  | { readonly kind: "choice"; readonly parts: readonly Part[] }
  /** Null: without end. */
  | {
      readonly kind: "repeat";
      readonly part: Part;
      readonly min: number;
      readonly max: number | null;
    }
  | { readonly kind: "rule"; readonly name: string }
);

/** Rules by name; `root` is the whole output. */
export interface Grammar {
  readonly rules: Readonly<Record<string, Part>>;
}

/** Inclusive ranges of code points, sorted and apart. */
export type CharSet = readonly (readonly [number, number])[];

/** What the request asked for is no grammar that can be held to. */
export class GrammarRefusal extends Error {
  /** Where in what the client wrote: a JSON pointer, or "" for the whole. */
  readonly place: string;

  constructor(place: string, why: string) {
    super(why);
    this.name = "GrammarRefusal";
    this.place = place;
  }
}

/** States of one grammar: some megabytes, and well under a second to make. */
export const WEIGHT_MAX = 20_000;
const CODE_POINT_MAX = 0x10ffff;
/** Without surrogates, which no UTF-8 has. */
export const ANY_CHAR: CharSet = [
  [0, 0xd7ff],
  [0xe000, CODE_POINT_MAX],
];

export const NOTHING: Part = { kind: "text", text: "", weight: 0 };

export function literal(text: string): Part {
  return text === "" ? NOTHING : { kind: "text", text, weight: text.length };
}

export function sequence(...parts: readonly Part[]): Part {
  const some = parts.filter((part) => part !== NOTHING);
  const [first, second] = some;
  if (first === undefined) return NOTHING;
  return second === undefined ? first : { kind: "sequence", parts: some, weight: weightOf(some) };
}

export function choice(parts: readonly Part[]): Part {
  const [first, second] = parts;
  if (first !== undefined && second === undefined) return first;
  return { kind: "choice", parts, weight: weightOf(parts) + 1 };
}

/** Null: without end. Throws GrammarRefusal at `place` when it grows too large. */
export function repeated(part: Part, min: number, max: number | null, place: string): Part {
  if (max === 0) return NOTHING;
  const weight = (part.weight + 1) * Math.max(1, max ?? min + 1);
  if (weight > WEIGHT_MAX) throw new GrammarRefusal(place, "is repeated too often");
  return { kind: "repeat", part, min, max, weight };
}

export function optional(part: Part): Part {
  return part === NOTHING ? part : repeated(part, 0, 1, "");
}

export function rule(name: string): Part {
  return { kind: "rule", name, weight: 1 };
}

/** The rules of a grammar under names of its own, for a grammar that it is a part of. */
export function nested(
  grammar: Grammar,
  prefix: string,
): { readonly rules: Grammar["rules"]; readonly root: Part } {
  const own = (part: Part): Part => {
    switch (part.kind) {
      case "rule":
        return { ...part, name: prefix + part.name };
      case "repeat":
        return { ...part, part: own(part.part) };
      case "sequence":
      case "choice":
        return { ...part, parts: part.parts.map(own) };
      default:
        return part;
    }
  };
  const entries = Object.entries(grammar.rules).map(([name, it]) => [prefix + name, own(it)]);
  return { rules: Object.fromEntries(entries) as Grammar["rules"], root: rule(`${prefix}root`) };
}

/** One character of the set. */
export function oneOf(set: CharSet, place: string): Part {
  if (set.length === 0) throw new GrammarRefusal(place, "has a class of no characters");
  return { kind: "char", set, weight: set.length * 2 };
}

export function complement(set: CharSet): CharSet {
  const gaps: [number, number][] = [];
  let next = 0;
  for (const [from, to] of set) {
    if (from > next) gaps.push([next, from - 1]);
    next = to + 1;
  }
  if (next <= CODE_POINT_MAX) gaps.push([next, CODE_POINT_MAX]);
  return gaps.flatMap(([from, to]) => ANY_CHAR.flatMap((all) => within([[from, to]], ...all)));
}

export function union(sets: readonly CharSet[]): CharSet {
  const sorted = sets.flat().toSorted(([a], [b]) => a - b);
  const joined: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = joined.at(-1);
    if (last !== undefined && from <= last[1] + 1) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

export function within(set: CharSet, low: number, high: number): CharSet {
  return set
    .map(([from, to]) => [Math.max(from, low), Math.min(to, high)] as const)
    .filter(([from, to]) => from <= to);
}

export function contains(set: CharSet, char: number): boolean {
  return set.some(([from, to]) => from <= char && char <= to);
}

function weightOf(parts: readonly Part[]): number {
  return parts.reduce((sum, { weight }) => sum + weight, 0);
}
