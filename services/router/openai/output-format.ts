// What an answer must look like, from the fields that say so: OpenAI's response_format, and vLLM's
// structured_outputs and guided_*. Pure.

import type { Json } from "#shared/base/canonical-json.ts";
import { regexPart } from "../text/grammar-regex.ts";
import { jsonObjectGrammar, schemaGrammar } from "../text/grammar-schema.ts";
import { choice, GrammarRefusal, literal, WEIGHT_MAX, type Grammar } from "../text/grammar-text.ts";
import { badField, unsupported, type ApiError } from "./api-error.ts";
import { isList, isObject, type BodyFields } from "./body-fields.ts";

export interface OutputFormat {
  /** The field that asks for it, as errors name it. */
  readonly param: string;
  readonly grammar: Grammar;
}

export const SCHEMA_CHARS_MAX = 65_536;
const SCHEMA = "response_format.json_schema.schema";

/** Null: any text. */
export function parseOutputFormat(fields: BodyFields): OutputFormat | null {
  fields.refuse("guided_grammar", "use a schema or a regular expression");
  fields.refuse("guided_whitespace_pattern", "JSON comes in one line");
  const nested = fields.object("structured_outputs") ?? {};
  for (const name of ["grammar", "structural_tag"]) {
    if ((nested[name] ?? null) === null) continue;
    throw unsupported(`structured_outputs.${name}`, "use a schema or a regular expression");
  }
  const formats = [
    responseFormat(fields.raw("response_format")),
    fromSchema("guided_json", fields.raw("guided_json")),
    fromRegex("guided_regex", fields.raw("guided_regex")),
    fromChoice("guided_choice", fields.raw("guided_choice")),
    fromSchema("structured_outputs.json", nested["json"] ?? null),
    fromRegex("structured_outputs.regex", nested["regex"] ?? null),
    fromChoice("structured_outputs.choice", nested["choice"] ?? null),
    nested["json_object"] === true ? anyObject("structured_outputs.json_object") : null,
  ].filter((format) => format !== null);
  const [format, second] = formats;
  if (second !== undefined) throw badField(second.param, `is already said by ${format?.param}`);
  return format ?? null;
}

function responseFormat(format: Json): OutputFormat | null {
  if (format === null) return null;
  const type = isObject(format) ? (format["type"] ?? null) : null;
  if (type === "text") return null;
  if (type === "json_object") return anyObject("response_format");
  if (type !== "json_schema" || !isObject(format)) {
    throw badField("response_format", "must have type text, json_object or json_schema");
  }
  const wrapped = format["json_schema"] ?? null;
  if (!isObject(wrapped)) throw badField("response_format.json_schema", "must be an object");
  const schema = wrapped["schema"] ?? null;
  if (schema === null) throw badField(SCHEMA, "is missing");
  return fromSchema(SCHEMA, schema);
}

/** Any JSON object. */
export function anyObject(param: string): OutputFormat {
  return { param, grammar: jsonObjectGrammar() };
}

/** vLLM takes a schema as its JSON, too. */
export function fromSchema(param: string, given: Json): OutputFormat | null {
  if (given === null) return null;
  const schema = typeof given === "string" ? parsedJson(param, given) : given;
  if (JSON.stringify(schema).length > SCHEMA_CHARS_MAX) {
    throw badField(param, `is longer than ${SCHEMA_CHARS_MAX} characters`);
  }
  return { param, grammar: checkedGrammar(param, () => schemaGrammar(schema)) };
}

export function fromRegex(param: string, pattern: Json): OutputFormat | null {
  if (pattern === null) return null;
  if (typeof pattern !== "string") throw badField(param, "must be a string");
  const written = checkedGrammar(param, () => regexPart(pattern, "plain", ""));
  return { param, grammar: { rules: { root: written } } };
}

export function fromChoice(param: string, list: Json): OutputFormat | null {
  if (list === null) return null;
  if (!isList(list) || list.length === 0) throw badField(param, "must be a list of strings");
  const texts = list.map((text) => {
    if (typeof text === "string" && text !== "" && text.isWellFormed()) return literal(text);
    throw badField(param, "must be a list of strings");
  });
  const written = choice(texts);
  if (written.weight > WEIGHT_MAX) throw badField(param, "is too long");
  return { param, grammar: { rules: { root: written } } };
}

function parsedJson(param: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch {
    throw badField(param, "is not JSON");
  }
}

export function checkedGrammar<T>(param: string, make: () => T): T {
  try {
    return make();
  } catch (reason) {
    if (reason instanceof GrammarRefusal) throw refusalOf(param, reason);
    throw reason;
  }
}

function refusalOf(param: string, { place, message }: GrammarRefusal): ApiError {
  return badField(param, place === "" ? message : `${place} ${message}`);
}
