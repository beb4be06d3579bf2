// Small answers of the simulated world that the agent's shell makes itself, with those of mutants.

import type { AttemptSpec, Outcome } from "#shared/base/job.ts";
import type { ClusterCore } from "../../services/agent/core/core-state.ts";
import { isLive, queueNameOf } from "../../services/agent/core/attempt.ts";
import type { QueueAnswer, QueueEntry, Sealed } from "../../services/agent/core/observations.ts";
import { outputOf } from "./story.ts";

/** What sealing finds: a program that succeeded has said its word. */
export function sealedOf(spec: AttemptSpec, outcome: Outcome): Sealed {
  const said = outcome.cause === "ok";
  return {
    outcome,
    outputs: said ? [{ name: "word", kind: "value", value: outputOf(spec.run, spec.task) }] : [],
    receipt: "{}",
    receiptDigest: `sha256:${"0".repeat(64)}`,
    pushes: [],
  };
}

/** The mutant no-adopt: nobody asked, and it is said that nothing is there. */
export function unasked(): QueueAnswer {
  return { kind: "answer", present: [] };
}

/** The mutant silence-ends: what a healthy queue does not name has ended. */
export function absentAsEnded(core: ClusterCore, answer: QueueAnswer): QueueAnswer {
  if (answer.kind !== "answer") return answer;
  const named = new Set(answer.present.map(({ queueName }) => queueName));
  const missing = [...core.attempts.values()].filter(
    (attempt) => isLive(attempt) && !named.has(queueNameOf(attempt.spec)),
  );
  const ends = missing.map(({ nativeId, spec }): QueueEntry => ({
    nativeId: nativeId ?? "",
    queueName: queueNameOf(spec),
    phase: "ended",
    cause: "failed",
    exitCode: 1,
    signal: null,
    raw: "not in the queue",
    reason: null,
    submittedAtMs: null,
    startedAtMs: null,
    endedAtMs: null,
  }));
  return { ...answer, present: [...answer.present, ...ends] };
}
