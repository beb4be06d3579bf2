// One attempt as its agent knows it: a union state, and the facts gathered so far.
//
//   intended → (adopting | preparing → ready → submitting | ambiguous | held-back)
//            → bound → running → ended → sealing → reporting → reported

import type { AttemptPhase, AttemptSpec, EndCause, Evidence, Outcome } from "#shared/base/job.ts";
import type { AttemptToken } from "#shared/base/ids.ts";
import type { Claim, ExitLine, QueueEntry, Sealed } from "./observations.ts";

/** Nobody knows whether the cluster has it. */
export interface Doubt {
  readonly sinceMs: number;
  /** Times the queue answered, after `sinceMs`, that it does not have it. */
  readonly healthyAbsences: number;
  readonly tries: number;
  readonly askedAtMs: number;
  /** When the question was asked that found it absent last. */
  readonly absentAtMs: number | null;
  readonly nextAskMs: number;
  /** The question is out; only its own answer counts. */
  readonly asking: boolean;
}

/** Why submitting was right: kept as the proof that checkInvariants() looks at. */
export type Permit =
  /** This process made the intent and published the directory: nothing can be there yet. */
  | { readonly kind: "first" }
  /** No directory was ever published, and the queue, asked once, does not know it. */
  | { readonly kind: "asked"; readonly healthyAbsences: number }
  /** It may have been taken before; the wait of DESIGN §5 is over. */
  | {
      readonly kind: "waited";
      readonly sinceMs: number;
      readonly healthyAbsences: number;
      readonly atMs: number;
    };

export type AttemptState =
  /** Its intent is not durable yet. */
  | { readonly kind: "intended" }
  /**
   * After a restart, without a directory: it was hardly submitted, but ask before anything else.
   */
  | { readonly kind: "adopting"; readonly doubt: Doubt }
  | {
      readonly kind: "preparing";
      readonly permit: Permit;
      readonly tries: number;
      readonly retryAtMs: number | null;
    }
  /** Waits for a call of the budget. */
  | { readonly kind: "ready"; readonly permit: Permit }
  | { readonly kind: "submitting"; readonly permit: Permit }
  /** The cluster said not now, and took nothing. */
  | { readonly kind: "held-back"; readonly permit: Permit; readonly untilMs: number }
  /** It may have been submitted. */
  | { readonly kind: "ambiguous"; readonly doubt: Doubt }
  /** The agent is taking the claim itself, so that no late job can run. */
  | {
      readonly kind: "fencing";
      readonly cause: EndCause;
      readonly message: string;
      readonly retryAtMs: number | null;
      /** What will be reported once no job of it can run any more; absent when that was the wish. */
      readonly end?: End;
    }
  | { readonly kind: "bound" }
  | { readonly kind: "running"; readonly startedAtMs: number; readonly paused: boolean }
  /** One witness said it ended; the other is given until `untilMs` to speak. */
  | {
      readonly kind: "ended";
      readonly exit: ExitLine | null;
      readonly word: Word | null;
      readonly untilMs: number;
    }
  | {
      readonly kind: "sealing";
      readonly end: End;
      readonly tries: number;
      readonly retryAtMs: number | null;
    }
  | { readonly kind: "reporting"; readonly end: End; readonly sealed: Sealed }
  | { readonly kind: "reported"; readonly seq: number };

/** A queue's or accounting's word that a job has ended. */
export interface Word {
  readonly source: "queue" | "accounting";
  readonly entry: QueueEntry;
}

/** What an end rests on. There is no member for silence. */
export type EndProof =
  | "exit-line"
  | "queue-word"
  | "accounting-word"
  /** The cluster refused it, or it cannot be made ready. */
  | "refused"
  /** The agent holds the claim, or never submitted it. */
  | "never-ran"
  /** Claimed, gone from a healthy queue, heartbeats stopped: it is over, nobody knows how. */
  | "gone";

export interface End {
  readonly outcome: Outcome;
  readonly evidence: Evidence;
  readonly proof: EndProof;
  /** Never ran: there is nothing to seal and no receipt. */
  readonly ran: boolean;
}

export interface CancelWish {
  readonly cause: Extract<EndCause, "cancelled" | "timeout">;
  readonly reason: string;
  readonly atMs: number;
  /** The wish survives a crash from here on; only then is the cluster asked. */
  readonly durable: boolean;
  readonly askedAtMs: number | null;
  readonly tries: number;
  readonly nextAskMs: number;
}

/** Missing from a healthy queue since when, and how often in a row. */
export interface Absence {
  readonly sinceMs: number;
  readonly count: number;
  /** When the status file was last seen to grow, or it was first missed: on our clock. */
  readonly aliveAtMs: number;
}

export interface Attempt {
  readonly token: AttemptToken;
  readonly spec: AttemptSpec;
  readonly intendedAtMs: number;
  state: AttemptState;
  /** How often a submission was wished for, in all lives of this journal as far as known. */
  submits: number;
  /** How often the cluster said "not now". */
  heldBack: number;
  intentDurable: boolean;
  /** Published, so it may have been submitted. */
  directoryExists: boolean;
  /** The cluster's id; the claim's winner once there is a claim. `null` while unknown. */
  nativeId: string | null;
  /** Every id this attempt was ever given, newest last, at most NATIVE_IDS_MAX. */
  nativeIds: string[];
  boundAtMs: number;
  claim: Claim | null;
  word: Word | null;
  /** Entries of other ids of this attempt that the last healthy answer showed alive. */
  othersAlive: boolean;
  absence: Absence | null;
  /** Size of the status file when last read. */
  statusBytes: number;
  cancel: CancelWish | null;
  /** A process whose exit the dialect announces by itself. */
  watched: boolean;
  /** When the dialect announced the exit of its process. */
  exitHeardAtMs: number | null;
  reading: boolean;
  /** The scheduler has committed its end, or says so: it is forgotten once its end is reported. */
  forgetAsked: boolean;
  /** The latest fact the state rests on. */
  proof: Evidence;
  reportedPhase: AttemptPhase | null;
  reportedNativeId: string | null;
  phaseReports: number;
  toldUnreachable: boolean;
}

export const NATIVE_IDS_MAX = 8;
/** A queue that flaps must not fill the journal; ends are always reported. */
export const PHASE_REPORTS_MAX = 64;

export function newAttempt(spec: AttemptSpec, intendedAtMs: number, proof: Evidence): Attempt {
  return {
    token: spec.token,
    spec,
    intendedAtMs,
    state: { kind: "intended" },
    submits: 0,
    heldBack: 0,
    intentDurable: false,
    directoryExists: false,
    nativeId: null,
    nativeIds: [],
    boundAtMs: 0,
    claim: null,
    word: null,
    othersAlive: false,
    absence: null,
    statusBytes: 0,
    cancel: null,
    watched: false,
    exitHeardAtMs: null,
    reading: false,
    forgetAsked: false,
    proof,
    reportedPhase: null,
    reportedNativeId: null,
    phaseReports: 0,
    toldUnreachable: false,
  };
}

export function newDoubt(nowMs: number): Doubt {
  return {
    sinceMs: nowMs,
    healthyAbsences: 0,
    tries: 0,
    askedAtMs: nowMs,
    absentAtMs: null,
    nextAskMs: nowMs,
    asking: false,
  };
}

/** `relax-<token>`: what the cluster's queue shows and adoption looks for. */
export function queueNameOf(spec: AttemptSpec): string {
  return `${spec.name}-${spec.token}`;
}

export function isLive(attempt: Attempt): boolean {
  const { kind } = attempt.state;
  return kind === "bound" || kind === "running" || kind === "ended";
}

export function isOver(attempt: Attempt): boolean {
  const { kind } = attempt.state;
  return kind === "sealing" || kind === "reporting" || kind === "reported";
}

/** An evidence's text is at most 500 characters (services/shared/base/job.ts). */
export function evidenceOf(source: Evidence["source"], raw: string, atMs: number): Evidence {
  return { source, raw: raw.length > 500 ? `${raw.slice(0, 499)}…` : raw, atMs };
}
