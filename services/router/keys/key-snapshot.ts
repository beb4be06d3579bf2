// What the control plane said last of the keys, in LMDB: what a router goes by that starts while
// that is away. Deleting it loses nothing once the control plane is reached again.
//
//   D1. It is changed whole or not at all.

import { keyFieldsOf, parseKeyEntry, type KeyEntry, type KeyFields } from "#shared/base/api-key.ts";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { Failure } from "#shared/base/errors.ts";
import { openStore, type Store, type StoreOp } from "#shared/state/store.ts";

export interface Snapshot {
  /** The control plane's name for these keys. */
  readonly version: string;
  /** When the control plane was asked that said so; Unix milliseconds. */
  readonly confirmedAtMs: number;
  readonly keys: readonly KeyEntry[];
}

const FORMAT = 1;

interface Meta {
  readonly format: number;
  readonly version: string;
  readonly confirmedAtMs: number;
}

export class KeySnapshot {
  readonly #store: Store;
  readonly #path: string;
  /** As they stand in the store, by hash. */
  #rows = new Map<string, string>();

  /** A directory of its own on a local disk; made when missing. CORRUPT for a damaged one. */
  constructor(path: string) {
    this.#path = path;
    this.#store = openStore({ path });
  }

  /** Null: there is none. CORRUPT when it cannot be understood. */
  read(): Snapshot | null {
    const meta = this.#store.get<Meta>("meta", "snapshot");
    if (meta === undefined) return null;
    const { format, version, confirmedAtMs } = meta;
    if (format !== FORMAT) throw this.#corrupt(`its format is ${format}, not ${FORMAT}`);
    const rows = this.#store.range<KeyFields>("keys");
    const bad = (field: string, why: string): Failure => this.#corrupt(`${field} ${why}`);
    const keys = rows.map(({ value }) => parseKeyEntry(value, bad));
    this.#rows = new Map(rows.map(({ key, value }) => [key, canonicalJson(value)]));
    return { version, confirmedAtMs, keys };
  }

  /** Durable when it resolves; FULL when the disk takes nothing. */
  async write({ version, confirmedAtMs, keys }: Snapshot): Promise<void> {
    const meta: Meta = { format: FORMAT, version, confirmedAtMs };
    const ops: StoreOp[] = [{ kind: "put", table: "meta", key: "snapshot", value: meta }];
    const rows = new Map<string, string>();
    for (const entry of keys) {
      const { sha256: key } = entry;
      const value = keyFieldsOf(entry);
      rows.set(key, canonicalJson(value));
      if (rows.get(key) !== this.#rows.get(key))
        ops.push({ kind: "put", table: "keys", key, value });
    }
    for (const key of this.#rows.keys()) {
      if (!rows.has(key)) ops.push({ kind: "delete", table: "keys", key });
    }
    await this.#store.commit(ops);
    this.#rows = rows;
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  #corrupt(why: string): Failure {
    return new Failure("CORRUPT", `${this.#path} is no snapshot of keys: ${why}`, {
      hint: "Move it away: the control plane is asked again.",
    });
  }
}
