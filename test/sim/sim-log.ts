// The log of a simulated world: the product's own simulated server, seen by each scheduler through
// its process's eyes (nothing reaches a dead one), and by the checker record by record.

import type { EventLog, LogEntry, LogPosition, PartitionWriter } from "#shared/state/log.ts";
import { decodeRecord, hashRecord } from "#shared/state/record.ts";
import { SimulatedLogServer } from "#shared/state/simulated-log.ts";
import { ACTOR_TYPES } from "../../services/scheduler/actor-engine.ts";
import { PartitionState } from "#shared/actors/partition-state.ts";
import { Replay } from "#shared/actors/replay.ts";
import type { Failure } from "#shared/base/errors.ts";
import { unfencedWriter } from "./unfenced-writer.ts";
import type { FaultKind } from "./faults.ts";
import type { SeenEvent } from "./observed.ts";
import type { Scope } from "./sim-clock.ts";
import type { Stage } from "./stage.ts";

/** What the server counts, by our names. */
const SERVER_FAULTS: { readonly [fault: string]: FaultKind } = {
  ackLost: "log-answer-lost",
  requestLost: "log-request-lost",
  late: "log-request-late",
  duplicate: "log-request-twice",
  staleRead: "log-stale-read",
  rival: "log-sealed-by-rival",
  unsyncedTailLost: "log-tail-lost",
};

interface Replayed {
  readonly state: PartitionState;
  readonly replay: Replay;
  epoch: number;
}

/** Told when a commit is a good moment to die. */
export type KillPoint = (kind: FaultKind) => void;

export class SimLog {
  readonly server: SimulatedLogServer;
  readonly #stage: Stage;
  readonly #seen: number[];
  /** What a replay of each partition gives, one record at a time. */
  readonly #replayed: Replayed[];

  constructor(stage: Stage, scope: Scope, partitions: number) {
    this.#stage = stage;
    this.server = new SimulatedLogServer({
      partitions,
      timers: scope,
      clock: stage.clock,
      random: stage.random,
    });
    this.#seen = Array.from({ length: partitions }, () => 0);
    this.#replayed = Array.from({ length: partitions }, newReplay);
    this.setFaults();
  }

  get partitions(): number {
    return this.server.partitions;
  }

  /** After the mix of faults has changed. */
  setFaults(): void {
    const { mix, mutant } = this.#stage;
    this.server.faults = {
      delayMsMax: 4,
      lateChance: mix.logLate,
      requestLostChance: mix.logRequestLost,
      ackLostChance: mix.logAnswerLost,
      duplicateChance: mix.logTwice,
      staleReadChance: mix.logStale,
      rivalChance: mix.logRival,
      acksUnsynced: mutant === "ack-before-commit",
    };
  }

  /** The log as one process has it. */
  openFor(scope: Scope, killPoint: KillPoint): EventLog {
    const log = this.server.open();
    return {
      driver: log.driver,
      partitions: log.partitions,
      recordBytesMax: log.recordBytesMax,
      claim: async (partition, writer, nowMs) => {
        if (this.#stage.chance(this.#stage.mix.openKill)) killPoint("scheduler-killed-opening");
        const inner = await scope.guard(alive(scope, () => log.claim(partition, writer, nowMs)));
        const used =
          this.#stage.mutant === "no-epoch-check" ? unfencedWriter(inner, this.server) : inner;
        return this.#watched(scope, used, killPoint);
      },
      read: (partition, from) => guarded(scope, log.read(partition, from)),
      tail: (partition) => scope.guard(alive(scope, () => log.tail(partition))),
      close: () => log.close(),
    };
  }

  /** Shows the checker what has been written since the last time. */
  observe(): void {
    for (let partition = 0; partition < this.partitions; partition++) {
      const records = this.server.recordsOf(partition);
      for (let seen = this.#seen[partition] ?? 0; seen < records.length; seen++) {
        const bytes = records[seen] as Uint8Array;
        const record = decodeRecord(bytes, partition, seen + 1);
        const { n, epoch, writer, prevHash } = record;
        const entries = record.entries as readonly {
          actor: string;
          events: readonly SeenEvent[];
        }[];
        const hash = hashRecord(bytes);
        this.#stage.trace("log", `p${partition} #${n} e${epoch} ${writer}`, typesOf(entries));
        this.#stage.checker.recordStored({
          partition,
          sequence: seen + 1,
          n,
          epoch,
          writer,
          hash,
          prevHash,
          entries,
        });
        this.#replay(partition, epoch, record.entries);
      }
      this.#seen[partition] = records.length;
    }
  }

  /** State hash of a replay of everything that counts. */
  replayedHash(partition: number): string {
    return this.#replayed[partition]?.state.hash() ?? "";
  }

  /** Adds the server's counts of faults to the stage's. */
  countFaults(): void {
    for (const [fault, count] of Object.entries(this.server.faultsHit)) {
      const kind = SERVER_FAULTS[fault];
      if (kind !== undefined) this.#stage.hits[kind] += count;
    }
  }

  #watched(scope: Scope, inner: PartitionWriter, killPoint: KillPoint): PartitionWriter {
    const { partition, epoch, writer } = inner;
    const append = async (entries: readonly LogEntry[], nowMs: number): Promise<LogPosition> => {
      const kill = this.#stage.chance(this.#stage.mix.commitKill)
        ? this.#stage.between(0, 2)
        : null;
      if (kill === 0) killPoint("scheduler-killed-before-append");
      const before = this.server.recordsOf(partition).length;
      if (kill === 1) {
        this.#stage.clock.at(this.#stage.between(0, 8), "log", () => {
          const written = this.server.recordsOf(partition).length > before;
          if (scope.alive)
            killPoint(written ? "scheduler-killed-before-ack" : "scheduler-killed-before-append");
        });
      }
      if (this.#stage.chance(this.#stage.mix.logPowerCut)) {
        this.#stage.clock.at(this.#stage.between(0, 6), "log", () => this.#powerCut());
      }
      const position = await scope.guard(alive(scope, () => inner.append(entries, nowMs)));
      this.observe();
      this.#stage.checker.log.told(partition, position.n, position.hash);
      if (kill === 2) {
        killPoint("scheduler-killed-after-ack");
        return await new Promise<never>(() => {});
      }
      return position;
    };
    return {
      partition,
      epoch,
      writer,
      append,
      get tail() {
        return inner.tail;
      },
    };
  }

  /** The log's machine loses power; counted when records were not yet on disk. */
  #powerCut(): void {
    this.observe();
    const before = this.server.faultsHit.unsyncedTailLost;
    this.server.powerCut();
    if (this.server.faultsHit.unsyncedTailLost === before) return;
    for (let partition = 0; partition < this.partitions; partition++) {
      const { length } = this.server.recordsOf(partition);
      if (length === this.#seen[partition]) continue;
      this.#stage.trace("log", `p${partition} goes back to ${length} records`);
      this.#stage.checker.recordsLost(partition, length);
      this.#seen[partition] = length;
      this.#replayAgain(partition, length);
    }
  }

  #replay(partition: number, epoch: number, entries: readonly LogEntry[]): void {
    const replayed = this.#replayed[partition];
    if (replayed === undefined || epoch < replayed.epoch) return;
    replayed.epoch = epoch;
    replayed.replay.apply({ entries });
  }

  #replayAgain(partition: number, length: number): void {
    this.#replayed[partition] = newReplay();
    for (const [at, bytes] of this.server.recordsOf(partition).slice(0, length).entries()) {
      const { epoch, entries } = decodeRecord(bytes, partition, at + 1);
      this.#replay(partition, epoch, entries);
    }
  }
}

function newReplay(): Replayed {
  const state = new PartitionState(ACTOR_TYPES);
  return { state, replay: new Replay(state), epoch: 0 };
}

/** A dead process begins nothing. */
function alive<T>(scope: Scope, begin: () => Promise<T>): Promise<T> {
  return scope.alive ? begin() : new Promise<never>(() => {});
}

async function* guarded<T>(scope: Scope, source: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  for (;;) {
    const { done, value } = await scope.guard(alive(scope, () => iterator.next()));
    if (done === true) return;
    yield value;
  }
}

function typesOf(entries: readonly { actor: string; events: readonly SeenEvent[] }[]): string {
  const said = entries.flatMap(({ actor, events }) =>
    events.map(({ type }) => `${actor.split("/").slice(2).join("/") || actor}:${type}`),
  );
  return said.join(" ").slice(0, 400);
}

export function isBug(failure: Failure): boolean {
  return failure.code === "INTERNAL" || failure.code === "CORRUPT";
}
