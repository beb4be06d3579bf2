// The keys for models that count, as routers ask for them every second: kept beside the engine, so
// that an answer costs nothing while no key changes.
//
// Invariants:
//   Y1. A change is in every answer that begins after it was committed: copies are dropped then.
//   Y2. Equal versions are equal keys, whichever process gave them: a version is their hash.
//   Y3. A hash that stands in several namespaces counts in the one that had it first.

import { createHash } from "node:crypto";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { keysAddress } from "../core/messages.ts";
import type { KeyState } from "../core/state.ts";
import type { Engine } from "../engine.ts";

export interface LiveKeys {
  readonly version: string;
  readonly keys: readonly KeyState[];
}

export class KeyDirectory {
  readonly #engine: Engine;
  /** By namespace; null: of all of them. */
  readonly #live = new Map<string | null, Promise<LiveKeys>>();
  readonly #stop: () => void;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#stop = engine.onCommitted((changes) => {
      if (changes.some(({ actor }) => actor.startsWith("keys/"))) this.#live.clear();
    });
  }

  close(): void {
    this.#stop();
  }

  /** Null: of all namespaces. */
  async of(namespace: string | null): Promise<LiveKeys> {
    const known = this.#live.get(namespace);
    if (known !== undefined) return await known;
    const loading = this.#load(namespace);
    this.#live.set(namespace, loading);
    try {
      return await loading;
    } catch (reason) {
      if (this.#live.get(namespace) === loading) this.#live.delete(namespace);
      throw reason;
    }
  }

  async #load(namespace: string | null): Promise<LiveKeys> {
    const namespaces = namespace === null ? await this.#engine.namespaces() : [namespace];
    const found: KeyState[] = [];
    for (const each of namespaces) {
      const live = await this.#engine.read<"keys", KeyState[]>(keysAddress(each), (state) => {
        const all = [...(state?.keys.values() ?? [])];
        return all.filter(({ revokedAtMs }) => revokedAtMs === null).map((key) => ({ ...key }));
      });
      found.push(...live);
    }
    found.sort((a, b) => a.createdAtMs - b.createdAtMs || (a.namespace < b.namespace ? -1 : 1));
    const byHash = new Map<string, KeyState>();
    for (const key of found) if (!byHash.has(key.sha256)) byHash.set(key.sha256, key);
    const keys = [...byHash.values()];
    const version = createHash("sha256").update(canonicalJson(keys)).digest("hex");
    return { version, keys };
  }
}
