// What a job is to every part: what it runs, what it needs, and how it can end. No part adds states
// of its own; a cluster's dialect maps its words into these.

import type { AttemptToken } from "./ids.ts";

/** What is asked of the cluster. `null` leaves it to the cluster's default. */
export interface Resources {
  /** In all. */
  readonly cpus: number;
  /**
   * Processes that `srun` or `mpirun` starts, sharing `cpus`, which they divide; absent: one a cpu.
   */
  readonly ranks?: number;
  /** In MiB, over all nodes. */
  readonly memoryMb: number | null;
  /** Over all nodes. */
  readonly gpus: number;
  readonly nodes: number | null;
  readonly walltimeS: number | null;
  readonly partition: string | null;
  readonly account: string | null;
  readonly qos: string | null;
  readonly constraint: string | null;
}

export const DEFAULT_RESOURCES: Resources = {
  cpus: 1,
  memoryMb: null,
  gpus: 0,
  nodes: null,
  walltimeS: null,
  partition: null,
  account: null,
  qos: null,
  constraint: null,
};

/** A file to have in the work directory before the job starts. `path` is relative, without "..". */
export interface InputFile {
  readonly path: string;
  readonly source:
    | { readonly kind: "text"; readonly text: string }
    | {
        readonly kind: "artifact";
        readonly digest: string;
        readonly sizeBytes: number;
        /** Set when it is a file output of an earlier step: the receipt names it. */
        readonly from?: { readonly task: string; readonly output: string };
      };
  readonly executable: boolean;
}

export type OutputSpec =
  | { readonly name: string; readonly kind: "file"; readonly path: string }
  | {
      readonly name: string;
      readonly kind: "value";
      /** `null` is standard output, else a path in the work directory. */
      readonly from: string | null;
      readonly extract:
        | { readonly kind: "whole" }
        /** A regular expression (ECMAScript); the last match's first group, or the whole match. */
        | { readonly kind: "pattern"; readonly pattern: string }
        /** A dotted path into a JSON document: `a.b.0`. */
        | { readonly kind: "json"; readonly path: string };
    };

export type OutputValue =
  | { readonly name: string; readonly kind: "value"; readonly value: string }
  | {
      readonly name: string;
      readonly kind: "file";
      readonly path: string;
      /** `sha256:HEX`. */
      readonly digest: string;
      readonly sizeBytes: number;
    };

export type Program =
  | { readonly kind: "exec"; readonly argv: readonly string[] }
  /** `interpreter` is an argv the script's path is added to. */
  | { readonly kind: "script"; readonly text: string; readonly interpreter: readonly string[] };

/** All an agent needs to run one attempt. References are resolved; nothing here is a template. */
export interface AttemptSpec {
  readonly token: AttemptToken;
  /** Shown in the cluster's queue before the token: `relax` in `relax-<token>`. */
  readonly name: string;
  readonly namespace: string;
  readonly run: string;
  readonly task: string;
  readonly attempt: number;
  readonly program: Program;
  readonly env: { readonly [name: string]: string };
  readonly stdin: string | null;
  readonly files: readonly InputFile[];
  readonly outputs: readonly OutputSpec[];
  readonly resources: Resources;
  /** The agent ends the job after this long of running; `null` is no limit of ours. */
  readonly timeoutMs: number | null;
  /** Receipts this step builds on: `sha256:HEX` of each needed step's DSSE payload. */
  readonly needsReceipts: readonly string[];
  /** W3C trace context of the submission. */
  readonly traceparent: string | null;
}

export type EndCause =
  | "ok"
  | "failed"
  | "timeout"
  | "out_of_memory"
  | "node_fail"
  | "preempted"
  | "cancelled"
  /** The cluster would not take it: a wrong account, an impossible request. */
  | "refused"
  /** It ended, but nothing says how. Distinct from every success and failure. */
  | "unknown_outcome";

export const END_CAUSES: readonly EndCause[] = [
  "ok",
  "failed",
  "timeout",
  "out_of_memory",
  "node_fail",
  "preempted",
  "cancelled",
  "refused",
  "unknown_outcome",
];

/** Where a fact about a job came from and what was literally said. */
export interface Evidence {
  readonly source: "agent" | "supervisor" | "queue" | "accounting" | "controller" | "user";
  /** The source's own words: a state, an exit line, an error. At most 500 characters. */
  readonly raw: string;
  readonly atMs: number;
}

/** Where an attempt is on the cluster. Each comes with the evidence it rests on. */
export type AttemptPhase =
  /** The agent has journalled it; it may already be submitted, nothing says so yet. */
  "intended" | "queued" | "held" | "running" | "paused" | "ended";

export interface Outcome {
  readonly cause: EndCause;
  readonly exitCode: number | null;
  readonly signal: number | null;
  readonly confidence: "proven" | "inferred";
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  readonly cpuMs: number | null;
  readonly maxRssKb: number | null;
  /** One sentence for a person: `exit code 3`, `killed by signal 9`. */
  readonly message: string;
}

/**
 * The largest report, as JSON in UTF-8. An event with a report in it must fit a record of the log,
 * so the agent makes none that is larger: one that nobody takes would hold up all that follow.
 */
export const REPORT_BYTES_MAX = 240 * 1024;

/** What an agent tells the scheduler about an attempt. */
export type AttemptReport =
  | {
      readonly kind: "phase";
      readonly phase: Exclude<AttemptPhase, "ended">;
      readonly nativeId: string | null;
      readonly reason: string | null;
      readonly evidence: Evidence;
    }
  | {
      readonly kind: "ended";
      readonly nativeId: string | null;
      readonly outcome: Outcome;
      readonly outputs: readonly OutputValue[];
      /** A DSSE envelope as JSON, signed by the agent. `null` if the attempt never ran. */
      readonly receipt: string | null;
      /** `sha256:HEX` of the envelope's payload; later steps name it as what they build on. */
      readonly receiptDigest: string | null;
      readonly evidence: Evidence;
    }
  /** The cluster does not answer: nothing is known to have changed. */
  | { readonly kind: "unreachable"; readonly reason: string; readonly evidence: Evidence }
  | { readonly kind: "reachable"; readonly evidence: Evidence };
