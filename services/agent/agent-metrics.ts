// The agent's instruments, bound once: looking labels up costs more than the counting.

import type { ErrorCode } from "#shared/base/errors.ts";
import type { BoundCounter, Metrics } from "#shared/telemetry/metrics.ts";
import type { ClusterCore } from "./core/core-state.ts";
import type { SubmitResult } from "./core/observations.ts";

export interface AgentMetrics {
  /** Seconds a journal batch took to become durable. */
  flushed(seconds: number): void;
  submitted(result: SubmitResult["kind"]): void;
  /** One round of commands to the cluster: the call budget. */
  called(command: CallKind, answered: boolean, seconds: number): void;
  reportsSent(count: number): void;
  reconnected(): void;
  artifactBytes(direction: "in" | "out", bytes: number): void;
  fault(part: string, code: ErrorCode): void;
}

export type CallKind = "submit" | "find" | "poll" | "history" | "cancel" | "probe";

const RESULTS = {
  submitted: "accepted",
  refused: "refused",
  later: "failed",
  ambiguous: "ambiguous",
} as const;

export function agentMetrics(
  metrics: Metrics,
  core: ClusterCore,
  cluster: string,
  dialect: string,
): AgentMetrics {
  const flush = metrics.histogram("signalbox_journal_flush_duration_seconds", {});
  const sent = metrics.counter("signalbox_reports_total", { kind: "any", outcome: "sent" });
  const pending = metrics.gauge("signalbox_reports_pending", {});
  const reachable = metrics.gauge("signalbox_cluster_reachable", { cluster });
  const active = metrics.gauge("signalbox_jobs_active", { cluster });
  const gap = metrics.gauge("signalbox_poll_interval_seconds", { dialect });
  const submissions = new Map<string, BoundCounter>();
  for (const result of new Set(Object.values(RESULTS))) {
    submissions.set(result, metrics.counter("signalbox_submissions_total", { dialect, result }));
  }
  metrics.onScrape(() => {
    pending.set(core.reports.unacked.size);
    reachable.set(core.reach.state === "reachable" ? 1 : 0);
    active.set(core.attempts.size);
    gap.set(core.schedule.gapMs / 1000);
  });
  return {
    flushed: (seconds) => flush.observe(seconds),
    submitted: (result) => submissions.get(RESULTS[result])?.inc(),
    called: (command, answered, seconds) => {
      const outcome = answered ? "ok" : "no-answer";
      metrics.counter("signalbox_scheduler_calls_total", { dialect, command, outcome }).inc();
      metrics
        .histogram("signalbox_scheduler_call_duration_seconds", { dialect, command })
        .observe(seconds);
    },
    reportsSent: (count) => sent.inc(count),
    reconnected: () => metrics.counter("signalbox_reconnects_total", { peer: "scheduler" }).inc(),
    artifactBytes: (direction, bytes) =>
      metrics.counter("signalbox_artifact_bytes_total", { direction }).inc(bytes),
    fault: (part, code) => metrics.counter("signalbox_faults_total", { part, code }).inc(),
  };
}
