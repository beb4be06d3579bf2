// Regular expressions of clients as grammar: what JSON Schema's `pattern` and `guided_regex` hold
// an output to. Always the whole text is matched, as vLLM does: that is among what a pattern
// without anchors allows. Pure.

import {
  ANY_CHAR,
  GrammarRefusal,
  choice,
  complement,
  contains,
  literal,
  oneOf,
  repeated,
  sequence,
  union,
  type CharSet,
  type Part,
} from "./grammar-text.ts";

/** How a text's characters stand in the output: as they are, or inside a JSON string. */
export type Spelling = "plain" | "json";

const PATTERN_CHARS_MAX = 4_096;
const DEPTH_MAX = 64;
const COUNT_MAX = 10_000;

const DIGITS: CharSet = [[0x30, 0x39]];
const WORD = union([DIGITS, [[0x41, 0x5a]], [[0x5f, 0x5f]], [[0x61, 0x7a]]]);
const SPACES_BEYOND: CharSet = [0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000, 0xfeff].map(
  (char) => [char, char] as const,
);
const SPACE = union([[[0x09, 0x0d]], [[0x20, 0x20]], SPACES_BEYOND, [[0x2000, 0x200a]]]);
const LINE_ENDS = union([[[0x0a, 0x0a]], [[0x0d, 0x0d]], [[0x2028, 0x2029]]]);
const CONTROLS: ReadonlyMap<string, number> = new Map([
  ["t", 0x09],
  ["n", 0x0a],
  ["v", 0x0b],
  ["f", 0x0c],
  ["r", 0x0d],
  ["0", 0x00],
]);

/** Throws GrammarRefusal at `place` for what no grammar can say: lookaround, back-references. */
export function regexPart(pattern: string, spelling: Spelling, place: string): Part {
  if (pattern.length > PATTERN_CHARS_MAX) {
    throw new GrammarRefusal(place, `is longer than ${PATTERN_CHARS_MAX} characters`);
  }
  try {
    new RegExp(pattern, "u");
  } catch (cause) {
    throw new GrammarRefusal(place, `is no regular expression: ${(cause as Error).message}`);
  }
  return new RegexReader(pattern, spelling, place).read();
}

/** One character of the set, spelled. */
export function spelledChar(set: CharSet, spelling: Spelling, place: string): Part {
  if (spelling === "plain") return oneOf(set, place);
  const escaped: Part[] = [];
  for (let char = 0; char < 0x20; char++) if (contains(set, char)) escaped.push(inJson(char));
  for (const char of [0x22, 0x5c]) if (contains(set, char)) escaped.push(inJson(char));
  const bare = union([
    complement(union([complement(set), [[0, 0x1f]], [[0x22, 0x22]], [[0x5c, 0x5c]]])),
  ]);
  if (bare.length > 0) return choice([oneOf(bare, place), ...escaped]);
  if (escaped.length > 0) return choice(escaped);
  throw new GrammarRefusal(place, "has a class of no characters");
}

function inJson(char: number): Part {
  return literal(JSON.stringify(String.fromCodePoint(char)).slice(1, -1));
}

/** Recursive descent over a pattern that JavaScript itself has found well formed. */
class RegexReader {
  readonly #chars: readonly string[];
  readonly #spelling: Spelling;
  readonly #place: string;
  #at = 0;
  #depth = 0;

  constructor(pattern: string, spelling: Spelling, place: string) {
    this.#chars = Array.from(pattern);
    this.#spelling = spelling;
    this.#place = place;
  }

  read(): Part {
    const part = this.#alternatives();
    if (this.#at < this.#chars.length) throw this.#refusal("cannot be read");
    return part;
  }

  #alternatives(): Part {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw this.#refusal("is nested too deeply");
    const parts = [this.#sequence()];
    while (this.#take("|")) parts.push(this.#sequence());
    this.#depth -= 1;
    return choice(parts);
  }

  #sequence(): Part {
    const parts: Part[] = [];
    for (;;) {
      const char = this.#chars[this.#at];
      if (char === undefined || char === "|" || char === ")") return sequence(...parts);
      // The whole text is matched: an anchor at its edge says what holds anyway.
      if (char === "^" && parts.length === 0 && this.#depth === 1) this.#at += 1;
      else if (char === "$" && this.#depth === 1 && this.#endsAfter()) this.#at += 1;
      else parts.push(this.#quantified(this.#atom()));
    }
  }

  #endsAfter(): boolean {
    const next = this.#chars[this.#at + 1];
    return next === undefined || next === "|";
  }

  #quantified(part: Part): Part {
    const [min, max] = this.#quantifier() ?? [1, 1];
    this.#take("?"); // Lazy: the same texts.
    return min === 1 && max === 1 ? part : repeated(part, min, max, this.#place);
  }

  #quantifier(): readonly [number, number | null] | null {
    if (this.#take("*")) return [0, null];
    if (this.#take("+")) return [1, null];
    if (this.#take("?")) return [0, 1];
    if (!this.#take("{")) return null;
    const min = this.#number();
    const max = this.#take(",") ? (this.#chars[this.#at] === "}" ? null : this.#number()) : min;
    this.#take("}");
    return [min, max];
  }

  #number(): number {
    let digits = "";
    while (/\d/.test(this.#chars[this.#at] ?? "")) digits += this.#chars[this.#at++];
    const count = Number(digits);
    if (count > COUNT_MAX) throw this.#refusal(`counts over ${COUNT_MAX}`);
    return count;
  }

  #atom(): Part {
    if (this.#take("(")) return this.#group();
    if (this.#take("[")) return this.#char(this.#class());
    if (this.#take(".")) return this.#char(complement(LINE_ENDS));
    if (this.#take("\\")) return this.#char(this.#escape());
    const char = this.#chars[this.#at++] ?? "";
    if (char === "^" || char === "$") throw this.#refusal("has an anchor inside");
    return this.#char(single(char.codePointAt(0) ?? 0));
  }

  #group(): Part {
    if (this.#take("?")) {
      const kind = this.#chars[this.#at];
      const next = this.#chars[this.#at + 1];
      if (kind === "<" && next !== "=" && next !== "!") {
        while (!this.#take(">")) this.#at += 1;
      } else if (!this.#take(":")) throw this.#refusal("has a group that looks around");
    }
    const part = this.#alternatives();
    this.#take(")");
    return part;
  }

  #class(): CharSet {
    const negated = this.#take("^");
    const sets: CharSet[] = [];
    while (!this.#take("]")) {
      const from = this.#classMember();
      const [low] = from[0] ?? [0];
      if (this.#chars[this.#at] === "-" && this.#chars[this.#at + 1] !== "]") {
        this.#at += 1;
        const [high] = this.#classMember()[0] ?? [0];
        sets.push([[low, high]]);
      } else sets.push(from);
    }
    return negated ? complement(union(sets)) : union(sets);
  }

  #classMember(): CharSet {
    if (this.#take("\\")) return this.#take("b") ? single(0x08) : this.#escape();
    return single(this.#chars[this.#at++]?.codePointAt(0) ?? 0);
  }

  #escape(): CharSet {
    const char = this.#chars[this.#at++] ?? "";
    if (char === "d") return DIGITS;
    if (char === "D") return complement(DIGITS);
    if (char === "w") return WORD;
    if (char === "W") return complement(WORD);
    if (char === "s") return SPACE;
    if (char === "S") return complement(SPACE);
    const control = CONTROLS.get(char);
    if (control !== undefined) return single(control);
    if (char === "x") return single(this.#hex(2));
    if (char === "u") return single(this.#unicode());
    if (/[A-Za-z1-9]/.test(char)) throw this.#refusal(`has \\${char}`);
    return single(char.codePointAt(0) ?? 0);
  }

  #unicode(): number {
    if (!this.#take("{")) return this.#hex(4);
    let digits = "";
    while (!this.#take("}")) digits += this.#chars[this.#at++];
    return parseInt(digits, 16);
  }

  #hex(digits: number): number {
    const text = this.#chars.slice(this.#at, this.#at + digits).join("");
    this.#at += digits;
    return parseInt(text, 16);
  }

  #char(set: CharSet): Part {
    return spelledChar(set, this.#spelling, this.#place);
  }

  #take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  #refusal(why: string): GrammarRefusal {
    return new GrammarRefusal(this.#place, `${why}, at character ${this.#at}`);
  }
}

function single(char: number): CharSet {
  return ANY_CHAR.some(([from, to]) => from <= char && char <= to) ? [[char, char]] : [];
}
