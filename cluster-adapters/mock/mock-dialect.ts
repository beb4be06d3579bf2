// The dialect of the scheduler in memory (mock-cluster.ts). Like Slurm's it tells apart what was
// not taken, what was, and what nobody knows; like Slurm's its silence says nothing.

import type { Dialect, JobFiles, LiveJob, QueueAnswer, QueueEntry } from "../adapter.ts";
import type { MockCluster, MockJob } from "./mock-cluster.ts";

/** Any number of agents may hold one over the same cluster. */
export function mockDialect(cluster: MockCluster): Dialect {
  const { timers, random, messageTimeoutMs } = cluster.options;

  const wait = (ms: number): Promise<void> =>
    new Promise((resolve) => void timers.after(ms, resolve));

  /** One call to the scheduler: null when it did not answer. */
  const query = async (pick: () => MockJob[]): Promise<MockJob[] | null> => {
    cluster.calls++;
    const fault = cluster.nextQueryFault();
    if (!cluster.up || fault === "no_answer") {
      await wait(messageTimeoutMs);
      return null;
    }
    if (fault === "slow") await wait(cluster.options.slowMs);
    const jobs = pick().map((job) => ({ ...job }));
    if (fault === "absent_rows") return jobs.filter(() => random.next() < 0.5);
    if (fault === "garbage_words") {
      for (const job of jobs) {
        job.word = "WIBBLING";
        // A word nobody knows is never an end: the job is where its times put it.
        job.phase = job.startedAtMs === null ? "queued" : "running";
      }
    }
    return jobs;
  };

  const answer = async (pick: () => MockJob[], jobs: readonly JobFiles[]): Promise<QueueAnswer> => {
    if (jobs.length === 0) return { kind: "answer", present: [] };
    const rows = await query(pick);
    if (rows === null) return { kind: "no-answer", reason: "the scheduler does not answer" };
    return { kind: "answer", present: entriesFrom(rows, jobs) };
  };

  return {
    name: "mock",
    pollsQueue: true,
    heartbeatS: 0,
    async probe() {
      return {
        dialect: "mock",
        version: "1",
        messageTimeoutMs: 2 * messageTimeoutMs,
        accounting: cluster.options.accounting,
        details: {},
      };
    },
    directives: () => [],
    unsupported: () => [],
    async submit(_spec, files) {
      cluster.calls++;
      const fault = cluster.up ? cluster.nextSubmitFault() : "ambiguous_before_accept";
      if (fault === "refuse") return { kind: "refused", reason: "Invalid account" };
      if (fault === "later") return { kind: "later", reason: "AssocMaxSubmitJobLimit" };
      if (fault === "ambiguous_before_accept") {
        await wait(messageTimeoutMs);
        return { kind: "ambiguous", reason: "Socket timed out on send/recv operation" };
      }
      if (fault === "accepted_late") {
        timers.after(messageTimeoutMs, () => cluster.submit(files.queueName, files.directory));
        await wait(messageTimeoutMs / 2);
        return { kind: "ambiguous", reason: "Socket timed out on send/recv operation" };
      }
      const job = cluster.submit(files.queueName, files.directory);
      if (fault === "ambiguous_after_accept") {
        await wait(messageTimeoutMs);
        return { kind: "ambiguous", reason: "Zero Bytes were transmitted or received" };
      }
      return { kind: "submitted", nativeId: job.nativeId, raw: job.nativeId };
    },
    find: (jobs) => answer(() => cluster.queue(), jobs),
    poll: (live) => answer(() => cluster.queue(), live),
    history: (live) => answer(() => cluster.history(), live),
    async cancel(jobs: readonly LiveJob[]) {
      if (jobs.length === 0) return { kind: "asked" };
      const rows = await query(() => cluster.queue());
      if (rows === null) return { kind: "no-answer", reason: "the scheduler does not answer" };
      cluster.calls++;
      for (const entry of entriesFrom(rows, jobs)) cluster.cancel(entry.nativeId);
      return { kind: "asked" };
    },
  };
}

/** By name, never by id alone: ids are given out again (forgetLast). */
function entriesFrom(rows: readonly MockJob[], jobs: readonly JobFiles[]): QueueEntry[] {
  const names = new Set(jobs.map((job) => job.queueName));
  return rows
    .filter((row) => names.has(row.name))
    .map((row) => {
      const ended = row.phase === "ended";
      return {
        nativeId: row.nativeId,
        queueName: row.name,
        phase: row.phase,
        cause: ended ? row.cause : null,
        exitCode: ended ? (row.end?.exitCode ?? null) : null,
        signal: ended ? (row.end?.signal ?? null) : null,
        raw: row.word,
        reason: null,
        submittedAtMs: row.submittedAtMs,
        startedAtMs: row.startedAtMs,
        endedAtMs: ended ? row.endedAtMs : null,
      };
    });
}
