// A tool call that must be made, as grammar: tool_choice "required", or a function by name. Pure.
//
// Both ways of writing that ToolCallReader reads are allowed, so that a model keeps to its own:
// <tool_call> with "arguments", as Hermes and Qwen, or the bare object with "parameters", as Llama.

import type { Json } from "#shared/base/canonical-json.ts";
import { schemaGrammar } from "../text/grammar-schema.ts";
import {
  choice,
  literal,
  nested,
  repeated,
  sequence,
  type Grammar,
  type Part,
} from "../text/grammar-text.ts";
import { badField, unsupported } from "./api-error.ts";
import { isObject } from "./body-fields.ts";
import { checkedGrammar, SCHEMA_CHARS_MAX, type OutputFormat } from "./output-format.ts";

interface Tool {
  readonly name: string;
  readonly parameters: Json;
  /** As errors name its parameters. */
  readonly param: string;
}

const PARAM = "tool_choice";
/** Calls of one answer, where more than one may be made. */
const CALLS_MAX = 8;

/** Null: the model decides. `tools` are checked: each is a function with a name. */
export function forcedCalls(
  asked: Json,
  tools: readonly Json[],
  isParallel: boolean,
): OutputFormat | null {
  if (asked === null || asked === "auto" || asked === "none") return null;
  const named = asked === "required" ? null : nameOf(asked);
  if (JSON.stringify(tools).length > SCHEMA_CHARS_MAX) {
    throw badField("tools", `are longer than ${SCHEMA_CHARS_MAX} characters, with ${PARAM}`);
  }
  const all = tools.map(toolOf);
  const callable = named === null ? all : all.filter(({ name }) => name === named);
  if (callable.length === 0) {
    throw badField(PARAM, named === null ? "needs tools" : `finds no tool ${named}`);
  }
  const most = named === null && isParallel ? CALLS_MAX : 1;
  return { param: PARAM, grammar: checkedGrammar(PARAM, () => callsGrammar(callable, most)) };
}

function nameOf(asked: Json): string {
  const called = isObject(asked) && asked["type"] === "function" ? asked["function"] : null;
  const name = isObject(called ?? null) ? (called as { readonly name?: Json }).name : null;
  if (typeof name === "string") return name;
  throw unsupported(PARAM, "use auto, none, required or a function by its name");
}

function toolOf(tool: Json, at: number): Tool {
  const called = (tool as { readonly function: { readonly [key: string]: Json } }).function;
  const parameters = called["parameters"] ?? {};
  const isEmpty = isObject(parameters) && Object.keys(parameters).length === 0;
  return {
    name: String(called["name"]),
    parameters: isEmpty ? { type: "object" } : parameters,
    param: `tools[${at}].function.parameters`,
  };
}

function callsGrammar(tools: readonly Tool[], most: number): Grammar {
  const rules: Record<string, Part> = {};
  const calls: Part[] = [];
  const bare: Part[] = [];
  for (const [at, { name, parameters, param }] of tools.entries()) {
    const own = nested(
      checkedGrammar(param, () => schemaGrammar(parameters)),
      `t${at}.`,
    );
    Object.assign(rules, own.rules);
    const head = `{"name": ${JSON.stringify(name)}, `;
    calls.push(sequence(literal(`${head}"arguments": `), own.root, literal("}")));
    bare.push(sequence(literal(`${head}"parameters": `), own.root, literal("}")));
  }
  const tagged = sequence(literal("<tool_call>\n"), choice(calls), literal("\n</tool_call>"));
  rules["tagged"] = tagged;
  const more = repeated(sequence(literal("\n"), tagged), 0, most - 1, "");
  rules["root"] = choice([sequence(tagged, more), ...bare]);
  return { rules };
}
