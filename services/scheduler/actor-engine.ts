// The Engine over partitions of one log, all owned by this process. It routes messages between them
// and keeps the index of runs; everything else is in the partitions and the cores.

import { createHash } from "node:crypto";
import type { ActorTypes } from "#shared/actors/actor.ts";
import type { Lane } from "#shared/actors/mailbox.ts";
import { Partition, type PartitionPorts } from "#shared/actors/partition.ts";
import { HASH_VERSION, PARTITION_ACTOR } from "#shared/actors/partition-state.ts";
import type { Clock, Timers } from "#shared/base/clock.ts";
import { Failure } from "#shared/base/errors.ts";
import { partitionOf } from "#shared/base/hash.ts";
import type { Random } from "#shared/base/prng.ts";
import type { EventLog, LogEntry } from "#shared/state/log.ts";
import { clusterActor, jobActor, namespaceActor, runActor } from "./core/actor-types.ts";
import { keysActor, usageActor } from "./core/actor-types.ts";
import { rootOf } from "./core/messages.ts";
import type { RunState } from "./core/state.ts";
import type { ActorKind, Change, Engine, EngineStates, RunSummary } from "./engine.ts";
import { RunIndex } from "./run-index.ts";

export interface EngineOptions {
  readonly log: EventLog;
  /** Names this process in every record it writes. */
  readonly writer: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  /** Runs a task soon; setImmediate outside of simulations. */
  readonly defer: (task: () => void) => void;
  /** Told of every commit, for metrics. */
  readonly onCommit?: (entries: readonly LogEntry[], tookMs: number) => void;
  /** `fatal`: a partition has stopped for good and this process should end. */
  readonly onFailure: (failure: Failure, fatal: boolean) => void;
}

export const ACTOR_TYPES: ActorTypes = new Map(
  [runActor, jobActor, clusterActor, namespaceActor, usageActor, keysActor].map((type) => [
    type.kind,
    type,
  ]),
) as ActorTypes;

/** Messages that overtake: what keeps the system going, and what stops work. */
const LANE_OF: { readonly [kind: string]: Lane } = {
  reports: "system",
  "agent-connected": "system",
  "agent-lost": "system",
  "cluster-state": "system",
  "attach-receipt": "system",
  cancel: "cancel",
  "cancel-task": "cancel",
};

/** Claims every partition and replays its log; rejects with the log's Failure. */
export async function openEngine(options: EngineOptions): Promise<Engine> {
  const engine = new ActorEngine(options);
  try {
    await engine.open();
  } catch (error) {
    await engine.close();
    throw error;
  }
  return engine;
}

class ActorEngine implements Engine {
  readonly #options: EngineOptions;
  readonly #partitions: Partition[] = [];
  readonly #index = new RunIndex();
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();

  constructor(options: EngineOptions) {
    this.#options = options;
    const ports = this.#ports();
    for (let n = 0; n < options.log.partitions; n++) this.#partitions.push(new Partition(n, ports));
  }

  async open(): Promise<void> {
    await Promise.all(this.#partitions.map((partition) => partition.open()));
    for (const partition of this.#partitions) {
      await partition.read(({ actors }) => {
        for (const [address, state] of actors) {
          if (address.startsWith("run/")) this.#index.put(state as RunState);
        }
      });
    }
  }

  ask(address: string, message: object): Promise<unknown> {
    const lane = LANE_OF[(message as { kind: string }).kind] ?? "normal";
    return this.#partitionFor(address).ask(address, message, lane);
  }

  read<K extends ActorKind, T>(
    address: string,
    look: (state: EngineStates[K] | undefined) => T,
  ): Promise<T> {
    return this.#partitionFor(address).read(({ actors }) =>
      look(actors.get(address) as EngineStates[K] | undefined),
    );
  }

  runs(namespace: string): Promise<readonly RunSummary[]> {
    return Promise.resolve(this.#index.newestFirst(namespace));
  }

  async namespaces(): Promise<readonly string[]> {
    const found = new Set<string>(this.#index.namespaces());
    for (const partition of this.#partitions) {
      await partition.read(({ actors }) => {
        for (const address of actors.keys()) {
          const [kind, namespace = ""] = address.split("/");
          if (kind === "namespace" || kind === "keys") found.add(namespace);
        }
      });
    }
    return [...found].toSorted();
  }

  onCommitted(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  placeOf(address: string): Promise<{ readonly partition: number; readonly epoch: number }> {
    const partition = this.#partitionFor(address);
    return partition.read(() => ({ partition: partition.number, epoch: partition.epoch }));
  }

  async stateHash(): Promise<{ readonly hashVersion: number; readonly hash: string }> {
    const hashes = await Promise.all(
      this.#partitions.map((each) => each.read((state) => state.hash())),
    );
    const hash = createHash("sha256").update(hashes.join("\n")).digest("hex");
    return { hashVersion: HASH_VERSION, hash };
  }

  async close(): Promise<void> {
    for (const partition of this.#partitions) partition.close();
    this.#listeners.clear();
  }

  #partitionFor(address: string): Partition {
    const partition = this.#partitions[this.#numberOf(address)];
    if (partition === undefined) throw new Failure("INTERNAL", `no partition for ${address}`);
    return partition;
  }

  #numberOf(address: string): number {
    const { namespace, root } = rootOf(address);
    return partitionOf(namespace, root, this.#options.log.partitions);
  }

  #ports(): PartitionPorts {
    const { log, writer, clock, timers, random, defer, onFailure } = this.#options;
    return {
      ...{ log, writer, clock, timers, random, defer },
      types: ACTOR_TYPES,
      partitionOf: (address) => this.#numberOf(address),
      deliver: (to, from, messages) => this.#partitions[to]?.receive(from, messages) ?? 0,
      acknowledge: (sender, receiver, n) => this.#partitions[sender]?.acknowledged(receiver, n),
      opened: (opened) => {
        for (const partition of this.#partitions) partition.redeliver(opened);
      },
      committed: (entries, tookMs) => this.#committed(entries, tookMs),
      failed: onFailure,
    };
  }

  #committed(entries: readonly LogEntry[], tookMs: number): void {
    this.#options.onCommit?.(entries, tookMs);
    const changes = entries.filter(({ actor }) => actor !== PARTITION_ACTOR);
    for (const { actor } of changes) {
      if (!actor.startsWith("run/")) continue;
      void this.read<"run", void>(actor, (run) => {
        if (run !== undefined) this.#index.put(run);
      });
    }
    if (changes.length === 0) return;
    for (const listener of this.#listeners) listener(changes);
  }
}
