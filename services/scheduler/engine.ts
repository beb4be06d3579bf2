// The shell's view of the scheduler's actors: ask, read, listen. Implemented over partitions in
// shared/actors; the server and the gateways know only this.

import type { LogEvent } from "#shared/state/log.ts";
import type {
  Address,
  ClusterMessage,
  JobMessage,
  KeysMessage,
  NamespaceMessage,
  RunMessage,
  UsageMessage,
} from "./core/messages.ts";
import type { ClusterState, JobActorState, NamespaceState, RunState } from "./core/state.ts";
import type { KeysState, UsageState } from "./core/state.ts";

export interface EngineStates {
  readonly run: RunState;
  readonly job: JobActorState;
  readonly cluster: ClusterState;
  readonly namespace: NamespaceState;
  readonly usage: UsageState;
  readonly keys: KeysState;
}

export interface EngineMessages {
  readonly run: RunMessage;
  readonly job: JobMessage;
  readonly cluster: ClusterMessage;
  readonly namespace: NamespaceMessage;
  readonly usage: UsageMessage;
  readonly keys: KeysMessage;
}

export type ActorKind = keyof EngineStates;

/** One actor's events of one committed record. */
export interface Change {
  readonly actor: Address;
  readonly events: readonly LogEvent[];
}

export interface Engine {
  /**
   * One turn of one actor. Resolves with its answer when the turn is durable; rejects with a
   * Failure: the actor's refusal, FULL (mailbox or log), UNAVAILABLE (not owner yet), FENCED.
   */
  ask<K extends ActorKind>(address: Address, message: EngineMessages[K]): Promise<unknown>;
  /**
   * What `look` returns, called when everything it can see is durable. `look` must not keep or
   * change what it is given.
   */
  read<K extends ActorKind, T>(
    address: Address,
    look: (state: EngineStates[K] | undefined) => T,
  ): Promise<T>;
  /** Run summaries of a namespace, newest first (by submission, then id). */
  runs(namespace: string): Promise<readonly RunSummary[]>;
  /** All namespaces there are: with a token, a run or a key. */
  namespaces(): Promise<readonly string[]>;
  /** Calls `listener` after each commit with what changed; returns the way to stop. */
  onCommitted(listener: (changes: readonly Change[]) => void): () => void;
  /** Where an actor lives, and the epoch this process owns that partition under. */
  placeOf(address: Address): Promise<{ readonly partition: number; readonly epoch: number }>;
  /** SHA-256 over the canonical state of every partition; equal after a replay of the logs. */
  stateHash(): Promise<{ readonly hashVersion: number; readonly hash: string }>;
  close(): Promise<void>;
}

export interface RunSummary {
  readonly id: string;
  readonly workflow: string;
  readonly phase: RunState["phase"];
  readonly submittedAtMs: number;
  readonly endedAtMs: number | null;
  readonly clusters: readonly string[];
}
