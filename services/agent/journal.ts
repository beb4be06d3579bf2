// What the agent promised and what it did, on its own disk. One durable commit per batch of rows;
// the core decides what goes in (core/wishes.ts, JournalRow), this writes and reads it back.
//
//   J1. A batch is written whole or not at all, and batches in the order they were given.
//   J2. Report numbers are never used twice: the highest acknowledged one is kept in the same batch
//       that removes the reports.
//   J3. Deleting the journal loses nothing but report numbers: job directories bring attempts back,
//       and a new journal has a new name, by which the scheduler knows.

import { randomUUID } from "node:crypto";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Store, StoreOp } from "#shared/state/store.ts";
import type { JournalContent } from "./core/restore.ts";
import type { JournalRow } from "./core/wishes.ts";

/** Report numbers as keys that sort by number. */
const SEQ_DIGITS = 16;

export class Journal {
  readonly id: string;
  /** True until the scheduler has welcomed this journal for the first time. */
  isNew: boolean;
  readonly #store: Store;
  readonly #reportsAcked: number;
  /** Every report row up to this number is out of the store. */
  #removedSeq: number;

  private constructor(store: Store, id: string, isNew: boolean, reportsAcked: number) {
    this.#store = store;
    this.id = id;
    this.isNew = isNew;
    this.#reportsAcked = reportsAcked;
    this.#removedSeq = reportsAcked;
  }

  static async open(store: Store): Promise<Journal> {
    const known = store.get<string>("meta", "journal_id");
    const id = known ?? randomUUID();
    if (known === undefined) await store.commit([put("meta", "journal_id", id)]);
    return new Journal(
      store,
      id,
      known === undefined,
      store.get<number>("meta", "reports_acked") ?? 0,
    );
  }

  /** Resolves when durable; rejects when nothing was written. */
  async commit(rows: readonly JournalRow[]): Promise<void> {
    const ops: StoreOp[] = [];
    let removedSeq = this.#removedSeq;
    for (const row of rows) {
      this.#encode(row, ops);
      if (row.table === "reports-acked") removedSeq = row.seq;
    }
    await this.#store.commit(ops);
    this.#removedSeq = removedSeq;
  }

  content(): JournalContent {
    const store = this.#store;
    const byToken = <T>(table: string): Map<AttemptToken, T> =>
      new Map(store.range<T>(table).map(({ key, value }) => [key as AttemptToken, value]));
    return {
      commandSeen: store.get<number>("meta", "command_seen") ?? 0,
      epochSeen: store.get<number>("meta", "epoch_seen") ?? 0,
      reportsAcked: this.#reportsAcked,
      intents: store
        .range<Omit<JournalContent["intents"][number], "token">>("intents")
        .map(({ key, value }) => ({ token: key as AttemptToken, ...value })),
      bindings: byToken("bindings"),
      cancels: byToken("cancels"),
      ends: byToken("ends"),
      reports: store
        .range<Omit<JournalContent["reports"][number], "seq">>("reports")
        .map(({ key, value }) => ({ seq: Number(key), ...value })),
      pushes: store
        .range<AttemptToken>("pushes")
        .map(({ key, value }) => ({ digest: key, token: value })),
    };
  }

  #encode(row: JournalRow, ops: StoreOp[]): void {
    switch (row.table) {
      case "intent":
        ops.push(put("intents", row.token, { spec: row.spec, atMs: row.atMs }));
        return;
      case "binding":
        ops.push(put("bindings", row.token, { nativeId: row.nativeId, atMs: row.atMs }));
        return;
      case "cancel":
        ops.push(
          put("cancels", row.token, { cause: row.cause, reason: row.reason, atMs: row.atMs }),
        );
        return;
      case "end":
        ops.push(put("ends", row.token, row.seq));
        return;
      case "forget":
        for (const table of ["intents", "bindings", "cancels", "ends"]) {
          ops.push({ kind: "delete", table, key: row.token });
        }
        return;
      case "report":
        ops.push(put("reports", keyOf(row.seq), { token: row.token, report: row.report }));
        return;
      case "reports-acked":
        for (let seq = this.#removedSeq + 1; seq <= row.seq; seq++) {
          ops.push({ kind: "delete", table: "reports", key: keyOf(seq) });
        }
        ops.push(put("meta", "reports_acked", row.seq));
        return;
      case "command-seen":
        ops.push(put("meta", "command_seen", row.seq));
        return;
      case "epoch-seen":
        ops.push(put("meta", "epoch_seen", row.epoch));
        return;
      case "push":
        ops.push(put("pushes", row.digest, row.token));
        return;
      case "pushed":
        ops.push({ kind: "delete", table: "pushes", key: row.digest });
    }
  }
}

function put(table: string, key: string, value: unknown): StoreOp {
  return { kind: "put", table, key, value };
}

function keyOf(seq: number): string {
  return String(seq).padStart(SEQ_DIGITS, "0");
}
