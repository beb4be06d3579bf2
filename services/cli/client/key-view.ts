// Keys for models as the command line shows them and --json prints them.

import type { signalbox } from "#proto/signalbox.js";

export interface KeyView {
  readonly name: string;
  readonly namespace: string;
  readonly sha256: string;
  /** Null: every model. */
  readonly models: readonly string[] | null;
  readonly priority: string;
  readonly priorityMax: string;
  /** Null: no limit. */
  readonly requestsPerMinute: number | null;
  readonly tokensPerMinute: number | null;
  readonly concurrent: number | null;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
}

export function parseKey(wire: signalbox.control.v1.IKey): KeyView {
  const { models, requestsPerMinute, tokensPerMinute, concurrent, revokedAtMs } = wire;
  return {
    ...{ name: wire.name ?? "", namespace: wire.namespace ?? "", sha256: wire.sha256 ?? "" },
    models: models == null || models.length === 0 ? null : models,
    ...{ priority: wire.priority ?? "", priorityMax: wire.priorityMax ?? "" },
    requestsPerMinute: requestsPerMinute || null,
    tokensPerMinute: tokensPerMinute || null,
    concurrent: concurrent || null,
    createdAtMs: wire.createdAtMs ?? 0,
    revokedAtMs: revokedAtMs || null,
  };
}
