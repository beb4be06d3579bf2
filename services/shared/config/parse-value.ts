// One configuration value from TOML (already typed) or from text (environment, command line).

import { unreachable, Failure } from "#shared/base/errors.ts";
import type { KeyKind } from "./config-keys.ts";
import { nearest } from "./nearest.ts";

export type ConfigValue = string | number | boolean | readonly string[];

/** Throws INVALID naming `where` and what is expected; never repeats the value of a secret. */
export function parseValue(
  type: KeyKind,
  raw: unknown,
  dotted: string,
  where: string,
): ConfigValue {
  const refuse = (expected: string): Failure =>
    new Failure("INVALID", `${where}: ${dotted} must be ${expected}, not ${shown(raw)}`);
  switch (type.kind) {
    case "text":
      if (typeof raw !== "string") throw refuse("a text");
      return raw;
    case "path":
      if (typeof raw !== "string" || raw === "" || raw.includes("\0")) throw refuse("a path");
      return raw;
    case "address":
      if (typeof raw !== "string" || !isAddress(raw)) throw refuse("HOST:PORT");
      return raw;
    case "texts":
      if (typeof raw === "string") return raw.split(",").map((part) => part.trim());
      if (Array.isArray(raw) && raw.every((item) => typeof item === "string")) return raw;
      throw refuse("a text or a list of texts");
    case "names": {
      const items = typeof raw === "string" ? raw.split(",") : Array.isArray(raw) ? raw : [raw];
      const isName = (it: unknown): boolean => typeof it === "string" || isIndex(it);
      if (!items.every(isName)) throw refuse("a text, a whole number or a list of those");
      return items.map((it) => String(it).trim());
    }
    case "boolean":
      if (raw === true || raw === "true" || raw === "1") return true;
      if (raw === false || raw === "false" || raw === "0") return false;
      throw refuse("true or false");
    case "integer":
    case "number": {
      const value = typeof raw === "string" && raw.trim() !== "" ? Number(raw) : raw;
      const whole = type.kind === "integer" ? "a whole number" : "a number";
      const fits = typeof value === "number" && value >= type.min && value <= type.max;
      if (!fits || (type.kind === "integer" && !Number.isInteger(value))) {
        throw refuse(`${whole} from ${type.min} to ${type.max}`);
      }
      return value;
    }
    case "choice": {
      if (typeof raw === "string" && type.values.includes(raw)) return raw;
      const guess = typeof raw === "string" ? nearest(raw, type.values) : null;
      const hint = guess === null ? "" : `; did you mean ${JSON.stringify(guess)}?`;
      throw new Failure("INVALID", `${refuse(`one of ${type.values.join(", ")}`).message}${hint}`);
    }
    default:
      return unreachable(type);
  }
}

/** `HOST:PORT` or `[V6]:PORT`, taken apart; `null` when it is neither. */
export function parseAddress(text: string): { host: string; port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:[\]/]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  return host !== undefined && port <= 65_535 ? { host, port } : null;
}

function isIndex(raw: unknown): boolean {
  return Number.isInteger(raw) && Number(raw) >= 0;
}

function isAddress(text: string): boolean {
  return parseAddress(text) !== null;
}

function shown(raw: unknown): string {
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}
