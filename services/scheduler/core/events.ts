// Every fact the scheduler records. These are in logs for ever: a member may be added with a
// default, none may change its meaning or go.

import type {
  AttemptReport,
  AttemptSpec,
  Evidence,
  Outcome,
  OutputValue,
} from "#shared/base/job.ts";
import type { KeyEntry } from "#shared/base/api-key.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import type { JobActorState, Role, RunMeta, RunState, TaskEnd, UsageCell } from "./state.ts";

export type RunEvent =
  | { readonly type: "run.submitted"; readonly meta: RunMeta }
  /** A part of the plan, in order; `run.accepted` follows the last one. */
  | { readonly type: "run.planned"; readonly tasks: readonly PlanTask[] }
  | { readonly type: "run.accepted" }
  | { readonly type: "run.task-begun"; readonly ordinal: number }
  | {
      readonly type: "run.task-ended";
      readonly ordinal: number;
      readonly end: TaskEnd;
      readonly reason: string;
      readonly outputs: readonly OutputValue[];
      readonly receiptDigest: string | null;
    }
  | { readonly type: "run.task-skipped"; readonly ordinal: number; readonly reason: string }
  | { readonly type: "run.cancelling"; readonly reason: string }
  | {
      readonly type: "run.ended";
      readonly phase: RunState["phase"];
      readonly reason: string;
      readonly atMs: number;
    }
  | { readonly type: "run.retried"; readonly ordinals: readonly number[] }
  | { readonly type: "run.receipt"; readonly receipt: string };

export type JobEvent =
  | {
      readonly type: "job.created";
      readonly job: Pick<
        JobActorState,
        "run" | "namespace" | "task" | "ordinal" | "cluster" | "priority" | "retry" | "spec"
      >;
      readonly atMs: number;
    }
  | {
      readonly type: "job.attempt";
      readonly number: number;
      readonly token: string;
      readonly atMs: number;
    }
  | { readonly type: "job.placed"; readonly token: string; readonly atMs: number }
  | {
      readonly type: "job.reported";
      readonly token: string;
      readonly report: Exclude<AttemptReport, { kind: "ended" }>;
    }
  | {
      readonly type: "job.attempt-ended";
      readonly token: string;
      readonly nativeId: string | null;
      readonly outcome: Outcome;
      readonly receipt: string | null;
      readonly receiptDigest: string | null;
      readonly evidence: Evidence;
    }
  | { readonly type: "job.backoff"; readonly retryAtMs: number; readonly reason: string }
  | { readonly type: "job.cancel-requested"; readonly reason: string }
  | {
      readonly type: "job.ended";
      readonly end: TaskEnd;
      readonly reason: string;
      readonly outputs: readonly OutputValue[];
      readonly atMs: number;
    }
  | { readonly type: "job.restarted"; readonly spec: JobActorState["spec"] };

export type ClusterEvent =
  | {
      readonly type: "cluster.added";
      readonly namespace: string;
      readonly name: string;
      readonly clusterKind: string;
      readonly slots: number;
      readonly enrolmentHash: string;
      readonly enrolmentExpiresAtMs: number;
      readonly atMs: number;
    }
  | {
      readonly type: "cluster.enrolled";
      readonly agentId: string;
      readonly publicKey: string;
      readonly atMs: number;
    }
  | { readonly type: "cluster.connected"; readonly journalId: string; readonly commandSeen: number }
  | { readonly type: "cluster.lost" }
  | { readonly type: "cluster.reachability"; readonly unreachable: string | null }
  | {
      readonly type: "cluster.enqueued";
      readonly job: string;
      readonly priority: number;
      readonly spec: AttemptSpec;
      readonly atMs: number;
    }
  | {
      readonly type: "cluster.placed";
      readonly token: string;
      readonly seq: number;
      readonly atMs: number;
    }
  /** The agent lost its journal: the attempt is commanded again under a new number. */
  | { readonly type: "cluster.commanded-again"; readonly token: string; readonly seq: number }
  | { readonly type: "cluster.reported"; readonly seq: number; readonly tokens: readonly string[] }
  | { readonly type: "cluster.released"; readonly token: string }
  | { readonly type: "cluster.withdrawn"; readonly token: string }
  | {
      readonly type: "cluster.cancel-asked";
      readonly token: string;
      readonly seq: number;
      readonly reason: string;
    };

export type NamespaceEvent =
  | {
      readonly type: "namespace.token-added";
      readonly id: string;
      readonly hash: string;
      readonly role: Role;
      readonly name: string;
      readonly expiresAtMs: number | null;
      readonly atMs: number;
    }
  | { readonly type: "namespace.token-revoked"; readonly id: string; readonly atMs: number }
  | {
      readonly type: "namespace.cluster-added";
      readonly name: string;
      readonly isDefault: boolean;
      readonly atMs: number;
    };

/** A piece of a router's journal, up to `to`. */
export type UsageEvent = {
  readonly type: "usage.posted";
  readonly journal: string;
  readonly to: number;
  readonly cells: readonly UsageCell[];
};

/** Keys for models, by the hash of each. */
export type KeysEvent =
  | { readonly type: "keys.added"; readonly key: KeyEntry; readonly atMs: number }
  | { readonly type: "keys.revoked"; readonly sha256: string; readonly atMs: number };
