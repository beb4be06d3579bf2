// How an end is named when a wish to stop it and its own end meet.

import { expect, test } from "vitest";
import { parseAttemptToken } from "#shared/base/ids.ts";
import { DEFAULT_RESOURCES } from "#shared/base/job.ts";
import type { AttemptSpec } from "#shared/base/job.ts";
import { evidenceOf, newAttempt } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import { judge } from "./ending.ts";
import type { QueueEntry } from "./observations.ts";

const SPEC: AttemptSpec = {
  token: parseAttemptToken("abcdefgh23456722-0-1"),
  name: "relax",
  namespace: "lab",
  run: "abcdefgh23456722",
  task: "relax",
  attempt: 1,
  program: { kind: "exec", argv: ["true"] },
  env: {},
  stdin: null,
  files: [],
  outputs: [],
  resources: DEFAULT_RESOURCES,
  timeoutMs: 1_000,
  needsReceipts: [],
  traceparent: null,
};

/** Asked to stop at 2,000 because of its timeout; the wish was made at 1,990. */
function timedOut(): Attempt {
  const attempt = newAttempt(SPEC, 0, evidenceOf("agent", "intent", 0));
  attempt.claim = { nativeId: "7", raw: "claim v1 7", atMs: 900 };
  attempt.cancel = {
    cause: "timeout",
    reason: "ran longer than its timeout of 1000 ms",
    atMs: 1_990,
    durable: true,
    askedAtMs: 2_000,
    tries: 1,
    nextAskMs: 7_000,
  };
  return attempt;
}

test.each([
  { code: 0, atMs: 1_995, cause: "ok" },
  { code: 0, atMs: 2_500, cause: "timeout" },
  { code: 4, atMs: 1_900, cause: "failed" },
  { code: 4, atMs: 1_995, cause: "timeout" },
  { code: 143, atMs: 2_100, cause: "timeout" },
] as const)("exit $code at $atMs ends as $cause", ({ code, atMs, cause }) => {
  const exit = { code, signal: null, cpuMs: 1, maxRssKb: null, atMs, raw: `exit ${code}` };
  expect(judge(timedOut(), exit, null, 3_000).outcome.cause).toBe(cause);
});

test.each([
  { endedAtMs: 1_000, cause: "cancelled" },
  { endedAtMs: 2_100, cause: "timeout" },
  { endedAtMs: null, cause: "timeout" },
] as const)("cancelled in the queue at $endedAtMs ends as $cause", ({ endedAtMs, cause }) => {
  const entry: QueueEntry = {
    ...({ nativeId: "7", queueName: "relax-x", phase: "ended", cause: "cancelled" } as const),
    ...{ exitCode: null, signal: 15, raw: "CANCELLED by 1000", reason: null },
    ...{ submittedAtMs: null, startedAtMs: 900, endedAtMs },
  };
  expect(judge(timedOut(), null, { source: "accounting", entry }, 3_000).outcome.cause).toBe(cause);
});

// The process of a local attempt was killed with its supervisor: no exit line, no time of an end.
test.each([
  { exitHeardAtMs: 1_989, cause: "unknown_outcome" },
  { exitHeardAtMs: 1_990, cause: "timeout" },
  { exitHeardAtMs: null, cause: "timeout" },
] as const)(
  "gone without a word, heard at $exitHeardAtMs, is $cause",
  ({ exitHeardAtMs, cause }) => {
    const attempt = timedOut();
    attempt.exitHeardAtMs = exitHeardAtMs;
    const entry: QueueEntry = {
      ...({
        nativeId: "7",
        queueName: "relax-x",
        phase: "ended",
        cause: "unknown_outcome",
      } as const),
      ...{ exitCode: null, signal: null, raw: "the process is gone", reason: null },
      ...{ submittedAtMs: null, startedAtMs: 900, endedAtMs: null },
    };
    expect(judge(attempt, null, { source: "queue", entry }, 3_000).outcome.cause).toBe(cause);
  },
);
