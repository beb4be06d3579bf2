// The scheduler's actors by kind: what each does with a message, an event, a restart and a hash.

import { applyCluster, onClusterMessage } from "./cluster-core.ts";
import type { ClusterEvent, JobEvent, NamespaceEvent, RunEvent, UsageEvent } from "./events.ts";
import type { KeysEvent } from "./events.ts";
import { applyJob, onJobMessage } from "./job-core.ts";
import { applyKeys, onKeysMessage } from "./keys-core.ts";
import type { ClusterMessage, JobMessage, NamespaceMessage, RunMessage } from "./messages.ts";
import type { KeysMessage, UsageMessage } from "./messages.ts";
import { applyNamespace, onNamespaceMessage } from "./namespace-core.ts";
import { applyRun, onRunMessage } from "./run-core.ts";
import type { ClusterState, JobActorState, NamespaceState, RunState, UsageState } from "./state.ts";
import type { KeysState } from "./state.ts";
import type { Turn } from "./turn.ts";
import { applyUsage, onUsageMessage, usageBetween } from "./usage-core.ts";

export const runActor = {
  kind: "run",
  apply: (state: RunState | undefined, event: RunEvent): RunState => applyRun(state, event),
  receive: (state: RunState | undefined, message: RunMessage, turn: Turn<RunEvent>): unknown =>
    onRunMessage(state, message, turn),
  wakes: ({ phase }: RunState): boolean => phase === "running" || phase === "cancelling",
  plain: (state: RunState): unknown => {
    const { dependents: _derived, ordinals: _derivedToo, ...rest } = state;
    return rest;
  },
} as const;

export const jobActor = {
  kind: "job",
  apply: (state: JobActorState | undefined, event: JobEvent): JobActorState =>
    applyJob(state, event),
  receive: (state: JobActorState | undefined, message: JobMessage, turn: Turn<JobEvent>): unknown =>
    onJobMessage(state, message, turn),
  wakes: (): boolean => false,
  plain: (state: JobActorState): unknown => state,
} as const;

export const clusterActor = {
  kind: "cluster",
  apply: (state: ClusterState | undefined, event: ClusterEvent): ClusterState =>
    applyCluster(state, event),
  receive: (
    state: ClusterState | undefined,
    message: ClusterMessage,
    turn: Turn<ClusterEvent>,
  ): unknown => onClusterMessage(state, message, turn),
  wakes: ({ connected }: ClusterState): boolean => connected,
  plain: (state: ClusterState): unknown => ({
    ...state,
    waiting: [...state.waiting.values()],
    placed: [...state.placed.values()].toSorted((a, b) => (a.token < b.token ? -1 : 1)),
  }),
} as const;

export const namespaceActor = {
  kind: "namespace",
  apply: (
    state: NamespaceState | undefined,
    event: NamespaceEvent,
    address: string,
  ): NamespaceState => applyNamespace(state, event, address.slice("namespace/".length)),
  receive: (
    state: NamespaceState | undefined,
    message: NamespaceMessage,
    turn: Turn<NamespaceEvent>,
  ): unknown => onNamespaceMessage(state, message, turn),
  wakes: (): boolean => false,
  plain: (state: NamespaceState): unknown => ({
    ...state,
    tokens: [...state.tokens.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  }),
} as const;

export const usageActor = {
  kind: "usage",
  apply: (state: UsageState | undefined, event: UsageEvent, address: string): UsageState =>
    applyUsage(state, event, address.slice("usage/".length)),
  receive: (
    state: UsageState | undefined,
    message: UsageMessage,
    turn: Turn<UsageEvent>,
  ): unknown => onUsageMessage(state, message, turn),
  wakes: (): boolean => false,
  plain: (state: UsageState): unknown => ({
    ...state,
    journals: [...state.journals],
    cells: usageBetween(state, 0, Infinity),
  }),
} as const;

export const keysActor = {
  kind: "keys",
  apply: (state: KeysState | undefined, event: KeysEvent, address: string): KeysState =>
    applyKeys(state, event, address.slice("keys/".length)),
  receive: (state: KeysState | undefined, message: KeysMessage, turn: Turn<KeysEvent>): unknown =>
    onKeysMessage(state, message, turn),
  wakes: (): boolean => false,
  plain: (state: KeysState): unknown => ({ ...state, keys: [...state.keys.values()] }),
} as const;
