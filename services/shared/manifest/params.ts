// Values of a workflow's params: what the caller gave, else the default, checked against what the
// manifest declares. A text is accepted for any type when it says exactly one value of it, so that
// `--param steps=100` needs no quoting rules.

import type { Findings } from "./manifest-errors.ts";
import type { NamedMap, RawParam, Scalar } from "./raw-manifest.ts";
import { suggestion } from "./suggest.ts";

export type Params = { readonly [name: string]: Scalar };

/** 1 MiB: longer texts belong in a file. */
const PARAM_CHARACTERS_MAX = 1024 * 1024;

export function resolveParams(
  declared: NamedMap<RawParam>,
  given: { readonly [name: string]: unknown },
  findings: Findings,
): Params {
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue;
    const hint = suggestion(name, Object.keys(declared), "params of this workflow");
    findings.error(["params"], `there is no param ${JSON.stringify(name)}`, hint, "key");
  }
  const values: [string, Scalar][] = [];
  for (const [name, param] of Object.entries(declared).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const problemOfDefault = defaultProblem(param);
    if (problemOfDefault !== undefined) {
      const hint = `give ${aType(param)} that its own enum, minimum and maximum allow`;
      findings.error(["params", name, problemOfDefault.key], problemOfDefault.message, hint);
      continue;
    }
    const value = Object.hasOwn(given, name) ? given[name] : param.default;
    if (value === undefined || value === null) {
      const message = `param ${JSON.stringify(name)} has no default and was not given`;
      findings.error(["params", name], message, `give it: --param ${name}=…`, "key");
      continue;
    }
    const typed = coerce(value, param.type);
    const problem = typed === undefined ? notOfType(value, param) : valueProblem(typed, param);
    if (problem !== undefined || typed === undefined) {
      findings.error(
        ["params", name],
        `param ${JSON.stringify(name)} ${problem}`,
        ruleOf(param),
        "key",
      );
      continue;
    }
    values.push([name, typed]);
  }
  return Object.fromEntries(values);
}

function defaultProblem(param: RawParam): { key: string; message: string } | undefined {
  for (const [index, allowed] of (param.enum ?? []).entries()) {
    if (coerceExact(allowed, param.type) === undefined) {
      return { key: "enum", message: `enum[${index}] is no ${param.type}` };
    }
  }
  if (param.minimum !== undefined && param.maximum !== undefined && param.minimum > param.maximum) {
    return { key: "minimum", message: "minimum is above maximum" };
  }
  if (param.default === undefined) return undefined;
  if (coerceExact(param.default, param.type) === undefined) {
    return { key: "default", message: `default is no ${param.type}` };
  }
  const problem = valueProblem(param.default, param);
  return problem === undefined ? undefined : { key: "default", message: `default ${problem}` };
}

function valueProblem(value: Scalar, param: RawParam): string | undefined {
  if (param.enum !== undefined && !param.enum.includes(value)) {
    return `is ${JSON.stringify(value)}, which is not in its enum`;
  }
  if (typeof value === "string") {
    if (value.length > PARAM_CHARACTERS_MAX) return `is longer than ${PARAM_CHARACTERS_MAX}`;
    return value.isWellFormed() ? undefined : "has half a surrogate pair";
  }
  if (typeof value !== "number") return undefined;
  if (param.minimum !== undefined && value < param.minimum) {
    return `is ${value}, below its minimum ${param.minimum}`;
  }
  if (param.maximum !== undefined && value > param.maximum) {
    return `is ${value}, above its maximum ${param.maximum}`;
  }
  return undefined;
}

function coerceExact(value: unknown, type: RawParam["type"]): Scalar | undefined {
  switch (type) {
    case "string":
      return typeof value === "string" ? value : undefined;
    case "boolean":
      return typeof value === "boolean" ? value : undefined;
    case "integer":
      return Number.isSafeInteger(value) ? (value as number) : undefined;
    case "number":
      return Number.isFinite(value) ? (value as number) : undefined;
  }
}

function coerce(value: unknown, type: RawParam["type"]): Scalar | undefined {
  const exact = coerceExact(value, type);
  if (exact !== undefined || typeof value !== "string") return exact;
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  if (type === "integer" && /^[+-]?\d{1,16}$/.test(value)) return coerceExact(Number(value), type);
  const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?$/;
  if (type === "number" && decimal.test(value)) return coerceExact(Number(value), type);
  return undefined;
}

function notOfType(value: unknown, param: RawParam): string {
  const text = JSON.stringify(value) ?? String(value);
  return `is ${text.length > 60 ? `${text.slice(0, 57)}...` : text}, which is no ${param.type}`;
}

function ruleOf(param: RawParam): string {
  if (param.enum !== undefined) return `one of ${param.enum.slice(0, 12).map(String).join(", ")}`;
  const range = [
    param.minimum === undefined ? "" : ` from ${param.minimum}`,
    param.maximum === undefined ? "" : ` up to ${param.maximum}`,
  ].join("");
  return `give ${aType(param)}${range}`;
}

function aType({ type }: RawParam): string {
  return type === "integer" ? "an integer" : `a ${type}`;
}
