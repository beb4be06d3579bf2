// A cluster and a token as the command line shows them and --json prints them.

import type { signalbox } from "#proto/signalbox.js";

export interface ClusterView {
  readonly name: string;
  readonly namespace: string;
  readonly kind: string;
  readonly defaultCluster: boolean;
  /** connected, disconnected or never_connected. */
  readonly agent: string;
  readonly agentId: string | null;
  readonly agentSeenAtMs: number | null;
  /** reachable, unreachable or unknown. */
  readonly state: string;
  readonly reason: string;
  readonly slots: number;
  readonly placed: number;
  readonly waiting: number;
  readonly callsPerMinute: number;
  readonly facts: { readonly [name: string]: string };
}

export function parseCluster(wire: signalbox.control.v1.ICluster): ClusterView {
  return {
    name: wire.name ?? "",
    namespace: wire.namespace ?? "",
    kind: wire.kind ?? "",
    defaultCluster: wire.defaultCluster ?? false,
    agent: wire.agent ?? "",
    agentId: wire.agentId ? wire.agentId : null,
    agentSeenAtMs: wire.agentSeenAtMs ? wire.agentSeenAtMs : null,
    state: wire.state ?? "",
    reason: wire.reason ?? "",
    slots: wire.slots ?? 0,
    placed: wire.placed ?? 0,
    waiting: wire.waiting ?? 0,
    callsPerMinute: wire.callsPerMinute ?? 0,
    facts: { ...wire.facts },
  };
}

export interface TokenView {
  readonly id: string;
  readonly namespace: string;
  readonly role: string;
  readonly name: string;
  readonly createdAtMs: number;
  /** `null` for never. */
  readonly expiresAtMs: number | null;
  readonly revoked: boolean;
}

export function parseToken(wire: signalbox.control.v1.IToken): TokenView {
  return {
    id: wire.id ?? "",
    namespace: wire.namespace ?? "",
    role: wire.role ?? "",
    name: wire.name ?? "",
    createdAtMs: wire.createdAtMs ?? 0,
    expiresAtMs: wire.expiresAtMs ? wire.expiresAtMs : null,
    revoked: wire.revoked ?? false,
  };
}
