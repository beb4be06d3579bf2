// The event log in JetStream: one stream per partition, one framed message per commit. The protocol
// is remote-log.ts; here is what it says to the server.
//
//   J1. An append carries `Nats-Expected-Last-Sequence` and nothing else: no Nats-Msg-Id (single
//       and replicated streams answer its retries differently), never Nats-Expected-Last-Msg-Id
//       (one refusal makes a replicated stream of 2.14 and 2.15 leaderless for good).
//   J2. Every stream has max_bytes, `discard: new`, `deny_delete` and no age limit: a full log
//       refuses instead of forgetting.
//   J3. Reads ask the stream's leader (STREAM.MSG.GET), never a replica. They may still be stale.
//   J4. An epoch is a key of a bucket without direct reads, created (expecting none before it).
//   J5. In production the servers have confirmed that they sync before they answer; without that a
//       power cut loses every acknowledged record.

import assert from "node:assert/strict";
import { jetstreamManager } from "@nats-io/jetstream";
import type { JetStreamManager, StreamConfig } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { Failure } from "#shared/base/errors.ts";
import { NatsConnections } from "#shared/mesh/nats-connection.ts";
import { assertNatsVersion } from "#shared/mesh/nats-version.ts";
import type { Stored } from "./chain.ts";
import { confirmSafeServers } from "./jetstream-safety.ts";
import { RemoteLog } from "./remote-log.ts";
import type { AppendAnswer, RecordStore } from "./remote-log.ts";

export interface JetStreamLogOptions {
  /** One URL per server. */
  readonly urls: readonly string[];
  /** `USER:PASSWORD` or a .creds file's text; `null` for none. */
  readonly credentials: string | null;
  /** The same for the servers' system account: needed in production, to see how they sync. */
  readonly systemCredentials: string | null;
  readonly partitions: number;
  /** Copies of each stream. */
  readonly replicas: number;
  /** Refuses servers that could lose an acknowledged record. */
  readonly production: boolean;
  /** max_bytes of each stream; 1 GiB when not given. */
  readonly partitionBytesMax?: number;
  /**
   * Start of stream and bucket names: upper-case letters, digits and _. SIGNALBOX when not given.
   */
  readonly prefix?: string;
}

const PARTITION_BYTES_MAX = 1024 ** 3;
/** Above a commit's p99, below what a reader would notice; a stopped server shows only by this. */
const APPEND_TIMEOUT_MS = 200;
const READ_TIMEOUT_MS = 2_000;
const READ_TRIES_MAX = 10;
const READ_RETRY_MS = 100;
/** A dead leader's election takes 4 to 9 s, fixed in the server; twice that is no ordinary one. */
const APPEND_DEADLINE_MS = 20_000;
/** Reads under way at once while a log is read. */
const READ_WINDOW = 64;

/** "wrong last sequence", and the same while another write of that subject is in flight. */
const REFUSED = new Set([10071, 10164]);
/** Maximum bytes, maximum messages, the account's or the server's storage. */
const FULL = new Set([10077, 10023, 10047, 10002]);
const NO_MESSAGE = 10037;

interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

export type JetStreamLog = RemoteLog;

/**
 * Throws Failure UNSAFE for servers or streams that could lose or forget records, INVALID when the
 * log there has another number of partitions, UNAVAILABLE when nothing answers.
 */
export async function openJetStreamLog(options: JetStreamLogOptions): Promise<JetStreamLog> {
  const { urls, credentials, partitions, production } = options;
  const partitionBytesMax = options.partitionBytesMax ?? PARTITION_BYTES_MAX;
  const prefix = options.prefix ?? "SIGNALBOX";
  assert(/^[A-Z0-9_]{1,32}$/.test(prefix), prefix);
  const nats = await NatsConnections.open({ urls, credentials, name: "signalbox-log" });
  try {
    for (const { url, version } of nats.servers) assertNatsVersion(version, production, url);
    if (production)
      await confirmSafeServers({ ...options, storeBytesMin: partitions * partitionBytesMax });
    const names = new Names(prefix);
    await install(nats, names, { ...options, partitionBytesMax });
    const store = new JetStreamStore(nats, names);
    return new RemoteLog({
      driver: "jetstream",
      partitions,
      store,
      waiting: WAITING,
      appendDeadlineMs: APPEND_DEADLINE_MS,
    });
  } catch (reason) {
    await nats.close();
    throw reason;
  }
}

const WAITING = {
  pause: (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
  monotonicMs: () => performance.now(),
};

/** What is called what; proto/SUBJECTS.md is the list. */
class Names {
  readonly #prefix: string;
  readonly bucket: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.bucket = `${prefix}_EPOCHS`;
  }

  stream(partition: number): string {
    return `${this.#prefix}_LOG_${partition}`;
  }

  subject(partition: number): string {
    return `${this.#prefix.toLowerCase()}.log.${partition}`;
  }

  epochs(partition: number): string {
    return `$KV.${this.bucket}.${partition}`;
  }
}

type Installation = Required<
  Pick<JetStreamLogOptions, "partitions" | "replicas" | "partitionBytesMax">
>;

async function install(nats: NatsConnections, names: Names, options: Installation): Promise<void> {
  const manager = await jetstreamManager(nats.connection, { timeout: 5_000 });
  const kvm = new Kvm(nats.connection);
  await kvm.create(names.bucket, {
    history: 1,
    replicas: options.replicas,
    storage: "file",
    allow_direct: false,
  });
  const bucket = await manager.streams.info(`KV_${names.bucket}`);
  if (bucket.config.allow_direct)
    throw unsafeStream(`KV_${names.bucket}`, "it allows direct reads", "allow_direct: false");
  const queue = Array.from({ length: options.partitions }, (_, partition) => partition);
  // A few at a time: each creation is a meta-leader's commit.
  await Promise.all(
    Array.from({ length: 4 }, async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        await installStream(manager, names, next, options);
    }),
  );
}

async function installStream(
  manager: JetStreamManager,
  names: Names,
  partition: number,
  options: Installation,
): Promise<void> {
  const name = names.stream(partition);
  const wanted = {
    name,
    subjects: [names.subject(partition)],
    storage: "file",
    retention: "limits",
    discard: "new",
    max_bytes: options.partitionBytesMax,
    max_age: 0,
    max_msgs: -1,
    max_msgs_per_subject: -1,
    num_replicas: options.replicas,
    deny_delete: true,
    allow_direct: false,
    metadata: { "signalbox.partitions": String(options.partitions) },
  } as const satisfies Partial<StreamConfig>;
  const present = await manager.streams.info(name).catch((reason: unknown) => {
    if ((reason as { code?: number }).code === 10059) return null; // No such stream.
    throw reason;
  });
  if (present === null) return void (await manager.streams.add(wanted));
  checkStream(present.config, wanted);
  if (present.config.max_bytes < wanted.max_bytes)
    await manager.streams.update(name, { max_bytes: wanted.max_bytes });
}

/** What an existing stream must be; its size and copies are the operator's. */
function checkStream(
  present: StreamConfig,
  wanted: { readonly name: string; readonly metadata: Record<string, string> },
): void {
  const [key = "", partitions] = Object.entries(wanted.metadata)[0] ?? [];
  const installed = present.metadata?.[key];
  if (installed !== partitions) {
    throw new Failure(
      "INVALID",
      `the log in ${wanted.name} has ${installed ?? "no number of"} partitions, not ${partitions}`,
      {
        hint:
          `Set scheduler.partitions to ${installed ?? "what that log was made with"}: ` +
          "it is fixed when a log is made.",
      },
    );
  }
  const rules: readonly [boolean, string, string][] = [
    [present.discard === "new", "it drops old records when full", "discard: new"],
    [present.deny_delete, "its records can be deleted", "deny_delete: true"],
    [present.max_bytes > 0, "it has no size limit", "max_bytes"],
    [present.max_age === 0, "its records expire", "max_age: 0"],
    [
      present.max_msgs <= 0 && present.max_msgs_per_subject <= 0,
      "it limits the number of records",
      "max_msgs: -1",
    ],
    [present.storage === "file", "it is kept in memory", "storage: file"],
    [present.retention === "limits", "it forgets what was read", "retention: limits"],
  ];
  for (const [held, what, fix] of rules) if (!held) throw unsafeStream(wanted.name, what, fix);
}

function unsafeStream(name: string, what: string, fix: string): Failure {
  return new Failure("UNSAFE", `stream ${name} cannot hold a log: ${what}`, {
    hint: `Somebody else made or changed it. Move it away, or recreate it with ${fix}.`,
  });
}

class JetStreamStore implements RecordStore {
  readonly #nats: NatsConnections;
  readonly #names: Names;

  constructor(nats: NatsConnections, names: Names) {
    this.#nats = nats;
    this.#names = names;
  }

  async append(
    partition: number,
    expectedSequence: number,
    bytes: Uint8Array,
  ): Promise<AppendAnswer> {
    const headers = { "Nats-Expected-Last-Sequence": String(expectedSequence) };
    let answer: { readonly seq?: number; readonly error?: ApiError };
    try {
      const message = await this.#nats.request(this.#names.subject(partition), bytes, {
        timeoutMs: APPEND_TIMEOUT_MS,
        headers,
      });
      answer = message.json();
    } catch (reason) {
      return { kind: "unanswered", reason: Failure.from(reason).message };
    }
    const { error } = answer;
    if (error === undefined) return { kind: "written", sequence: answer.seq ?? 0 };
    const reason = error.description ?? `error ${error.err_code ?? error.code}`;
    if (REFUSED.has(error.err_code ?? 0)) return { kind: "refused" };
    if (FULL.has(error.err_code ?? 0)) return { kind: "full", reason };
    return { kind: "unanswered", reason };
  }

  last(partition: number): Promise<Stored | null> {
    return this.#get(this.#names.stream(partition), {
      last_by_subj: this.#names.subject(partition),
    });
  }

  at(partition: number, sequence: number): Promise<Stored | null> {
    return this.#get(this.#names.stream(partition), { seq: sequence });
  }

  async *range(partition: number, first: number, last: number): AsyncGenerator<Stored> {
    const window: Promise<Stored | null>[] = [];
    const ask = (sequence: number): void => {
      const asked = this.#getAgain(partition, sequence);
      asked.catch(() => {}); // Reported when its turn comes.
      window.push(asked);
    };
    for (let next = first; next <= Math.min(last, first + READ_WINDOW - 1); next++) ask(next);
    for (let next = first + READ_WINDOW; window.length > 0; next++) {
      const stored = await window.shift();
      if (next <= last) ask(next);
      if (stored === null || stored === undefined) return; // The reader names what is missing.
      yield stored;
    }
  }

  async epochOf(partition: number): Promise<number> {
    const key = await this.#key(partition);
    return key === null ? 0 : Number(key.slice(key.lastIndexOf(".") + 1));
  }

  async createEpoch(partition: number, epoch: number, writer: string): Promise<boolean> {
    // The put of a key that must not exist yet, as KV clients do it; the subject is exact, never a
    // wildcard.
    const subject = `${this.#names.epochs(partition)}.${epoch}`;
    const headers = { "Nats-Expected-Last-Subject-Sequence": "0" };
    try {
      const message = await this.#nats.request(subject, JSON.stringify({ writer }), {
        timeoutMs: READ_TIMEOUT_MS,
        headers,
      });
      const answer: { readonly error?: ApiError } = message.json();
      if (answer.error === undefined) return true;
      if (REFUSED.has(answer.error.err_code ?? 0)) return false;
      throw new Failure(
        "UNAVAILABLE",
        `epoch ${epoch} of partition ${partition}: ${answer.error.description ?? ""}`,
      );
    } catch (reason) {
      if (reason instanceof Failure && reason.code === "UNAVAILABLE") return false;
      throw reason;
    }
  }

  close(): Promise<void> {
    return this.#nats.close();
  }

  /** The subject of the key created last: epochs are taken in ascending order. */
  async #key(partition: number): Promise<string | null> {
    const message = await this.#ask(`KV_${this.#names.bucket}`, {
      last_by_subj: `${this.#names.epochs(partition)}.>`,
    });
    return message?.subject ?? null;
  }

  async #getAgain(partition: number, sequence: number): Promise<Stored | null> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.at(partition, sequence);
      } catch (reason) {
        if (Failure.from(reason).code !== "UNAVAILABLE" || tries >= READ_TRIES_MAX) throw reason;
        await WAITING.pause(READ_RETRY_MS);
      }
    }
  }

  async #get(stream: string, what: object): Promise<Stored | null> {
    const message = await this.#ask(stream, what);
    return message === null
      ? null
      : { sequence: message.seq, bytes: Buffer.from(message.data ?? "", "base64") };
  }

  async #ask(
    stream: string,
    what: object,
  ): Promise<{ seq: number; subject: string; data?: string } | null> {
    const answer = await this.#nats.request(
      `$JS.API.STREAM.MSG.GET.${stream}`,
      JSON.stringify(what),
      { timeoutMs: READ_TIMEOUT_MS },
    );
    const { message, error } = answer.json<{
      message?: { seq: number; subject: string; data?: string };
      error?: ApiError;
    }>();
    if (error?.err_code === NO_MESSAGE) return null;
    if (message === undefined)
      throw new Failure("UNAVAILABLE", `stream ${stream}: ${error?.description ?? "no answer"}`);
    return message;
  }
}
