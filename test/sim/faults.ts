// What can go wrong in a simulated world, how often in this one, and how often it did.
//
// Each seed draws its own mix: some faults are off, some rare, some frequent. A mix of everything
// at once would hide what only shows when one fault meets a quiet system.

import { randomInt } from "#shared/base/prng.ts";
import type { Random } from "#shared/base/prng.ts";

/** Every kind, with the words a reader needs. A long run must hit each one. */
export const FAULT_KINDS = {
  "scheduler-killed": "the scheduler dies at any moment",
  "scheduler-killed-before-append": "… when a record is ready and not sent",
  "scheduler-killed-before-ack": "… when the log has the record and the answer is on its way",
  "scheduler-killed-after-ack": "… when the answer came and nothing has left yet",
  "scheduler-killed-opening": "… while it claims and replays",
  "scheduler-rival": "a second scheduler takes the log while the first lives",
  "scheduler-fenced": "the old scheduler was refused by the log",
  "log-answer-lost": "the log wrote a record and its answer got lost",
  "log-request-lost": "a request to the log got lost",
  "log-request-late": "an append arrives after its sender stopped waiting",
  "log-request-twice": "an append arrives twice",
  "log-stale-read": "a read misses the last record",
  "log-sealed-by-rival": "somebody seals the log with a higher epoch and goes away",
  "log-tail-lost": "the log's machine loses power with records not yet on disk",
  "log-full": "the log takes nothing for a while",
  "agent-killed": "the agent dies at any moment",
  "agent-killed-mid-submission": "… with an attempt between intent and binding",
  "agent-killed-unflushed": "… with journal rows not on disk",
  "journal-deleted": "the agent comes back without its journal",
  "journal-refused": "the agent's disk takes nothing for a while",
  "prepare-failed": "a job directory could not be made now",
  "controller-killed": "slurmctld dies and comes back",
  "controller-forgot": "… and has forgotten a job it had accepted",
  "controller-silent": "slurmctld is stopped for a while",
  "controller-slow": "slurmctld answers late, or too late",
  "controller-garbage": "an answer that nobody understands",
  "submit-answer-lost": "a job was accepted and the answer got lost",
  "submit-request-lost": "a submission never arrived",
  "submit-late": "a submission is accepted long after its sender gave up",
  "submit-not-now": "the cluster says not now",
  "node-failed": "a node dies with its job",
  "start-delayed": "a job starts minutes after it was sent to its node",
  "claim-lost": "a second job of an attempt found the claim taken",
  "link-cut": "the agent's stream breaks",
  "link-messages-lost": "… with messages under way",
} as const;

export type FaultKind = keyof typeof FAULT_KINDS;
export type FaultCounts = Record<FaultKind, number>;

export function noFaults(): FaultCounts {
  return Object.fromEntries(Object.keys(FAULT_KINDS).map((kind) => [kind, 0])) as FaultCounts;
}

/** One world's mix, from 0 to 1 of the occasions each can strike. */
export interface FaultMix {
  readonly commitKill: number;
  readonly openKill: number;
  readonly logAnswerLost: number;
  readonly logRequestLost: number;
  readonly logLate: number;
  readonly logTwice: number;
  readonly logStale: number;
  readonly logRival: number;
  readonly logPowerCut: number;
  readonly agentKill: number;
  /** … while rows of its journal are on their way to the disk. */
  readonly flushKill: number;
  readonly prepareFailed: number;
  readonly garbage: number;
  readonly answerLost: number;
  readonly requestLost: number;
  readonly late: number;
  readonly notNow: number;
  readonly nodeFailed: number;
  readonly startDelayed: number;
  /** Mean gap between faults that come by the clock; Infinity for none of a kind. */
  readonly gapMs: { readonly [K in TimedFault]: number };
}

export const TIMED_FAULTS = [
  "scheduler-killed",
  "scheduler-rival",
  "log-full",
  "agent-killed",
  "journal-deleted",
  "journal-refused",
  "controller-killed",
  "controller-silent",
  "controller-slow",
  "link-cut",
] as const;
export type TimedFault = (typeof TIMED_FAULTS)[number];

export const CALM: FaultMix = {
  commitKill: 0,
  openKill: 0,
  logAnswerLost: 0,
  logRequestLost: 0,
  logLate: 0,
  logTwice: 0,
  logStale: 0,
  logRival: 0,
  logPowerCut: 0,
  agentKill: 0,
  flushKill: 0,
  prepareFailed: 0,
  garbage: 0,
  answerLost: 0,
  requestLost: 0,
  late: 0,
  notNow: 0,
  nodeFailed: 0,
  startDelayed: 0,
  gapMs: Object.fromEntries(
    TIMED_FAULTS.map((kind) => [kind, Number.POSITIVE_INFINITY]),
  ) as FaultMix["gapMs"],
};

/** Each kind is off in about half of all worlds. */
export function drawMix(random: Random): FaultMix {
  const rate = (max: number): number => (random.next() < 0.5 ? 0 : max * random.next());
  const gap = (minMs: number): number =>
    random.next() < 0.5 ? Number.POSITIVE_INFINITY : minMs * (1 + randomInt(random, 10));
  return {
    commitKill: rate(0.08),
    openKill: rate(0.3),
    logAnswerLost: rate(0.1),
    logRequestLost: rate(0.1),
    logLate: rate(0.1),
    logTwice: rate(0.2),
    logStale: rate(0.2),
    logRival: rate(0.02),
    logPowerCut: rate(0.08),
    agentKill: rate(0.03),
    flushKill: rate(0.05),
    prepareFailed: rate(0.15),
    garbage: rate(0.2),
    answerLost: rate(0.3),
    requestLost: rate(0.2),
    late: rate(0.5),
    notNow: rate(0.2),
    nodeFailed: rate(0.25),
    startDelayed: rate(0.5),
    gapMs: {
      "scheduler-killed": gap(15_000),
      "scheduler-rival": gap(30_000),
      "log-full": gap(30_000),
      "agent-killed": gap(10_000),
      "journal-deleted": gap(30_000),
      "journal-refused": gap(30_000),
      "controller-killed": gap(15_000),
      "controller-silent": gap(20_000),
      "controller-slow": gap(20_000),
      "link-cut": gap(10_000),
    },
  };
}
