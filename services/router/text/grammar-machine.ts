// A grammar as a machine over bytes: states with edges, and calls of rules on a stack. What an
// output may go on with is a set of places, each a state and a stack; sets are made when they are
// first reached and then found again, so that a loop costs a look-up.
//
// State: the sets reached so far, by their places, and the stacks in them.
//
//   M1. The set after some bytes depends on those bytes alone.
//   M2. Sets and places are bounded; a grammar too ambiguous for that throws INVALID. Forgetting
//       the sets costs time only: who holds one goes on with it.

import { Failure } from "#shared/base/errors.ts";
import type { CharSet, Grammar, Part } from "./grammar-text.ts";

interface State {
  /** From, to, target. */
  readonly edges: [number, number, number][];
  readonly free: number[];
  /** The rule's first state, and where to go on behind it. */
  readonly calls: [number, number][];
  isEnd: boolean;
}

interface Stack {
  /** From 1; 0 is no stack. */
  readonly id: number;
  readonly back: number;
  readonly below: Stack | null;
  readonly above: Map<number, Stack>;
}

interface Place {
  readonly state: number;
  readonly stack: Stack | null;
}

/** What may come next. */
export interface PlaceSet {
  readonly places: readonly Place[];
  /** The output may end here. */
  readonly ends: boolean;
  readonly next: (PlaceSet | null | undefined)[];
}

const PLACES_MAX = 4_096;
const SETS_MAX = 10_000;
/** Places in all sets: some tens of megabytes. */
const KEPT_MAX = 500_000;
const STATES_MAX = 200_000;

export class GrammarMachine {
  readonly #states: State[] = [];
  readonly #rules = new Map<string, number>();
  readonly #grammar: Grammar;
  readonly #unwritten: { readonly part: Part; readonly from: number; readonly to: number }[] = [];
  #sets = new Map<string, PlaceSet>();
  #stacks = 0;
  #kept = 0;
  #bottom = new Map<number, Stack>();
  #start: PlaceSet;

  constructor(grammar: Grammar) {
    this.#grammar = grammar;
    const root = this.#rule("root");
    for (let next = this.#unwritten.pop(); next !== undefined; next = this.#unwritten.pop()) {
      this.#write(next.part, next.from, next.to);
    }
    this.#start = this.#setOf([{ state: root, stack: null }]);
  }

  get start(): PlaceSet {
    return this.#start;
  }

  /** Null: the grammar has nothing that goes on so. */
  step(set: PlaceSet, byte: number): PlaceSet | null {
    const known = set.next[byte];
    if (known !== undefined) return known;
    const reached: Place[] = [];
    for (const { state, stack } of set.places) {
      for (const [from, to, target] of this.#states[state]?.edges ?? []) {
        if (from <= byte && byte <= to) reached.push({ state: target, stack });
      }
    }
    const next = reached.length === 0 ? null : this.#setOf(reached);
    set.next[byte] = next;
    return next;
  }

  /** With everything that is reached without a byte. */
  #setOf(reached: readonly Place[]): PlaceSet {
    const places = new Map<number, Place>();
    const open = [...reached];
    let ends = false;
    for (let place = open.pop(); place !== undefined; place = open.pop()) {
      const key = place.state + (place.stack?.id ?? 0) * STATES_MAX;
      if (places.has(key)) continue;
      if (places.size >= PLACES_MAX) throw new Failure("INVALID", "is too ambiguous");
      places.set(key, place);
      const { state, stack } = place;
      const at = this.#states[state];
      if (at === undefined) continue;
      for (const free of at.free) open.push({ state: free, stack });
      for (const [first, back] of at.calls) {
        open.push({ state: first, stack: this.#pushed(back, stack) });
      }
      if (!at.isEnd) continue;
      if (stack === null) ends = true;
      else open.push({ state: stack.back, stack: stack.below });
    }
    const moving = [...places].filter(([, { state }]) => this.#states[state]?.edges.length !== 0);
    const names = Float64Array.from(moving, ([name]) => name).sort();
    const key = `${ends} ${names.join()}`;
    const known = this.#sets.get(key);
    if (known !== undefined) return known;
    if (this.#sets.size >= SETS_MAX || this.#kept >= KEPT_MAX) this.#forget();
    this.#kept += moving.length;
    const made: PlaceSet = { places: moving.map(([, place]) => place), ends, next: [] };
    this.#sets.set(key, made);
    return made;
  }

  #forget(): void {
    this.#sets = new Map();
    this.#kept = 0;
    this.#bottom = new Map();
    this.#start = this.#setOf([{ state: this.#rule("root"), stack: null }]);
  }

  #pushed(back: number, below: Stack | null): Stack | null {
    const at = this.#states[back];
    // Nothing behind the call: its end is the end of whoever called this one.
    if (at !== undefined && at.isEnd && isBare(at)) return below;
    const above = below?.above ?? this.#bottom;
    const known = above.get(back);
    if (known !== undefined) return known;
    this.#stacks += 1;
    const made: Stack = { id: this.#stacks, back, below, above: new Map() };
    above.set(back, made);
    return made;
  }

  #rule(name: string): number {
    const known = this.#rules.get(name);
    if (known !== undefined) return known;
    const part = this.#grammar.rules[name];
    if (part === undefined) throw new Failure("INTERNAL", `a grammar has no rule ${name}`);
    const first = this.#state();
    this.#rules.set(name, first);
    const last = this.#state();
    this.#at(last).isEnd = true;
    this.#unwritten.push({ part, from: first, to: last });
    return first;
  }

  #write(part: Part, from: number, to: number): void {
    switch (part.kind) {
      case "text":
        return this.#writeBytes([...new TextEncoder().encode(part.text)], from, to);
      case "char":
        return this.#writeChars(part.set, from, to);
      case "sequence":
        return this.#writeAll(part.parts, from, to);
      case "choice":
        for (const one of part.parts) this.#write(one, from, to);
        return;
      case "rule":
        this.#at(from).calls.push([this.#rule(part.name), to]);
        return;
      case "repeat":
        return this.#writeRepeat(part.part, part.min, part.max, from, to);
    }
  }

  #writeBytes(bytes: readonly number[], from: number, to: number): void {
    const ranges = bytes.map((byte) => [byte, byte] as const);
    if (ranges.length === 0) this.#at(from).free.push(to);
    else this.#writeRanges(ranges, from, to);
  }

  #writeChars(set: CharSet, from: number, to: number): void {
    for (const [low, high] of set) {
      for (const ranges of utf8Ranges(low, high)) this.#writeRanges(ranges, from, to);
    }
  }

  #writeRanges(ranges: readonly (readonly [number, number])[], from: number, to: number): void {
    let at = from;
    for (const [n, [low, high]] of ranges.entries()) {
      const next = n === ranges.length - 1 ? to : this.#state();
      this.#at(at).edges.push([low, high, next]);
      at = next;
    }
  }

  #writeAll(parts: readonly Part[], from: number, to: number): void {
    let at = from;
    for (const [n, part] of parts.entries()) {
      const next = n === parts.length - 1 ? to : this.#state();
      this.#write(part, at, next);
      at = next;
    }
  }

  #writeRepeat(part: Part, min: number, max: number | null, from: number, to: number): void {
    let at = this.#after(from);
    for (let n = 0; n < min; n++) {
      const next = this.#state();
      this.#write(part, at, next);
      at = next;
    }
    if (max === null) {
      const loop = this.#after(at);
      const back = this.#state();
      this.#write(part, loop, back);
      this.#at(back).free.push(loop);
      this.#at(loop).free.push(to);
      return;
    }
    for (let n = min; n < max; n++) {
      this.#at(at).free.push(to);
      const next = this.#state();
      this.#write(part, at, next);
      at = next;
    }
    this.#at(at).free.push(to);
  }

  /** A state of its own: what is written there must not begin for others that leave `from`. */
  #after(from: number): number {
    const next = this.#state();
    this.#at(from).free.push(next);
    return next;
  }

  #state(): number {
    if (this.#states.length >= STATES_MAX) throw new Failure("INVALID", "is too large");
    return this.#states.push({ edges: [], free: [], calls: [], isEnd: false }) - 1;
  }

  #at(state: number): State {
    return this.#states[state] as State;
  }
}

function isBare(state: State): boolean {
  return state.edges.length === 0 && state.free.length === 0 && state.calls.length === 0;
}

type ByteRanges = readonly (readonly [number, number])[];

const LENGTH_ENDS = [0x7f, 0x7ff, 0xffff];

/** The characters from `low` to `high` as sequences of byte ranges, as in Cox's UTF-8 automata. */
function utf8Ranges(low: number, high: number): ByteRanges[] {
  for (const end of LENGTH_ENDS) {
    if (low <= end && end < high) return [...utf8Ranges(low, end), ...utf8Ranges(end + 1, high)];
  }
  if (high <= 0x7f) return [[[low, high]]];
  for (let bits = 6; bits <= 18; bits += 6) {
    const mask = (1 << bits) - 1;
    if ((low & ~mask) === (high & ~mask)) break;
    if ((low & mask) !== 0) {
      return [...utf8Ranges(low, low | mask), ...utf8Ranges((low | mask) + 1, high)];
    }
    if ((high & mask) !== mask) {
      return [...utf8Ranges(low, (high & ~mask) - 1), ...utf8Ranges(high & ~mask, high)];
    }
  }
  const first = new TextEncoder().encode(String.fromCodePoint(low));
  const last = new TextEncoder().encode(String.fromCodePoint(high));
  return [[...first].map((byte, at) => [byte, last[at] ?? byte] as const)];
}
