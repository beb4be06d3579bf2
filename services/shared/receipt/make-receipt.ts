// Receipts and enrolments, made and signed. Everything a receipt says comes in as arguments; the
// same arguments and key give the same bytes.

import assert from "node:assert/strict";
import type { KeyObject } from "node:crypto";
import type { AttemptSpec, Outcome, OutputValue } from "../base/job.ts";
import type { Envelope } from "./dsse.ts";
import { payloadOf, signEnvelope } from "./dsse.ts";
import { exportPublicRaw, fingerprint, publicKeyOf } from "./keys.ts";
import type {
  Digest,
  EnrolmentPredicate,
  RunPredicate,
  RunStep,
  Signer,
  Statement,
  StepCode,
  StepPredicate,
} from "./statements.ts";
import {
  ENROLMENT_TYPE,
  hashOf,
  programDigest,
  RUN_TYPE,
  sha256,
  STATEMENT_TYPE,
  STEP_TYPE,
  stepInputs,
  stepOutputs,
  subjectsOf,
} from "./statements.ts";

export interface StepFacts {
  /** What was run; its inputs, program and needs are hashed from here. */
  readonly spec: AttemptSpec;
  readonly cluster: string;
  readonly nativeId: string | null;
  /** The executable as hashed on the cluster, or null when it could not be read. */
  readonly executable: StepCode["executable"];
  readonly outputs: readonly OutputValue[];
  readonly outcome: Outcome;
  readonly agentId: string;
}

/** A step's receipt, signed by the agent that ran it. */
export function makeStepReceipt(facts: StepFacts, privateKey: KeyObject): Envelope {
  return signEnvelope(stepStatement(stepPredicate(facts, privateKey)), privateKey);
}

export interface RunFacts {
  readonly namespace: string;
  readonly run: string;
  readonly workflow: string;
  readonly manifestDigest: Digest;
  readonly params: RunPredicate["params"];
  readonly state: RunPredicate["state"];
  readonly submittedAtMs: number;
  readonly endedAtMs: number;
  /** Every task of the run, in its order. */
  readonly steps: readonly RunStep[];
}

/** A run's receipt, signed by the scheduler. */
export function makeRunReceipt(facts: RunFacts, privateKey: KeyObject): Envelope {
  const { namespace, run, workflow, manifestDigest, params, state, submittedAtMs, endedAtMs } =
    facts;
  const steps = facts.steps.map(({ task, state, receipt }) => ({ task, state, receipt }));
  const signer = signerOf("scheduler", namespace, privateKey);
  return signEnvelope(
    runStatement({
      ...{ namespace, run, workflow, manifestDigest, params, state },
      ...{ submittedAtMs, endedAtMs, steps, signer },
    }),
    privateKey,
  );
}

export interface EnrolmentFacts {
  readonly namespace: string;
  readonly cluster: string;
  readonly agentId: string;
  readonly agentKey: KeyObject;
  readonly enrolledAtMs: number;
}

/** The scheduler's word that this key speaks for this cluster. */
export function makeEnrolment(facts: EnrolmentFacts, schedulerKey: KeyObject): Envelope {
  return signEnvelope(
    enrolmentStatement({
      namespace: facts.namespace,
      cluster: facts.cluster,
      agent: facts.agentId,
      publicKey: Buffer.from(exportPublicRaw(facts.agentKey)).toString("base64"),
      enrolledAtMs: facts.enrolledAtMs,
      signer: signerOf("scheduler", facts.namespace, schedulerKey),
    }),
    schedulerKey,
  );
}

/** What chains call a receipt: `sha256:HEX` of the envelope's payload bytes. */
export function receiptDigest(envelope: Envelope): Digest {
  const payload = payloadOf(envelope);
  assert(payload !== undefined, "an envelope of ours has canonical base64");
  return sha256(payload);
}

// --- The statement each predicate belongs in: the verifier builds it again and compares. ---

export function stepStatement(predicate: StepPredicate): Statement<StepPredicate> {
  const name = `${predicate.namespace}/${predicate.run}/${predicate.task}`;
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf({ name, digest: predicate.outputsHash }, predicate.outputs),
    predicateType: STEP_TYPE,
    predicate,
  };
}

export function runStatement(predicate: RunPredicate): Statement<RunPredicate> {
  const name = `${predicate.namespace}/${predicate.run}`;
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf({ name, digest: hashOf(predicate.steps) }),
    predicateType: RUN_TYPE,
    predicate,
  };
}

export function enrolmentStatement(predicate: EnrolmentPredicate): Statement<EnrolmentPredicate> {
  const key = Buffer.from(predicate.publicKey, "base64");
  return {
    _type: STATEMENT_TYPE,
    subject: subjectsOf({ name: predicate.agent, digest: sha256(key) }),
    predicateType: ENROLMENT_TYPE,
    predicate,
  };
}

function stepPredicate(facts: StepFacts, privateKey: KeyObject): StepPredicate {
  const { spec, outcome } = facts;
  const inputs = stepInputs(spec);
  const outputs = stepOutputs(facts.outputs);
  const executable = facts.executable && {
    path: facts.executable.path,
    digest: facts.executable.digest,
  };
  return {
    namespace: spec.namespace,
    run: spec.run,
    task: spec.task,
    token: spec.token,
    attempt: spec.attempt,
    cluster: facts.cluster,
    nativeId: facts.nativeId,
    inputs,
    inputsHash: hashOf(inputs),
    code: { programDigest: programDigest(spec.program), executable },
    outputs,
    outputsHash: hashOf(outputs),
    outcome: { cause: outcome.cause, exitCode: outcome.exitCode, signal: outcome.signal },
    startedAtMs: outcome.startedAtMs,
    endedAtMs: outcome.endedAtMs,
    needsReceipts: [...spec.needsReceipts],
    signer: signerOf("agent", facts.agentId, privateKey),
  };
}

function signerOf(role: Signer["role"], id: string, privateKey: KeyObject): Signer {
  return { role, id, key: fingerprint(publicKeyOf(privateKey)) };
}
