// What receipts say: in-toto Statements v1 with predicates of our own. docs/protocols/receipt.md
// says the same for other languages. Every member is always there, `null` for none, so that nothing
// can be left out of what is signed.

import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import type { AttemptSpec, EndCause, OutputValue, Program } from "../base/job.ts";

export const STATEMENT_TYPE = "https://in-toto.io/Statement/v1";
export const STEP_TYPE = "https://signalbox.dev/receipt/step/v1";
export const RUN_TYPE = "https://signalbox.dev/receipt/run/v1";
export const ENROLMENT_TYPE = "https://signalbox.dev/receipt/enrolment/v1";

/** `sha256:HEX`. */
export type Digest = string;

export interface Statement<P> {
  readonly _type: typeof STATEMENT_TYPE;
  readonly subject: readonly {
    readonly name: string;
    readonly digest: { readonly sha256: string };
  }[];
  readonly predicateType: string;
  readonly predicate: P;
}

/** What went into a step, without what is secret or long: texts appear by digest. */
export interface StepInputs {
  /** By path. */
  readonly files: readonly {
    readonly path: string;
    readonly digest: Digest;
    readonly executable: boolean;
    /** The earlier step and its file output that this is, or null. */
    readonly from: { readonly task: string; readonly output: string } | null;
  }[];
  /** Of the canonical JSON of the environment given (not the cluster's own). */
  readonly envDigest: Digest;
  readonly stdinDigest: Digest | null;
}

export interface StepCode {
  /** Of the canonical JSON of the program: argv, or script and interpreter. */
  readonly programDigest: Digest;
  /** The executable file that ran, hashed where it ran; null when it could not be read. */
  readonly executable: { readonly path: string; readonly digest: Digest } | null;
}

export type StepOutput =
  | {
      readonly name: string;
      readonly kind: "value";
      readonly value: string;
      readonly digest: Digest;
    }
  | {
      readonly name: string;
      readonly kind: "file";
      readonly path: string;
      readonly digest: Digest;
      readonly sizeBytes: number;
    };

export interface Signer {
  readonly role: "agent" | "scheduler";
  /** The agent's id; the scheduler's namespace for a scheduler. */
  readonly id: string;
  readonly key: Digest;
}

export interface StepPredicate {
  readonly namespace: string;
  readonly run: string;
  readonly task: string;
  readonly token: string;
  readonly attempt: number;
  readonly cluster: string;
  readonly nativeId: string | null;
  readonly inputs: StepInputs;
  readonly inputsHash: Digest;
  readonly code: StepCode;
  readonly outputs: readonly StepOutput[];
  readonly outputsHash: Digest;
  readonly outcome: {
    readonly cause: EndCause;
    readonly exitCode: number | null;
    readonly signal: number | null;
  };
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Receipt digests of the steps it needed. */
  readonly needsReceipts: readonly Digest[];
  readonly signer: Signer;
}

export interface RunPredicate {
  readonly namespace: string;
  readonly run: string;
  readonly workflow: string;
  /** The manifest with its params and files: Plan.digest. */
  readonly manifestDigest: Digest;
  readonly params: { readonly [name: string]: string | number | boolean };
  readonly state: "succeeded" | "failed" | "cancelled";
  readonly submittedAtMs: number;
  readonly endedAtMs: number;
  /** In the run's order. */
  readonly steps: readonly RunStep[];
  readonly signer: Signer;
}

export interface RunStep {
  readonly task: string;
  readonly state: "succeeded" | "failed" | "cancelled" | "skipped";
  /** The digest of its receipt; null when nothing of it ever ran. */
  readonly receipt: Digest | null;
}

export interface EnrolmentPredicate {
  readonly namespace: string;
  readonly cluster: string;
  readonly agent: string;
  /** Base64 of the 32 raw bytes. */
  readonly publicKey: string;
  readonly enrolledAtMs: number;
  readonly signer: Signer;
}

export function sha256(bytes: string | Uint8Array): Digest {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

export function hashOf(value: unknown): Digest {
  return sha256(canonicalJson(value));
}

export function programDigest(program: Program): Digest {
  return hashOf(program);
}

export function stepInputs(spec: Pick<AttemptSpec, "files" | "env" | "stdin">): StepInputs {
  const files = spec.files.map(({ path, source, executable }) => ({
    path,
    digest: source.kind === "text" ? sha256(source.text) : source.digest,
    executable,
    from: source.kind === "artifact" ? (source.from ?? null) : null,
  }));
  return {
    files: files.sort((a, b) => (a.path < b.path ? -1 : 1)),
    envDigest: hashOf(spec.env),
    stdinDigest: spec.stdin === null ? null : sha256(spec.stdin),
  };
}

export function stepOutputs(outputs: readonly OutputValue[]): StepOutput[] {
  return outputs
    .map((output): StepOutput => {
      const { name } = output;
      if (output.kind === "value") {
        return { name, kind: "value", value: output.value, digest: sha256(output.value) };
      }
      const { path, digest, sizeBytes } = output;
      return { name, kind: "file", path, digest, sizeBytes };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The statement's subjects: first the thing as a whole, then its parts by name. */
export function subjectsOf(
  whole: { readonly name: string; readonly digest: Digest },
  parts: readonly { readonly name: string; readonly digest: Digest }[] = [],
): Statement<unknown>["subject"] {
  return [whole, ...parts].map(({ name, digest }) => ({
    name,
    digest: { sha256: digest.slice("sha256:".length) },
  }));
}
