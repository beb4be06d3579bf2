// The door to the adapters: which dialects there are.

import { Failure } from "#shared/base/errors.ts";
import type { Dialect, DialectFactory } from "./adapter.ts";
import { localDialect } from "./local/local-dialect.ts";
import type { DialectOptions } from "./options.ts";
import { slurmDialect } from "./slurm/slurm-dialect.ts";
import type { Transport } from "./transport.ts";

const DIALECTS: { readonly [kind: string]: DialectFactory } = {
  local: localDialect,
  slurm: slurmDialect,
};

/**
 * The dialect of a cluster of this kind. Throws Failure INVALID for a kind or an option not known.
 */
export function dialectOf(kind: string, transport: Transport, options: DialectOptions): Dialect {
  const factory = Object.hasOwn(DIALECTS, kind) ? DIALECTS[kind] : undefined;
  if (factory === undefined) {
    throw new Failure("INVALID", `${JSON.stringify(kind)} is no kind of cluster`, {
      hint: `known are: ${Object.keys(DIALECTS).join(", ")}`,
    });
  }
  return factory(transport, options);
}
