// The keys for models of one namespace: routers ask for those that count.
//
// Invariants:
//
//   H1. Of a key only its hash is known here, and its hash is what it is told from others by.
//   H2. A key that was revoked never counts again, whoever adds it once more.
//   H3. No two keys that count have the same name.
//   H4. What a key allows never changes, so an answer that got lost can be asked for again.

import assert from "node:assert/strict";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { Failure, unreachable } from "#shared/base/errors.ts";
import type { KeysEvent } from "./events.ts";
import type { KeysMessage } from "./messages.ts";
import type { KeysState, KeyState } from "./state.ts";
import type { Turn } from "./turn.ts";

/** With the revoked ones, which are kept: about a new key for each of 800 people every month. */
export const KEYS_MAX = 10_000;

export function onKeysMessage(
  state: KeysState | undefined,
  message: KeysMessage,
  turn: Turn<KeysEvent>,
): unknown {
  const atMs = turn.nowMs;
  switch (message.kind) {
    case "add-key": {
      const { key } = message;
      const known = state?.keys.get(key.sha256);
      if (known !== undefined) {
        refuseAnother(known, message);
        return { existed: true }; // Asked twice.
      }
      if (state !== undefined && keyNamed(state, key.name)?.revokedAtMs === null) {
        throw new Failure("ALREADY_EXISTS", `there is a key ${key.name} already`, {
          hint: `Take another name, or revoke it first: signalbox key revoke ${key.name}`,
        });
      }
      if ((state?.keys.size ?? 0) >= KEYS_MAX) {
        throw new Failure("FULL", `the namespace has ${KEYS_MAX} keys, with the revoked ones`);
      }
      turn.emit({ type: "keys.added", key, atMs });
      return { existed: false };
    }
    case "revoke-key": {
      const key = state === undefined ? null : keyNamed(state, message.name);
      if (key === null) throw new Failure("NOT_FOUND", `there is no key ${message.name}`);
      const { sha256, revokedAtMs } = key;
      if (revokedAtMs === null) turn.emit({ type: "keys.revoked", sha256, atMs });
      return { sha256 };
    }
    default:
      unreachable(message);
  }
}

export function applyKeys(
  state: KeysState | undefined,
  event: KeysEvent,
  namespace: string,
): KeysState {
  const keys: KeysState = state ?? { namespace, keys: new Map() };
  switch (event.type) {
    case "keys.added": {
      const { key, atMs } = event;
      keys.keys.set(key.sha256, { ...key, createdAtMs: atMs, revokedAtMs: null });
      break;
    }
    case "keys.revoked": {
      const key = keys.keys.get(event.sha256);
      assert(key !== undefined);
      key.revokedAtMs = event.atMs;
      break;
    }
    default:
      unreachable(event);
  }
  return keys;
}

/** The one that counts, else the one that was added last. Null: none ever had that name. */
function keyNamed(state: KeysState, name: string): KeyState | null {
  const named = [...state.keys.values()].filter((key) => key.name === name);
  return named.find(({ revokedAtMs }) => revokedAtMs === null) ?? named.at(-1) ?? null;
}

function refuseAnother(known: KeyState, { key }: KeysMessage & { readonly kind: "add-key" }): void {
  const { createdAtMs: _, revokedAtMs, ...before } = known;
  if (revokedAtMs !== null) {
    throw new Failure("CONFLICT", `this key was revoked as ${known.name}`, {
      hint: "Make a new one: what was revoked stays revoked.",
    });
  }
  if (canonicalJson(before) === canonicalJson(key)) return;
  throw new Failure(
    "ALREADY_EXISTS",
    `this key is there as ${known.name} and allows other things`,
    {
      hint: `What a key allows does not change: revoke ${known.name}, and make another.`,
    },
  );
}
