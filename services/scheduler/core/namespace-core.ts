// A namespace: its tokens and the names of its clusters. One research group is one namespace.
//
// Invariants:
//
//   N1. Of a token only the hash of its secret is known here.
//   N2. The default cluster, if any, is one of the clusters.

import assert from "node:assert/strict";
import { Failure, unreachable } from "#shared/base/errors.ts";
import type { NamespaceEvent } from "./events.ts";
import type { NamespaceMessage } from "./messages.ts";
import type { NamespaceState } from "./state.ts";
import type { Turn } from "./turn.ts";

export function onNamespaceMessage(
  namespace: NamespaceState | undefined,
  message: NamespaceMessage,
  turn: Turn<NamespaceEvent>,
): void {
  const atMs = turn.nowMs;
  switch (message.kind) {
    case "add-token": {
      if (namespace?.tokens.has(message.id) === true) return; // Asked twice.
      const { id, hash, role, name, expiresAtMs } = message;
      turn.emit({ type: "namespace.token-added", id, hash, role, name, expiresAtMs, atMs });
      break;
    }
    case "revoke-token": {
      const token = namespace?.tokens.get(message.id);
      if (token === undefined) throw new Failure("NOT_FOUND", `there is no token ${message.id}`);
      if (token.revokedAtMs !== null) return;
      turn.emit({ type: "namespace.token-revoked", id: message.id, atMs });
      break;
    }
    case "add-cluster": {
      const { name, makeDefault } = message;
      const isDefault = makeDefault || (namespace?.defaultCluster ?? null) === null;
      const known = namespace?.clusters.includes(name) === true;
      if (known && (!isDefault || namespace?.defaultCluster === name)) return;
      turn.emit({ type: "namespace.cluster-added", name, isDefault, atMs });
      break;
    }
    default:
      unreachable(message);
  }
}

export function applyNamespace(
  state: NamespaceState | undefined,
  event: NamespaceEvent,
  name: string,
): NamespaceState {
  const namespace: NamespaceState = state ?? {
    name,
    createdAtMs: event.atMs,
    tokens: new Map(),
    clusters: [],
    defaultCluster: null,
  };
  switch (event.type) {
    case "namespace.token-added": {
      const { id, hash, role, name: label, expiresAtMs, atMs } = event;
      const times = { createdAtMs: atMs, expiresAtMs, revokedAtMs: null };
      namespace.tokens.set(id, { id, hash, role, name: label, ...times });
      break;
    }
    case "namespace.token-revoked": {
      const token = namespace.tokens.get(event.id);
      assert(token !== undefined);
      token.revokedAtMs = event.atMs;
      break;
    }
    case "namespace.cluster-added":
      if (!namespace.clusters.includes(event.name)) namespace.clusters.push(event.name);
      if (event.isDefault) namespace.defaultCluster = event.name;
      break;
    default:
      unreachable(event);
  }
  return namespace;
}
