// Says whether a bundle of receipts is what it claims, from the bundle alone.
//
//   V1. Every byte counts: the bundle and every payload are in their one canonical form, nothing in
//       them is unused, and every signature is by a key that the scheduler's key vouches for.
//   V2. The run's receipt lists exactly the receipts there are, in order, and its states agree.
//   V3. A step's needs are receipts of steps before it that succeeded, and an input that came from
//       another step carries the digest that step's receipt gives for that output.
//
// Whose key the scheduler's is, the bundle cannot say: that is what `trustedKeys` is for.

import type { KeyObject } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Bundle } from "./bundle.ts";
import { BUNDLE_TYPE, enrolledKey } from "./bundle.ts";
import type { Envelope } from "./dsse.ts";
import { decodeBase64, hasExactly, isEnvelope, payloadOf, signatureProblem } from "./dsse.ts";
import { fingerprint, importPublicRaw } from "./keys.ts";
import { enrolmentStatement, receiptDigest, runStatement, stepStatement } from "./make-receipt.ts";
import type { Shape } from "./shapes.ts";
import { ENROLMENT_SHAPE, misfit, RUN_SHAPE, STEP_SHAPE } from "./shapes.ts";
import type {
  Digest,
  EnrolmentPredicate,
  RunPredicate,
  Statement,
  StepPredicate,
} from "./statements.ts";
import { hashOf, sha256 } from "./statements.ts";

export interface VerifiedStep {
  readonly digest: Digest;
  readonly step: StepPredicate;
}

export interface Verdict {
  /** True when there is no problem. */
  readonly ok: boolean;
  /** True when the scheduler's key is one of the trusted keys; false when none were given. */
  readonly trusted: boolean;
  /** Fingerprint of the scheduler's key, to compare with what its owner says. */
  readonly schedulerKey: Digest | null;
  readonly run: RunPredicate | null;
  /** Those whose own receipt holds, in the bundle's order. */
  readonly steps: readonly VerifiedStep[];
  /** One sentence each. */
  readonly problems: readonly string[];
}

export interface VerifyOptions {
  /** Keys or their fingerprints; a bundle of any other scheduler is refused. */
  readonly trustedKeys?: readonly (KeyObject | Digest)[];
}

export function verifyBundle(bytes: string | Uint8Array, options: VerifyOptions = {}): Verdict {
  const problems: string[] = [];
  const bundle = parseBundle(bytes, problems);
  const key = bundle && schedulerKeyOf(bundle, problems);
  if (bundle === undefined || key === undefined) {
    return { ok: false, trusted: false, schedulerKey: null, run: null, steps: [], problems };
  }
  const keyName = fingerprint(key);
  const trusted = isTrusted(keyName, options.trustedKeys);
  if (options.trustedKeys !== undefined && !trusted) {
    problems.push(`the scheduler's key ${keyName} is none of the trusted keys`);
  }
  const run = readRun(bundle.run, key, problems);
  const agents = readEnrolments(bundle.enrolments, key, problems);
  const steps = readSteps(bundle.steps, agents, problems);
  if (run !== undefined) checkRun(run, steps, agents, problems);
  checkChain(steps, problems);
  return {
    ok: problems.length === 0,
    trusted,
    schedulerKey: keyName,
    run: run ?? null,
    steps,
    problems,
  };
}

function isTrusted(key: Digest, trusted: VerifyOptions["trustedKeys"]): boolean {
  return (trusted ?? []).some((one) => (typeof one === "string" ? one : fingerprint(one)) === key);
}

function parseBundle(bytes: string | Uint8Array, problems: string[]): Bundle | undefined {
  let value: unknown;
  let text: string;
  try {
    text =
      typeof bytes === "string" ? bytes : new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    value = JSON.parse(text);
    if (canonicalJson(value) !== text) {
      problems.push("the bundle is not in canonical form: it was changed after it was written");
      return undefined;
    }
  } catch {
    problems.push("the bundle is not JSON");
    return undefined;
  }
  if (
    !hasExactly(value, ["enrolments", "mediaType", "run", "schedulerKey", "steps"]) ||
    value["mediaType"] !== BUNDLE_TYPE ||
    typeof value["schedulerKey"] !== "string" ||
    !isEnvelope(value["run"]) ||
    !isEnvelopeList(value["steps"]) ||
    !isEnvelopeList(value["enrolments"])
  ) {
    problems.push(`this is no bundle of type ${BUNDLE_TYPE}`);
    return undefined;
  }
  return value as unknown as Bundle;
}

function isEnvelopeList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isEnvelope);
}

function schedulerKeyOf(bundle: Bundle, problems: string[]): KeyObject | undefined {
  const key = keyFrom(bundle.schedulerKey);
  if (key === undefined) problems.push("the scheduler's key is no Ed25519 key");
  return key;
}

function keyFrom(base64: string): KeyObject | undefined {
  const raw = decodeBase64(base64);
  try {
    return raw && importPublicRaw(raw);
  } catch {
    return undefined;
  }
}

/** The predicate of a signed statement, when all of the statement is as it must be. */
function readPredicate<P>(
  what: string,
  envelope: Envelope,
  key: KeyObject,
  shape: Shape,
  statementOf: (predicate: P) => Statement<P>,
  problems: string[],
): P | undefined {
  const unsigned = signatureProblem(envelope, key);
  if (unsigned !== undefined) {
    problems.push(`${what} is not signed by ${fingerprint(key)}: ${unsigned}`);
    return undefined;
  }
  const predicate = predicateOf(envelope);
  const where = misfit(shape, predicate);
  if (where !== undefined) {
    problems.push(`${what} does not have its form at predicate${where}`);
    return undefined;
  }
  const text = Buffer.from(payloadOf(envelope) ?? []).toString();
  if (canonicalJson(statementOf(predicate as P)) !== text) {
    problems.push(`${what} has other subjects than its content, or is not in canonical form`);
    return undefined;
  }
  return predicate as P;
}

function predicateOf(envelope: Envelope): unknown {
  try {
    const text = Buffer.from(payloadOf(envelope) ?? []).toString();
    return (JSON.parse(text) as { readonly predicate?: unknown } | null)?.predicate;
  } catch {
    return undefined;
  }
}

function readRun(envelope: Envelope, key: KeyObject, problems: string[]): RunPredicate | undefined {
  const what = "the run's receipt";
  const run = readPredicate<RunPredicate>(what, envelope, key, RUN_SHAPE, runStatement, problems);
  if (run === undefined) return undefined;
  if (run.signer.role !== "scheduler" || run.signer.key !== fingerprint(key)) {
    problems.push("the run's receipt names another signer than the scheduler");
  }
  return run;
}

interface Agent {
  readonly enrolment: EnrolmentPredicate;
  readonly key: KeyObject;
  used: boolean;
}

/** Agents by the fingerprint of their key. */
function readEnrolments(
  envelopes: readonly Envelope[],
  schedulerKey: KeyObject,
  problems: string[],
): Map<Digest, Agent> {
  const agents = new Map<Digest, Agent>();
  let before = "";
  for (const [index, envelope] of envelopes.entries()) {
    const what = `enrolment ${index + 1}`;
    const enrolment = readPredicate<EnrolmentPredicate>(
      ...([what, envelope, schedulerKey, ENROLMENT_SHAPE, enrolmentStatement, problems] as const),
    );
    if (enrolment === undefined) continue;
    const key = keyFrom(enrolment.publicKey);
    const { role, key: signer } = enrolment.signer;
    if (key === undefined || role !== "scheduler" || signer !== fingerprint(schedulerKey)) {
      problems.push(`${what} is not the scheduler's word for an agent's key`);
      continue;
    }
    const digest = receiptDigest(envelope);
    if (digest <= before) problems.push(`${what} is out of order`);
    before = digest;
    const name = enrolledKey(enrolment);
    if (agents.has(name)) problems.push(`${what} is about a key that has one already`);
    agents.set(name, { enrolment, key, used: false });
  }
  return agents;
}

function readSteps(
  envelopes: readonly Envelope[],
  agents: ReadonlyMap<Digest, Agent>,
  problems: string[],
): VerifiedStep[] {
  const steps: VerifiedStep[] = [];
  for (const [index, envelope] of envelopes.entries()) {
    const what = `step receipt ${index + 1}`;
    const agent = agents.get(envelope.signatures[0].keyid);
    if (agent === undefined) {
      problems.push(`${what} is signed by a key that the scheduler does not vouch for`);
      continue;
    }
    agent.used = true;
    const step = readPredicate<StepPredicate>(
      ...([what, envelope, agent.key, STEP_SHAPE, stepStatement, problems] as const),
    );
    if (step === undefined) continue;
    const before = problems.length;
    checkStep(`${what} (${step.task})`, step, agent, problems);
    if (problems.length === before) steps.push({ digest: receiptDigest(envelope), step });
  }
  for (const [index, agent] of [...agents.values()].entries()) {
    if (!agent.used)
      problems.push(`enrolment ${index + 1} is of an agent that signed nothing here`);
  }
  return steps;
}

function checkStep(what: string, step: StepPredicate, agent: Agent, problems: string[]): void {
  const { signer, inputs, outputs } = step;
  const { enrolment } = agent;
  if (signer.role !== "agent" || signer.key !== fingerprint(agent.key)) {
    problems.push(`${what} names another signer than its agent`);
  }
  if (signer.id !== enrolment.agent || step.cluster !== enrolment.cluster) {
    problems.push(`${what} is of another agent or cluster than its key is enrolled for`);
  }
  if (step.namespace !== enrolment.namespace) {
    problems.push(`${what} is of another namespace than its key is enrolled for`);
  }
  if (step.inputsHash !== hashOf(inputs))
    problems.push(`${what}: its inputs hash to something else`);
  if (step.outputsHash !== hashOf(outputs))
    problems.push(`${what}: its outputs hash to something else`);
  for (const output of outputs) {
    if (output.kind === "value" && output.digest !== sha256(output.value)) {
      problems.push(`${what}: the value of ${output.name} hashes to something else`);
    }
  }
  if (!areSorted(outputs.map((output) => output.name))) {
    problems.push(`${what}: its outputs are not each once and in order`);
  }
  if (!areSorted(inputs.files.map((file) => file.path))) {
    problems.push(`${what}: its input files are not each once and in order`);
  }
  if (step.attempt < 1 || !isTokenOf(step)) problems.push(`${what} has another attempt's token`);
}

/** RUN-ORDINAL-ATTEMPT. */
function isTokenOf(step: StepPredicate): boolean {
  const [ordinal, attempt, more] = step.token.startsWith(`${step.run}-`)
    ? step.token.slice(step.run.length + 1).split("-")
    : [];
  return /^\d+$/.test(ordinal ?? "") && attempt === String(step.attempt) && more === undefined;
}

function areSorted(names: readonly string[]): boolean {
  return names.every((name, index) => index === 0 || (names[index - 1] as string) < name);
}

function checkRun(
  run: RunPredicate,
  steps: readonly VerifiedStep[],
  agents: ReadonlyMap<Digest, Agent>,
  problems: string[],
): void {
  for (const { enrolment } of agents.values()) {
    if (enrolment.namespace !== run.namespace) {
      problems.push(`agent ${enrolment.agent} is enrolled in another namespace than the run's`);
    }
  }
  const tasks = new Set(run.steps.map((listed) => listed.task));
  if (tasks.size !== run.steps.length) problems.push("the run's receipt lists a task twice");
  const listed = run.steps.filter((one) => one.receipt !== null);
  for (const [index, one] of listed.entries()) {
    const found = steps[index];
    if (found?.digest !== one.receipt) {
      problems.push(`the receipt the run lists for ${one.task} is not here, or not in its place`);
      return;
    }
    const { step } = found;
    const what = `the receipt of ${one.task}`;
    if (step.run !== run.run || step.namespace !== run.namespace || step.task !== one.task) {
      problems.push(`${what} is of another run or task`);
    }
    // A job that was cancelled may have ended well before the cancel reached it.
    if (
      one.state !== "cancelled" &&
      (step.outcome.cause === "ok") !== (one.state === "succeeded")
    ) {
      problems.push(`${what} says ${step.outcome.cause}, the run says ${one.state}`);
    }
    if (one.state === "skipped") problems.push(`${one.task} was skipped and has a receipt`);
  }
  if (steps.length > listed.length) problems.push("there are receipts that the run does not list");
  for (const one of run.steps) {
    if (one.state === "succeeded" && one.receipt === null) {
      problems.push(`${one.task} succeeded without a receipt`);
    }
  }
  const allSucceeded = run.steps.every((one) => one.state === "succeeded");
  if (run.state !== "cancelled" && (run.state === "succeeded") !== allSucceeded) {
    problems.push(`the run says ${run.state}, which its steps do not bear out`);
  }
}

function checkChain(steps: readonly VerifiedStep[], problems: string[]): void {
  const before = new Map<Digest, StepPredicate>();
  for (const { digest, step } of steps) {
    const needs = new Map<string, StepPredicate>();
    for (const need of step.needsReceipts) {
      const found = before.get(need);
      if (found === undefined) {
        problems.push(`${step.task} builds on ${need}, which is no receipt before it here`);
      } else if (found.outcome.cause !== "ok") {
        problems.push(`${step.task} builds on ${found.task}, which did not succeed`);
      } else {
        needs.set(found.task, found);
      }
    }
    for (const file of step.inputs.files) {
      if (file.from !== null) checkInput(step, file, needs.get(file.from.task), problems);
    }
    before.set(digest, step);
  }
}

function checkInput(
  step: StepPredicate,
  file: StepPredicate["inputs"]["files"][number],
  source: StepPredicate | undefined,
  problems: string[],
): void {
  const what = `input ${file.path} of ${step.task}`;
  if (source === undefined) {
    problems.push(`${what} came from ${file.from?.task}, which is none of its needs`);
    return;
  }
  const output = source.outputs.find((one) => one.name === file.from?.output);
  if (output?.kind !== "file") {
    problems.push(`${what} came from an output that ${source.task} does not have`);
  } else if (output.digest !== file.digest) {
    problems.push(`${what} is not what ${source.task} put out as ${output.name}`);
  }
}
