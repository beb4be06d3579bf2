// How many tokens a prompt or an answer has, drawn from a distribution that is written in a word:
// `128`, `uniform:16-256`, `normal:200,50`, `lognormal:120,0.8` (median, sigma of the logarithm).

import { Failure } from "#shared/base/errors.ts";
import type { Random } from "#shared/base/prng.ts";

export type TokenLengths = (random: Random) => number;

const FORMS = "N, uniform:LOW-HIGH, normal:MEAN,SD or lognormal:MEDIAN,SIGMA";

/** Lengths of at least `min`; INVALID, naming `option`, for what is no distribution. */
export function parseTokenLengths(text: string, option: string, min = 1): TokenLengths {
  const whole = (tokens: number): number => Math.max(min, Math.round(tokens));
  const [, name = "", rest = ""] = /^(?:([a-z]+):)?(.*)$/.exec(text) ?? [];
  const parts = rest.split(name === "uniform" ? "-" : ",");
  const [first, second] = parts.map((part) => (part === "" ? Number.NaN : Number(part)));
  const isPair = isCount(first) && isCount(second);
  if (name === "" && isCount(first) && second === undefined) return () => whole(first);
  if (name === "uniform" && isPair && first <= second) {
    return (random) => whole(Math.floor(first + random.next() * (second - first + 1)));
  }
  if (name === "normal" && isPair) return (random) => whole(first + second * normal(random));
  if (name === "lognormal" && isPair) {
    return (random) => whole(first * Math.exp(second * normal(random)));
  }
  throw new Failure("INVALID", `--${option} ${text} is no distribution of lengths`, {
    hint: `Write ${FORMS}.`,
  });
}

/** Mean 0, deviation 1 (Box and Muller). */
function normal(random: Random): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value) && value >= 0;
}
