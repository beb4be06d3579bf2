// The thread that has the worker's state directory: LMDB waits for the disk, and here nobody's token
// waits with it. It counts the prompts' prefixes too, for the same reason. Started by
// worker-state.ts. Told prompts, batches (one at a time) and `close`.

import { chmodSync } from "node:fs";
import { join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "#shared/config/system.ts";
import { Failure } from "#shared/base/errors.ts";
import {
  STATE_VERSION,
  WORKER_TABLES,
  type FileRow,
  type ModelRow,
  type RequestRow,
  type WarmRow,
} from "#shared/base/worker-state.ts";
import { openStore, type Store, type StoreOp } from "#shared/state/store.ts";
import {
  createPrefixTally,
  encodePrefixes,
  hottestPrefixes,
  onPrompt,
  restorePrefixes,
  type Prefix,
} from "./core/prefix-tally.ts";

export interface StateThreadOptions {
  readonly path: string;
  /** Null: prefixes are not counted. */
  readonly warm: WarmOptions | null;
}

export interface WarmOptions {
  /** Kept over the worker's end, at most. */
  readonly blocksKept: number;
  /** Of those, asked for at the start, at most. */
  readonly blocksAsked: number;
  /** Other models' prefixes are not asked for. */
  readonly model: Pick<WarmRow, "fingerprint" | "tokenizerSha256">;
}

/** What the last worker left. */
export interface FoundState {
  readonly next: number;
  readonly running: readonly RequestRow[];
  readonly model: ModelRow | null;
  readonly files: ReadonlyMap<string, FileRow>;
  readonly prefixes: readonly Prefix[];
}

export interface ThreadFailure {
  readonly code: Failure["code"];
  readonly message: string;
  readonly hint: string | undefined;
}

export type StateMessage =
  | { readonly kind: "prompt"; readonly salt: string; readonly ids: Int32Array }
  | { readonly kind: "commit"; readonly ops: readonly StoreOp[] }
  | { readonly kind: "close" };

export type StateAnswer =
  | { readonly kind: "open"; readonly found: FoundState }
  | { readonly kind: "written" }
  | { readonly kind: "refused"; readonly failure: ThreadFailure };

const SNAPSHOT_MS = 30_000;
/** Counted beside those that are kept: what may yet become a habit. */
const TALLY_FACTOR = 4;

const { path, warm } = workerData as StateThreadOptions;
const tally = createPrefixTally(TALLY_FACTOR * (warm?.blocksKept ?? 0));
let promptsKept = 0;
let keptAtMs = systemClock.monotonicMs();
let store: Store | null = null;

parentPort?.on("message", (message: StateMessage) => {
  if (message.kind === "prompt") return onPrompt(tally, message.salt, message.ids);
  if (message.kind === "commit") return void commit(message.ops);
  void close();
});

try {
  store = openStore({ path });
  // It has parts of prompts, and the folder may be one that somebody else made.
  chmodSync(join(path, "data.mdb"), 0o600);
  await beginVersion(store);
  answer({ kind: "open", found: foundIn(store) });
} catch (reason) {
  refuse(reason);
}

async function commit(ops: readonly StoreOp[]): Promise<void> {
  const snapshot = systemClock.monotonicMs() - keptAtMs < SNAPSHOT_MS ? [] : snapshotOps();
  try {
    if (store === null) throw new Failure("UNAVAILABLE", `${path} is not open`);
    await store.commit([...ops, ...snapshot]);
    if (snapshot.length > 0) keptAtMs = systemClock.monotonicMs();
    answer({ kind: "written" });
  } catch (reason) {
    promptsKept = 0; // Told again.
    refuse(reason);
  }
}

async function close(): Promise<void> {
  try {
    const snapshot = snapshotOps();
    if (snapshot.length > 0) await store?.commit(snapshot);
  } catch {
    // The disk takes nothing, which was said when it took no batch.
  }
  await store?.close();
  parentPort?.close();
}

/** Nothing when no prompt has come since the last. */
function snapshotOps(): StoreOp[] {
  if (warm === null || tally.prompts === promptsKept) return [];
  promptsKept = tally.prompts;
  const value: WarmRow = { ...warm.model, salts: encodePrefixes(tally, warm.blocksKept) };
  return [{ kind: "put", table: WORKER_TABLES.warm, key: "prefixes", value }];
}

async function beginVersion(of: Store): Promise<void> {
  const { about } = WORKER_TABLES;
  const found = of.get<number>(about, "version");
  if (found === STATE_VERSION) return;
  if (found !== undefined) await of.wipe();
  of.commitLazy([{ kind: "put", table: about, key: "version", value: STATE_VERSION }]);
}

function foundIn(from: Store): FoundState {
  const { running, about, files } = WORKER_TABLES;
  return {
    next: from.get<number>(about, "next") ?? 1,
    running: from.range<RequestRow>(running).map(({ value }) => value),
    model: from.get<ModelRow>(about, "model") ?? null,
    files: new Map(from.range<FileRow>(files).map(({ key, value }) => [key, value])),
    prefixes: prefixesIn(from),
  };
}

function prefixesIn(from: Store): Prefix[] {
  const row = from.get<WarmRow>(WORKER_TABLES.warm, "prefixes");
  if (row === undefined) return [];
  const { fingerprint, tokenizerSha256 } = row;
  const same =
    warm?.model.fingerprint === fingerprint && warm.model.tokenizerSha256 === tokenizerSha256;
  if (!same) {
    // Another model's token ids, or what is not to be kept any more.
    from.commitLazy([{ kind: "delete", table: WORKER_TABLES.warm, key: "prefixes" }]);
    return [];
  }
  restorePrefixes(tally, row.salts);
  return hottestPrefixes(tally, warm.blocksAsked);
}

function answer(message: StateAnswer): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window, no origins
  parentPort?.postMessage(message);
}

function refuse(reason: unknown): void {
  const { code, message, hint } = reason instanceof Failure ? reason : unreadable(reason as Error);
  answer({ kind: "refused", failure: { code, message, hint } });
}

/** LMDB's own codes are negative; others are the system's, and say what they are. */
function unreadable(cause: Error & { readonly code?: unknown }): Failure {
  const { code, message } = cause;
  if (typeof code !== "number" || code > 0) return new Failure("UNAVAILABLE", message, { cause });
  return new Failure("CORRUPT", `${path} is damaged: ${message}`, {
    ...{ cause, hint: "It can be deleted: stop the worker, remove it, start the worker again." },
  });
}
