// Runs the schema over a manifest and says what is wrong in a person's words. Tasks are checked one
// by one, so that a manifest with a mistake in each of 100,000 tasks costs no more than ERRORS_MAX.

import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorObject } from "ajv/dist/2020.js";
import type { Findings, Path } from "./manifest-errors.ts";
import { MANIFEST_SCHEMA } from "./schema.ts";
import { suggestion } from "./suggest.ts";

const ajv = new Ajv2020({
  allErrors: true,
  verbose: true,
  strict: true,
  allowUnionTypes: true,
  strictTypes: false, // `then` narrows `with`, which the strict rule would have repeat its type.
  strictRequired: false,
  keywords: ["x-hint"],
});
const { tasks, ...properties } = MANIFEST_SCHEMA.properties;
const checkEnvelope = ajv.compile({
  ...MANIFEST_SCHEMA,
  properties: { ...properties, tasks: { ...tasks, items: true } },
});
const checkTask = ajv.compile({ $ref: `${MANIFEST_SCHEMA.$id}#/$defs/task` });

/** Adds what the schema refuses; true when it refuses nothing. */
export function checkSchema(value: unknown, findings: Findings): boolean {
  if (!checkEnvelope(value)) addAll(checkEnvelope.errors, [], value, findings);
  const list = (value as { readonly tasks?: unknown } | null)?.tasks;
  if (Array.isArray(list)) {
    for (let index = 0; index < list.length && !findings.full; index++) {
      if (!checkTask(list[index]))
        addAll(checkTask.errors, ["tasks", index], list[index], findings);
    }
  }
  return findings.errors.length === 0;
}

function addAll(
  errors: readonly ErrorObject[] | null | undefined,
  base: Path,
  root: unknown,
  findings: Findings,
): void {
  for (const error of errors ?? []) addOne(error, base, root, findings);
}

function addOne(error: ErrorObject, base: Path, root: unknown, findings: Findings): void {
  const inside = pathOf(error.instancePath, root);
  const path = [...base, ...inside];
  const schema = error.parentSchema;
  const hint = adviceOf(schema);
  const value = error.data;
  switch (error.keyword) {
    case "if":
    case "propertyNames":
      return; // Their inner errors say it better.
    case "additionalProperties": {
      const key = String(error.params["additionalProperty"]);
      const known = Object.keys((schema?.["properties"] as object | undefined) ?? {});
      const advice = suggestion(key, known, "known here");
      findings.error([...path, key], `unknown key ${JSON.stringify(key)}`, advice, "key");
      return;
    }
    case "required": {
      const key = String(error.params["missingProperty"]);
      const where = path.length === 0 ? "the manifest" : describe(path);
      findings.error(path, `${where} has no ${JSON.stringify(key)}`, hint);
      return;
    }
    case "type": {
      const types = [error.params["type"]].flat().map(String);
      findings.error(
        path,
        `${describe(path)} must be ${alternatives(types)}, not ${kindOf(value)}`,
        hint,
      );
      return;
    }
    case "const":
    case "enum": {
      const allowed = [error.params["allowedValues"] ?? error.params["allowedValue"]]
        .flat()
        .map(String);
      const advice = typeof value === "string" ? suggestion(value, allowed, "write one of") : hint;
      findings.error(path, `${describe(path)} is ${shown(value)}, which is not known`, advice);
      return;
    }
    case "pattern": {
      if (error.propertyName !== undefined) {
        const message = `${JSON.stringify(error.propertyName)} cannot be a name here`;
        findings.error([...path, error.propertyName], message, hint, "key");
        return;
      }
      findings.error(path, `${describe(path)} is ${shown(value)}, which is not allowed here`, hint);
      return;
    }
    case "uniqueItems": {
      const second = Math.max(Number(error.params["i"]), Number(error.params["j"]));
      findings.error(
        [...path, second],
        `${shown((value as unknown[])[second])} is given twice`,
        "keep one",
      );
      return;
    }
    default:
      findings.error(path, `${describe(path)} ${error.message ?? error.keyword}`, hint);
  }
}

function adviceOf(schema: ErrorObject["parentSchema"]): string {
  for (const advice of [schema?.["x-hint"], schema?.["description"]]) {
    if (typeof advice === "string") return advice;
  }
  return "see docs/protocols/manifest.md";
}

/** The pointer's steps, with numbers where the value has a list. */
function pathOf(pointer: string, root: unknown): Path {
  if (pointer === "") return [];
  let at: unknown = root;
  return pointer
    .slice(1)
    .split("/")
    .map((raw) => {
      const name = raw.replaceAll("~1", "/").replaceAll("~0", "~");
      const step = Array.isArray(at) ? Number(name) : name;
      at = (at as Record<string | number, unknown> | null)?.[step];
      return step;
    });
}

/** `tasks[2].resources.memory`, or `needs` alone when it is near the top. */
export function describe(path: Path): string {
  let words = "";
  for (const step of path) {
    if (typeof step === "number") words += `[${step}]`;
    else words += words === "" ? step : `.${step}`;
  }
  return words === "" ? "the manifest" : words;
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  if (typeof value === "string") return `the text ${shown(value)}`;
  if (typeof value === "boolean") return `${value}`;
  return `the number ${shown(value)}`;
}

const TYPE_WORDS: { readonly [type: string]: string } = {
  object: "a map",
  array: "a list",
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
};

function alternatives(types: readonly string[]): string {
  return types.map((type) => TYPE_WORDS[type] ?? type).join(" or ");
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
