// An ended attempt becomes a report: outputs collected and sealed, the outcome corrected when a
// declared one is missing or too much is declared, the receipt made and signed.

import type { KeyObject } from "node:crypto";
import { join } from "node:path";
import { REPORT_BYTES_MAX } from "#shared/base/job.ts";
import type { Outcome, OutputValue } from "#shared/base/job.ts";
import { encodeEnvelope } from "#shared/receipt/dsse.ts";
import { makeStepReceipt, receiptDigest } from "#shared/receipt/make-receipt.ts";
import type { ArtifactStore } from "#shared/state/artifact-store.ts";
import type { Attempt } from "./core/attempt.ts";
import type { Sealed } from "./core/observations.ts";
import type { ExecutableDigests } from "./executable-digest.ts";
import type { PatternMatcher } from "./pattern-matcher.ts";
import { collectOutputs } from "./staging.ts";
import type { Collected } from "./staging.ts";

/** Of a report, what sealing does not make: its kind, native id and evidence. */
const REST_BYTES_MAX = 8 * 1024;

export interface SealingOptions {
  readonly cluster: string;
  readonly agentId: string;
  readonly privateKey: KeyObject;
  readonly store: ArtifactStore;
  readonly executables: ExecutableDigests;
  readonly matcher: PatternMatcher;
}

/**
 * At once where no file has to be sealed, else later. Throws or rejects when it must be tried
 * again.
 */
export function seal(
  attempt: Attempt,
  directory: string,
  outcome: Outcome,
  options: SealingOptions,
): Sealed | Promise<Sealed> {
  const collected = collectOutputs(attempt.spec, directory, options.store, options.matcher);
  if (!(collected instanceof Promise))
    return finish(attempt, directory, outcome, collected, options);
  return collected.then((all) => finish(attempt, directory, outcome, all, options));
}

function finish(
  attempt: Attempt,
  directory: string,
  judged: Outcome,
  collected: Collected,
  options: SealingOptions,
): Sealed {
  const { outputs, problems } = collected;
  const sealed = sealedOf(attempt, directory, lacking(judged, problems), outputs, options);
  if (fits(sealed)) return sealed;
  // An end without its outputs, which can be told; the whole one never could.
  const outcome = lacking(judged, [
    "its outputs are too large to be reported together: declare large values as files",
  ]);
  const bare = sealedOf(attempt, directory, outcome, [], options);
  return fits(bare) ? bare : { ...bare, receipt: null, receiptDigest: null };
}

function sealedOf(
  { spec, nativeId }: Attempt,
  directory: string,
  outcome: Outcome,
  outputs: readonly OutputValue[],
  options: SealingOptions,
): Sealed {
  const { agentId, cluster, executables } = options;
  const executable = executables.of(spec, join(directory, "work"));
  const facts = { spec, cluster, nativeId, executable, outputs, outcome, agentId };
  const envelope = makeStepReceipt(facts, options.privateKey);
  return {
    outcome,
    outputs,
    receipt: encodeEnvelope(envelope),
    receiptDigest: receiptDigest(envelope),
    pushes: outputs.flatMap((output) => (output.kind === "file" ? [output.digest] : [])),
  };
}

/** As judged, but failed when something is the matter with the outputs. */
function lacking(judged: Outcome, problems: readonly string[]): Outcome {
  if (judged.cause !== "ok" || problems.length === 0) return judged;
  return { ...judged, cause: "failed", message: shorten(problems.join("; ")) };
}

function fits({ outcome, outputs, receipt }: Sealed): boolean {
  const bytes = Buffer.byteLength(JSON.stringify({ outcome, outputs, receipt }));
  return bytes <= REPORT_BYTES_MAX - REST_BYTES_MAX;
}

function shorten(message: string): string {
  return message.length > 500 ? `${message.slice(0, 499)}…` : message;
}
