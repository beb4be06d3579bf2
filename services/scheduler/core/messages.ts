// What the scheduler's actors can be asked, and what they answer. The shell turns gRPC and REST
// calls into these; actors send them to each other.

import type { KeyEntry } from "#shared/base/api-key.ts";
import type { AttemptReport, AttemptSpec, OutputValue } from "#shared/base/job.ts";
import type { PlanTask } from "#shared/base/plan.ts";
import type { JobActorState, Role, RunMeta, TaskEnd, UsageCell } from "./state.ts";

/** `run/NS/RUN`, `job/NS/RUN/TASK`, `cluster/NS/NAME`, `namespace/NS`, `usage/NS`, `keys/NS`. */
export type Address = string;

export const runAddress = (namespace: string, run: string): Address => `run/${namespace}/${run}`;
export const jobAddress = (namespace: string, run: string, task: string): Address =>
  `job/${namespace}/${run}/${task}`;
export const clusterAddress = (namespace: string, name: string): Address =>
  `cluster/${namespace}/${name}`;
export const namespaceAddress = (namespace: string): Address => `namespace/${namespace}`;
export const usageAddress = (namespace: string): Address => `usage/${namespace}`;
export const keysAddress = (namespace: string): Address => `keys/${namespace}`;

/** Actors that their namespace names. */
const OF_NAMESPACE: ReadonlySet<string> = new Set(["namespace", "usage", "keys"]);

/** The part of an address that, with its namespace, chooses the partition. */
export function rootOf(address: Address): { readonly namespace: string; readonly root: string } {
  const [kind = "", namespace = "", id = ""] = address.split("/");
  return { namespace, root: OF_NAMESPACE.has(kind) ? namespace : id };
}

export type RunMessage =
  /**
   * Every task names its cluster by now. Answers `{existed}`; Failure ALREADY_EXISTS if the id is
   * taken with another digest.
   */
  | { readonly kind: "submit"; readonly meta: RunMeta; readonly tasks: readonly PlanTask[] }
  | { readonly kind: "cancel"; readonly reason: string }
  | { readonly kind: "cancel-task"; readonly task: string; readonly reason: string }
  | { readonly kind: "retry" }
  | { readonly kind: "attach-receipt"; readonly receipt: string }
  /** From a job of the run. */
  | {
      readonly kind: "job-ended";
      readonly task: string;
      readonly ordinal: number;
      readonly end: TaskEnd;
      readonly reason: string;
      readonly outputs: readonly OutputValue[];
      readonly receiptDigest: string | null;
    }
  /** After a restart: start what is ready and was not started. */
  | { readonly kind: "wake" };

export type JobMessage =
  | {
      readonly kind: "create";
      readonly job: Pick<
        JobActorState,
        "run" | "namespace" | "task" | "ordinal" | "cluster" | "priority" | "retry" | "spec"
      >;
    }
  /** To itself, after creation. */
  | { readonly kind: "begin" }
  | { readonly kind: "cancel"; readonly reason: string }
  | { readonly kind: "restart"; readonly spec: JobActorState["spec"] }
  /** From its cluster. */
  | { readonly kind: "placed"; readonly token: string }
  | { readonly kind: "withdrawn"; readonly token: string }
  | { readonly kind: "report"; readonly token: string; readonly report: AttemptReport }
  /** The cluster does not exist or takes nothing. */
  | { readonly kind: "unplaceable"; readonly token: string; readonly reason: string }
  | { readonly kind: "timer"; readonly timer: string };

export type ClusterMessage =
  | {
      readonly kind: "add";
      readonly clusterKind: string;
      readonly slots: number;
      readonly enrolmentHash: string;
      readonly enrolmentExpiresAtMs: number;
    }
  /** Answers `{agentId}`; FORBIDDEN when the token is wrong, spent or too old. */
  | {
      readonly kind: "enrol";
      readonly tokenHash: string;
      readonly agentId: string;
      readonly publicKey: string;
    }
  /**
   * A connected agent's hello; answers `{reportSeen}`; its unacknowledged commands are in the
   * state.
   */
  | {
      readonly kind: "agent-connected";
      readonly journalId: string;
      readonly journalNew: boolean;
      readonly commandSeen: number;
    }
  /** The agent's stream ended or its lease ran out: nothing is placed until it is back. */
  | { readonly kind: "agent-lost" }
  /** What the agent's heartbeat says about the cluster itself; ask only when it changed. */
  | { readonly kind: "cluster-state"; readonly unreachable: string | null }
  /** In order of seq; what was seen already is skipped. */
  | {
      readonly kind: "reports";
      readonly journalId: string;
      readonly reports: readonly {
        readonly seq: number;
        readonly token: string;
        readonly report: AttemptReport;
      }[];
    }
  | {
      readonly kind: "enqueue";
      readonly job: Address;
      readonly priority: number;
      readonly spec: AttemptSpec;
    }
  | {
      readonly kind: "withdraw";
      readonly token: string;
      readonly job: Address;
      readonly reason: string;
    }
  /** After a restart no agent is here; `reloaded`: the same process goes on, its streams stand. */
  | { readonly kind: "wake"; readonly reloaded?: boolean };

export type NamespaceMessage =
  | {
      readonly kind: "add-token";
      readonly id: string;
      readonly hash: string;
      readonly role: Role;
      readonly name: string;
      readonly expiresAtMs: number | null;
    }
  | { readonly kind: "revoke-token"; readonly id: string }
  | { readonly kind: "add-cluster"; readonly name: string; readonly makeDefault: boolean };

/** Sums of a piece of a router's journal; CONFLICT when it overlaps what was taken before. */
export type UsageMessage = {
  readonly kind: "post";
  readonly journal: string;
  readonly from: number;
  readonly to: number;
  readonly cells: readonly UsageCell[];
};

export type KeysMessage =
  /** Answers `{existed}`; ALREADY_EXISTS when the name or the hash is another key's. */
  | { readonly kind: "add-key"; readonly key: KeyEntry }
  /** Answers its hash; NOT_FOUND when no key ever had that name. */
  | { readonly kind: "revoke-key"; readonly name: string };
