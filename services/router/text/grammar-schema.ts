// JSON Schema as grammar: every output that the grammar allows is JSON in one line that the schema
// validates. What cannot be promised is refused with its place. Pure.
//
//   S1. Never more than the schema allows; sometimes less: properties come in the order in which
//       they are declared, others only where `additionalProperties` asks for them, strings hold no
//       lone surrogates, numbers at most 15 digits.
//   S2. `oneOf` is read as `anyOf`, `pattern` matches the whole string, unknown keywords and
//       formats say nothing, as JSON Schema has it for annotations.

import type { Json } from "#shared/base/canonical-json.ts";
import { INTEGER, NUMBER } from "./grammar-numbers.ts";
import { regexPart } from "./grammar-regex.ts";
import {
  GrammarRefusal,
  NOTHING,
  WEIGHT_MAX,
  choice,
  complement,
  literal,
  oneOf,
  optional,
  repeated,
  rule,
  sequence,
  type CharSet,
  type Grammar,
  type Part,
} from "./grammar-text.ts";
import {
  asCount,
  asList,
  asNames,
  asObject,
  checkKeywords,
  isOfType,
  typesOf,
  type Schema,
} from "./grammar-keywords.ts";
import { LETTER, numberPart, stringPart } from "./grammar-scalars.ts";

const DEPTH_MAX = 64;
const RULES_MAX = 4_096;
const PROPERTIES_MAX = 1_000;
const WORTH_A_RULE = 4;
const COMMA = literal(", ");
const QUOTE = literal('"');
const NO_REFS: ReadonlySet<string> = new Set();
/** What stands in no JSON string as itself. */
const PLAIN_STOPS = [...Array.from({ length: 0x20 }, (_, char) => char), 0x22, 0x5c];

/** The rules of every grammar: values that no schema says more about. */
const COMMON_RULES: Readonly<Record<string, Part>> = (() => {
  const hex = regexPart("[0-9A-Fa-f]", "plain", "");
  const escape = sequence(
    literal("\\"),
    choice([
      regexPart('["\\\\/bfnrt]', "plain", ""),
      sequence(regexPart("u[0-9A-CE-Fa-ce-f]", "plain", ""), hex, hex, hex),
      sequence(regexPart("u[Dd][0-7]", "plain", ""), hex, hex), // No half of a pair.
    ]),
  );
  const listed = (member: Part): Part =>
    optional(sequence(member, repeated(sequence(COMMA, member), 0, null, "")));
  const bare = oneOf(allBut(PLAIN_STOPS), "");
  const chars = repeated(choice([bare, escape]), 0, null, "");
  const scalars = ["string", "number"].map(rule);
  const words = ["true", "false", "null"].map(literal);
  return {
    bare,
    letter: LETTER,
    string: sequence(QUOTE, chars, QUOTE),
    integer: INTEGER,
    number: NUMBER,
    array: sequence(literal("["), listed(rule("any")), literal("]")),
    object: sequence(
      literal("{"),
      listed(sequence(rule("string"), literal(": "), rule("any"))),
      literal("}"),
    ),
    any: choice([rule("object"), rule("array"), ...scalars, ...words]),
  };
})();

/** Throws GrammarRefusal. */
export function schemaGrammar(schema: Json): Grammar {
  return new SchemaWriter(schema).write();
}

/** Any JSON object. */
export function jsonObjectGrammar(): Grammar {
  return schemaGrammar({ type: "object" });
}

class SchemaWriter {
  readonly #root: Json;
  readonly #rules: Record<string, Part> = { ...COMMON_RULES };
  readonly #refs = new Map<string, Part>();
  #weight = 0;
  #count = 0;

  constructor(root: Json) {
    this.#root = root;
  }

  write(): Grammar {
    this.#refs.set("#", rule("whole"));
    this.#add("whole", this.#value(this.#root, { place: "", depth: 0, open: new Set(["#"]) }), "");
    return { rules: { ...this.#rules, root: rule("whole") } };
  }

  #value(schema: Json, at: Spot): Part {
    if (at.depth > DEPTH_MAX) throw new GrammarRefusal(at.place, "is nested too deeply");
    if (schema === true) return rule("any");
    if (schema === false) throw new GrammarRefusal(at.place, "allows no value");
    if (schema === null || typeof schema !== "object" || Array.isArray(schema)) {
      throw new GrammarRefusal(at.place, "is no schema");
    }
    const it = schema as Schema;
    const kind = checkKeywords(it, at.place);
    switch (kind) {
      case "$ref":
        return this.#ref(it, at);
      case "enum":
      case "const":
        return this.#literals(it, kind, at);
      case "anyOf":
      case "oneOf":
      case "allOf":
        return this.#named(this.#alternatives(it, kind, at), at);
      case "typed": {
        const types = typesOf(it, at.place);
        return this.#named(choice(types.map((type) => this.#typed(it, type, at))), at);
      }
    }
  }

  #ref(schema: Schema, at: Spot): Part {
    const ref = String(schema["$ref"]);
    if (at.open.has(ref)) throw new GrammarRefusal(`${at.place}/$ref`, "refers to itself");
    const known = this.#refs.get(ref);
    if (known !== undefined) return known;
    const target = this.#target(ref, `${at.place}/$ref`);
    const name = this.#name();
    this.#refs.set(ref, rule(name));
    const spot = { place: ref.slice(1), depth: at.depth + 1, open: new Set([...at.open, ref]) };
    this.#add(name, this.#value(target, spot), at.place);
    return rule(name);
  }

  #target(ref: string, place: string): Json {
    if (!ref.startsWith("#")) throw new GrammarRefusal(place, "refers outside of the schema");
    let found: Json | undefined = this.#root;
    for (const written of ref.slice(1).split("/").slice(1)) {
      const key = decoded(written).replaceAll("~1", "/").replaceAll("~0", "~");
      found =
        typeof found === "object" && found !== null && Object.hasOwn(found, key)
          ? (found as { readonly [key: string]: Json })[key]
          : undefined;
    }
    if (found === undefined) throw new GrammarRefusal(place, `finds no ${ref}`);
    return found;
  }

  #literals(schema: Schema, kind: "enum" | "const", at: Spot): Part {
    const place = `${at.place}/${kind}`;
    const given = kind === "const" ? [schema["const"] ?? null] : schema["enum"];
    if (!Array.isArray(given)) throw new GrammarRefusal(place, "must be a list");
    const types = schema["type"] === undefined ? null : typesOf(schema, at.place);
    const values = (given as readonly Json[]).filter(
      (value) => types === null || types.some((type) => isOfType(value, type)),
    );
    if (values.length === 0) throw new GrammarRefusal(place, "has no value of its type");
    return this.#named(choice(values.map((value) => literal(JSON.stringify(value)))), at);
  }

  #alternatives(schema: Schema, kind: "anyOf" | "oneOf" | "allOf", at: Spot): Part {
    const place = `${at.place}/${kind}`;
    const list = schema[kind];
    if (!Array.isArray(list) || list.length === 0) {
      throw new GrammarRefusal(place, "must be a list of schemas");
    }
    if (kind === "allOf" && list.length > 1) {
      throw new GrammarRefusal(place, "of several schemas is not supported");
    }
    const spot = { depth: at.depth + 1, open: at.open };
    return choice(
      (list as readonly Json[]).map((one, n) =>
        this.#value(one, { ...spot, place: `${place}/${n}` }),
      ),
    );
  }

  #typed(schema: Schema, type: string, at: Spot): Part {
    switch (type) {
      case "object":
        return this.#object(schema, at);
      case "array":
        return this.#array(schema, at);
      case "string":
        return stringPart(schema, at.place);
      case "integer":
      case "number":
        return numberPart(schema, type, at.place);
      case "boolean":
        return choice([literal("true"), literal("false")]);
      case "null":
        return literal("null");
      default:
        return rule("any");
    }
  }

  #object(schema: Schema, at: Spot): Part {
    const declared = asObject(schema["properties"] ?? {}, `${at.place}/properties`);
    const required = asNames(schema["required"] ?? [], `${at.place}/required`);
    const others = schema["additionalProperties"] ?? null;
    const properties = new Map<string, Json>(Object.entries(declared));
    for (const name of required) {
      if (properties.has(name)) continue;
      if (others === false) {
        throw new GrammarRefusal(`${at.place}/required`, `asks for ${name}, which is not declared`);
      }
      properties.set(name, others ?? true);
    }
    if (properties.size > PROPERTIES_MAX) {
      throw new GrammarRefusal(`${at.place}/properties`, `are more than ${PROPERTIES_MAX}`);
    }
    const inside = { depth: at.depth + 1, open: NO_REFS };
    const pairs = [...properties].map(([name, value]) => {
      const place = `${at.place}/properties/${pointerOf(name)}`;
      const part = sequence(
        literal(`${JSON.stringify(name)}: `),
        this.#value(value, { ...inside, place }),
      );
      return { part, isRequired: required.includes(name) };
    });
    const isOpen = others === null ? pairs.length === 0 : others !== false;
    if (isOpen && pairs.length === 0 && (others ?? true) === true) return rule("object");
    const more = isOpen
      ? sequence(
          this.#otherName([...properties.keys()], at.place),
          literal(": "),
          this.#value(others ?? true, { ...inside, place: `${at.place}/additionalProperties` }),
        )
      : null;
    return sequence(literal("{"), this.#members(pairs, more, at), literal("}"));
  }

  /** Members in order: the first that is written has no comma before it. */
  #members(pairs: readonly Pair[], more: Part | null, at: Spot): Part {
    let after = NOTHING;
    let first = NOTHING;
    if (more !== null) {
      const again = repeated(sequence(COMMA, more), 0, null, at.place);
      after = this.#named(again, at);
      first = optional(sequence(more, after));
    }
    for (const { part, isRequired } of pairs.toReversed()) {
      const begun = sequence(part, after);
      first = this.#named(isRequired ? begun : choice([begun, first]), at);
      const later = sequence(COMMA, part);
      after = this.#named(sequence(isRequired ? later : optional(later), after), at);
    }
    return first;
  }

  /** A member's name that is none of the declared ones; without escapes, to be sure of it. */
  #otherName(names: readonly string[], place: string): Part {
    const prefixes = new Map<string, Set<string>>([["", new Set()]]);
    for (const name of names) {
      let prefix = "";
      for (const char of name) {
        prefixes.set(prefix, (prefixes.get(prefix) ?? new Set()).add(char));
        prefix += char;
      }
      if (!prefixes.has(prefix)) prefixes.set(prefix, new Set());
    }
    const rules = new Map([...prefixes.keys()].map((prefix) => [prefix, this.#name()] as const));
    const rest = sequence(repeated(rule("bare"), 0, null, place), QUOTE);
    for (const [prefix, nexts] of prefixes) {
      const taken = [...nexts].map((char) => char.codePointAt(0) ?? 0).toSorted((a, b) => a - b);
      const closed = [...PLAIN_STOPS, ...taken].toSorted((a, b) => a - b);
      const away = sequence(oneOf(allBut(closed), place), rest);
      const ways = [away];
      for (const next of nexts) {
        if (PLAIN_STOPS.includes(next.codePointAt(0) ?? 0)) continue;
        ways.push(sequence(literal(next), rule(rules.get(prefix + next) ?? "")));
      }
      if (!names.includes(prefix)) ways.push(QUOTE);
      this.#add(rules.get(prefix) ?? "", choice(ways), place);
    }
    return sequence(QUOTE, rule(rules.get("") ?? ""));
  }

  #array(schema: Schema, at: Spot): Part {
    const { items: written = null, prefixItems = null } = schema;
    const tuple = Array.isArray(written) ? written : prefixItems;
    const rest = Array.isArray(written) ? (schema["additionalItems"] ?? null) : written;
    const min = asCount(schema["minItems"] ?? 0, `${at.place}/minItems`);
    const given = schema["maxItems"] ?? null;
    const max = given === null ? null : asCount(given, `${at.place}/maxItems`);
    if (max !== null && min > max) throw new GrammarRefusal(at.place, "has minItems over maxItems");
    const inside = { depth: at.depth + 1, open: NO_REFS };
    const head = asList(tuple ?? [], `${at.place}/prefixItems`)
      .slice(0, max ?? undefined)
      .map((one, n) => this.#value(one, { ...inside, place: `${at.place}/prefixItems/${n}` }));
    const isClosed = rest === false || (rest === null && head.length > 0 && min <= head.length);
    const least = Math.max(0, min - head.length);
    const most = isClosed ? 0 : max === null ? null : max - head.length;
    if (most !== null && least > most) throw new GrammarRefusal(at.place, "has too few items");
    const open = literal("[");
    const close = literal("]");
    const start = head.flatMap((part, n) => (n === 0 ? [part] : [COMMA, part]));
    if (most === 0) return sequence(open, ...start, close);
    const item = this.#value(rest ?? true, { ...inside, place: `${at.place}/items` });
    const next = sequence(COMMA, item);
    if (head.length > 0) {
      return sequence(open, ...start, repeated(next, least, most, at.place), close);
    }
    const others = repeated(
      next,
      Math.max(0, least - 1),
      most === null ? null : most - 1,
      at.place,
    );
    const all = sequence(item, others);
    return sequence(open, least === 0 ? optional(all) : all, close);
  }

  /** Behind a rule's name, so that a part that is used twice is written once. */
  #named(part: Part, at: Spot): Part {
    if (part.weight < WORTH_A_RULE) return part;
    const name = this.#name();
    this.#add(name, part, at.place);
    return rule(name);
  }

  #add(name: string, part: Part, place: string): void {
    this.#weight += part.weight;
    if (this.#weight > WEIGHT_MAX) throw new GrammarRefusal(place, "makes the schema too large");
    this.#rules[name] = part;
  }

  #name(): string {
    this.#count += 1;
    if (this.#count > RULES_MAX) throw new GrammarRefusal("", "has too many parts");
    return `r${this.#count}`;
  }
}

/** Where in the schema the writer is. */
interface Spot {
  readonly place: string;
  readonly depth: number;
  /** References that have led here without a value between: none of them may come again. */
  readonly open: ReadonlySet<string>;
}

interface Pair {
  readonly part: Part;
  readonly isRequired: boolean;
}

function allBut(chars: readonly number[]): CharSet {
  return complement([...new Set(chars)].map((char) => [char, char] as const));
}

function pointerOf(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}

function decoded(written: string): string {
  try {
    return decodeURIComponent(written);
  } catch {
    return written;
  }
}
