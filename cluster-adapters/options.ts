// A dialect's options are texts from the cluster's registration: parsed here, once, and every key
// that the dialect does not know is refused.

import { Failure } from "#shared/base/errors.ts";

export type DialectOptions = { readonly [name: string]: string };

export function refuseUnknownOptions(options: DialectOptions, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new Failure("INVALID", `the cluster option ${JSON.stringify(name)} is not known`, {
      hint: `known are: ${known.join(", ")}`,
    });
  }
}

/** A number of seconds, fractions allowed, at least `least`. */
export function secondsOption(
  options: DialectOptions,
  name: string,
  usual: number,
  least = 0,
): number {
  const text = options[name];
  if (text === undefined) return usual;
  const seconds = Number(text);
  if (text.trim() === "" || !Number.isFinite(seconds) || seconds < least) {
    throw new Failure(
      "INVALID",
      `${name} = ${JSON.stringify(text)}: a number of seconds, at least ${least}, is needed`,
    );
  }
  return seconds;
}
