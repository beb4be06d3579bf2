// The members of one request body, each read once with its type and bounds. Null counts as absent,
// as clients that write every field of their class expect.
//
// State: which members somebody has asked for; what is left over is unknown.

import type { Json } from "#shared/base/canonical-json.ts";
import { ApiError, badField, unsupported } from "./api-error.ts";

export type JsonObject = { readonly [name: string]: Json };

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** The least itself is not allowed. */
  readonly above?: boolean;
}

export class BodyFields {
  readonly #body: JsonObject;
  readonly #asked = new Set<string>();

  constructor(body: Json) {
    if (!isObject(body)) throw new ApiError(400, "The body is no JSON object.");
    this.#body = body;
  }

  raw(name: string): Json {
    this.#asked.add(name);
    return Object.hasOwn(this.#body, name) ? (this.#body[name] ?? null) : null;
  }

  text(name: string): string | null {
    const value = this.raw(name);
    if (value === null || typeof value === "string") return value;
    throw badField(name, "must be a string");
  }

  flag(name: string): boolean {
    const value = this.raw(name);
    if (value === null || typeof value === "boolean") return value ?? false;
    throw badField(name, "must be true or false");
  }

  number(name: string, bounds: Bounds = {}): number | null {
    const value = this.raw(name);
    return value === null ? null : checked(name, value, bounds);
  }

  integer(name: string, bounds: Bounds = {}): number | null {
    const value = this.number(name, bounds);
    if (value === null || Number.isSafeInteger(value)) return value;
    throw badField(name, "must be an integer");
  }

  object(name: string): JsonObject | null {
    const value = this.raw(name);
    if (value === null || isObject(value)) return value;
    throw badField(name, "must be an object");
  }

  list(name: string): readonly Json[] | null {
    const value = this.raw(name);
    if (value === null || isList(value)) return value;
    throw badField(name, "must be a list");
  }

  /** Fine while it says what is done anyway; refused by name when it asks for more. */
  refuse(name: string, why: string, harmless: readonly Json[] = [false, 0, ""]): void {
    const value = this.raw(name);
    if (value !== null && !harmless.includes(value)) throw unsupported(name, why);
  }

  /** What nobody has asked for. */
  unknown(): string[] {
    return Object.keys(this.#body).filter((name) => !this.#asked.has(name));
  }
}

export function isObject(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function checked(name: string, value: Json, bounds: Bounds): number {
  if (typeof value !== "number") throw badField(name, "must be a number");
  const { min = -Infinity, max = Infinity, above = false } = bounds;
  if (value > min && value <= max) return value;
  if (value === min && !above) return value;
  const least = min === -Infinity ? "" : `${above ? "above" : "at least"} ${min}`;
  const most = max === Infinity ? "" : `at most ${max}`;
  throw badField(name, `must be ${[least, most].filter((it) => it !== "").join(" and ")}`);
}
