// A run's receipts as one file that verifies with nothing else at hand: the scheduler's key, its
// word for each agent's key, the steps' receipts in the run's order, and the run's receipt over
// them.

import type { KeyObject } from "node:crypto";
import { canonicalJson } from "../base/canonical-json.ts";
import type { Envelope } from "./dsse.ts";
import { decodeBase64, payloadOf } from "./dsse.ts";
import { exportPublicRaw } from "./keys.ts";
import { receiptDigest } from "./make-receipt.ts";
import type { EnrolmentPredicate, RunPredicate } from "./statements.ts";
import { sha256 } from "./statements.ts";

export const BUNDLE_TYPE = "application/vnd.signalbox.receipts.v1+json";

export interface Bundle {
  readonly mediaType: typeof BUNDLE_TYPE;
  /** Base64 of the scheduler's 32 raw bytes. */
  readonly schedulerKey: string;
  /** By digest, only those whose key signed a step here. */
  readonly enrolments: readonly Envelope[];
  /** In the run's order; steps of which nothing ever ran have none. */
  readonly steps: readonly Envelope[];
  readonly run: Envelope;
}

export interface BundleParts {
  readonly schedulerKey: KeyObject;
  /** All that may be needed; those of other agents are left out. */
  readonly enrolments: readonly Envelope[];
  /** In any order: the run's receipt gives it. */
  readonly steps: readonly Envelope[];
  readonly run: Envelope;
}

/** The bundle's one text. Receipts the run does not list are left out. */
export function encodeBundle(parts: BundleParts): string {
  const byDigest = new Map(parts.steps.map((step) => [receiptDigest(step), step]));
  const steps = statementOf<RunPredicate>(parts.run).predicate.steps.flatMap(({ receipt }) => {
    const step = receipt === null ? undefined : byDigest.get(receipt);
    return step === undefined ? [] : [step];
  });
  const signers = new Set(steps.map((step) => step.signatures[0].keyid));
  const enrolments = new Map<string, Envelope>();
  for (const enrolment of parts.enrolments) {
    if (signers.has(enrolledKey(statementOf<EnrolmentPredicate>(enrolment).predicate))) {
      enrolments.set(receiptDigest(enrolment), enrolment);
    }
  }
  const bundle: Bundle = {
    mediaType: BUNDLE_TYPE,
    schedulerKey: Buffer.from(exportPublicRaw(parts.schedulerKey)).toString("base64"),
    enrolments: [...enrolments.keys()].sort().map((digest) => enrolments.get(digest) as Envelope),
    steps,
    run: parts.run,
  };
  return canonicalJson(bundle);
}

/** The fingerprint of the key an enrolment is about. */
export function enrolledKey(predicate: Pick<EnrolmentPredicate, "publicKey">): string {
  return sha256(decodeBase64(predicate.publicKey) ?? "");
}

/** For an envelope of our own making; what comes from outside is verified first. */
function statementOf<P>(envelope: Envelope): { readonly predicate: P } {
  return JSON.parse(Buffer.from(payloadOf(envelope) ?? []).toString()) as { readonly predicate: P };
}
