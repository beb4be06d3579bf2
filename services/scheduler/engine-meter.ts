// What the engine commits, as metrics. Counted from events, so that a replay counts nothing twice and
// the cores know nothing of metrics.

import type { LogEntry } from "#shared/state/log.ts";
import type { BoundCounter, BoundHistogram, Metrics } from "#shared/telemetry/metrics.ts";

export class EngineMeter {
  readonly #metrics: Metrics;
  readonly #commits: BoundCounter;
  readonly #durations: BoundHistogram;

  constructor(metrics: Metrics, driver: string) {
    this.#metrics = metrics;
    this.#commits = metrics.counter("signalbox_commits_total", { driver, outcome: "ok" });
    this.#durations = metrics.histogram("signalbox_commit_duration_seconds", { driver });
  }

  onCommit(entries: readonly LogEntry[], tookMs: number): void {
    this.#commits.inc();
    this.#durations.observe(tookMs / 1000);
    for (const { actor, events } of entries) {
      for (const event of events) {
        if (event.type === "run.accepted") this.#runs("submitted");
        else if (event.type === "run.ended") this.#runs(String(event["phase"]));
        else if (event.type === "cluster.placed") this.#placed(actor);
        else if (event.type === "job.attempt-ended") this.#ended(event);
      }
    }
  }

  #runs(state: string): void {
    this.#metrics.counter("signalbox_runs_total", { state }).inc();
  }

  #placed(actor: string): void {
    const cluster = actor.split("/")[2] ?? "";
    this.#metrics.counter("signalbox_placed_total", { cluster }).inc();
  }

  #ended(event: { readonly [member: string]: unknown }): void {
    const outcome = event["outcome"] as { readonly cause?: string } | undefined;
    const cluster = String(event["cluster"] ?? "");
    this.#metrics.counter("signalbox_attempts_ended_total", { cluster, cause: outcome?.cause ?? "unknown_outcome" }).inc();
  }
}
