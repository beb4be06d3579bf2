// How long a gRPC caller waits, as `grpc-timeout` says it (PROTOCOL-HTTP2: at most eight digits and
// a unit).

import { badField } from "../openai/api-error.ts";

const UNIT_MS: { readonly [unit: string]: number } = {
  ...{ H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 0.001, n: 0.000_001 },
};
/** A timer's longest. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** In ms; null: for ever. Throws 400 for what is no timeout. */
export function parseTimeout(header: string | null): number | null {
  if (header === null) return null;
  const [, digits, unit = ""] = /^(\d{1,8})([HMSmun])$/.exec(header) ?? [];
  const unitMs = UNIT_MS[unit];
  if (digits === undefined || unitMs === undefined) {
    throw badField("grpc-timeout", `${JSON.stringify(header.slice(0, 20))} is no timeout`);
  }
  return Math.min(Number(digits) * unitMs, TIMEOUT_MS_MAX);
}
