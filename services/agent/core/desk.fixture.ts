// A core in a test's hands: the journal and sealing answer at once, everything else is told.

import { expect } from "vitest";
import type { AttemptReport, EndCause } from "#shared/base/job.ts";
import { onEvents } from "./cluster-core.ts";
import type { CoreConfig } from "./core-state.ts";
import { checkInvariants } from "./invariants.ts";
import { FENCE_NATIVE_ID } from "./observations.ts";
import type { JobStatus, QueueEntry } from "./observations.ts";
import { EMPTY_JOURNAL, restoreCore } from "./restore.ts";
import { SIM_CONFIG, specOf } from "./simulated-cluster.fixture.ts";
import type { AgentEvent, JournalRow, Wish } from "./wishes.ts";

export const SPEC = specOf(0);
export const { token } = SPEC;

export class Desk {
  nowMs = 1_000_000;
  core;
  wishes: Wish[] = [];
  rows: JournalRow[] = [];

  constructor(config: Partial<CoreConfig> = {}) {
    this.core = restoreCore({ ...SIM_CONFIG, ...config }, EMPTY_JOURNAL, [], this.nowMs);
    this.tell({ kind: "welcomed", epoch: 1, reportSeen: 0 });
  }

  tell(event: AgentEvent): void {
    onEvents(this.core, { wish: (wish) => this.wishes.push(wish) }, [event], this.nowMs);
    checkInvariants(this.core, this.nowMs);
    for (let wish = this.take("journal"); wish !== null; wish = this.take("journal")) {
      this.rows.push(...wish.rows);
      this.tell({ kind: "journalled", batch: wish.batch });
    }
  }

  /** The first wish of this kind, taken off the list. */
  take<K extends Wish["kind"]>(kind: K): (Wish & { kind: K }) | null {
    const at = this.wishes.findIndex((wish) => wish.kind === kind);
    if (at < 0) return null;
    return this.wishes.splice(at, 1)[0] as Wish & { kind: K };
  }

  kinds(): string[] {
    return this.wishes
      .map((wish) => wish.kind)
      .filter((kind) => kind !== "poll" && kind !== "ack-commands");
  }

  wait(ms: number): void {
    this.nowMs += ms;
    this.tell({ kind: "tick" });
  }

  submit(): void {
    this.tell({ kind: "command", seq: 1, epoch: 1, command: { kind: "submit", spec: SPEC } });
    this.tell({ kind: "prepared", token, existed: false });
  }

  /** Submitted and bound to `nativeId`. */
  bound(nativeId = "17"): void {
    this.submit();
    expect(this.take("submit")).not.toBeNull();
    const result = { kind: "submitted", nativeId, raw: nativeId } as const;
    this.tell({ kind: "submitted", token, result, watched: false });
  }

  poll(...present: QueueEntry[]): void {
    this.wait(Math.max(1, this.core.schedule.nextAtMs - this.nowMs + 1)); // Time goes on only.
    expect(this.take("poll")).not.toBeNull();
    this.tell({ kind: "polled", startedAtMs: this.nowMs, answer: { kind: "answer", present } });
  }

  status(extra: Partial<JobStatus> = {}): void {
    this.take("read-status");
    this.tell({ kind: "statuses", statuses: [{ ...NO_STATUS, ...extra }] });
  }

  /** The agent takes the claim of what never ran, so that it never will. */
  fence(): void {
    expect(this.take("take-claim")).not.toBeNull();
    this.tell({ kind: "claim-taken", token, claim: claim(FENCE_NATIVE_ID) });
  }

  seal(): EndCause {
    const wish = this.take("seal");
    expect(wish).not.toBeNull();
    const outcome = wish?.outcome;
    if (outcome === undefined) throw new Error("nothing to seal");
    const sealed = {
      outcome,
      outputs: [],
      receipt: "{}",
      receiptDigest: null,
      pushes: ["sha256:1"],
    };
    this.tell({ kind: "sealed", token, sealed });
    return outcome.cause;
  }

  end(): AttemptReport & { kind: "ended" } {
    const ends = [...this.core.reports.unacked.values()].map(({ report }) => report);
    const end = ends.find((report) => report.kind === "ended");
    if (end === undefined) throw new Error("no end was reported");
    return end;
  }

  get state(): string {
    return this.core.attempts.get(token)?.state.kind ?? "none";
  }
}

export const NO_STATUS: JobStatus = {
  token,
  directoryExists: true,
  claim: null,
  startedAtMs: null,
  statusBytes: 0,
  exit: null,
};

export function entry(
  nativeId: string,
  phase: QueueEntry["phase"],
  cause: EndCause | null = null,
): QueueEntry {
  return {
    nativeId,
    queueName: `relax-${token}`,
    phase,
    cause,
    exitCode: null,
    signal: null,
    raw: cause === null ? phase.toUpperCase() : cause.toUpperCase(),
    reason: null,
    submittedAtMs: null,
    startedAtMs: null,
    endedAtMs: null,
  };
}

export const claim = (nativeId: string) => ({
  nativeId,
  raw: `claim v1 ${nativeId}`,
  atMs: 1_000_000,
});
export const exitLine = (code: number, signal: number | null = null) => ({
  code,
  signal,
  cpuMs: 5,
  maxRssKb: null,
  atMs: 1_000_500,
  raw: `exit ${code} ${signal ?? 0}`,
});
export const queued = entry("17", "queued");
