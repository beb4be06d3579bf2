// Values of command-line options, refused with what would be right.

import { Failure } from "#shared/base/errors.ts";

/** For numbers without a fraction, within bounds. */
export function parseWhole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^-?\d+$/u.test(text) && value >= min && value <= max) return value;
    throw new Failure(
      "INVALID",
      `${JSON.stringify(text)} is no whole number from ${min} to ${max}`,
    );
  };
}

/** For what an engine computes on. */
export function parseDevice(text: string): string {
  if (/^(?:cpu|cuda:\d{1,3})$/u.test(text)) return text;
  throw new Failure("INVALID", `${JSON.stringify(text)} is no device: cpu, or cuda:0 and so on`);
}

/** `name=value` pairs; the value may hold further `=`. */
export function parsePairs(
  pairs: readonly string[],
  option: string,
): { readonly [name: string]: string } {
  const found: { [name: string]: string } = {};
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at < 1) {
      throw new Failure("INVALID", `${option} ${JSON.stringify(pair)} is no NAME=VALUE`);
    }
    const name = pair.slice(0, at);
    if (Object.hasOwn(found, name)) {
      throw new Failure("INVALID", `${option} ${name} is given twice`);
    }
    found[name] = pair.slice(at + 1);
  }
  return found;
}
