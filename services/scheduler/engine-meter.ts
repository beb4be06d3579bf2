// What the engine commits, as metrics. Counted from committed events, so that a replay counts
// nothing twice and the cores know nothing of metrics. Gauges begin with what the log already held.

import type { Failure } from "#shared/base/errors.ts";
import type { LogEntry, LogEvent } from "#shared/state/log.ts";
import type { BoundCounter, BoundHistogram, Metrics } from "#shared/telemetry/metrics.ts";
import { clusterAddress, namespaceAddress } from "./core/messages.ts";
import type { Engine } from "./engine.ts";

/** Runs and attempts remembered from one event to a later one; beyond it some go uncounted. */
const REMEMBERED_MAX = 100_000;

export class EngineMeter {
  readonly #metrics: Metrics;
  readonly #driver: string;
  readonly #turns = new Map<string, BoundCounter>(); // As many as there are kinds of actors.
  readonly #commits: BoundCounter;
  readonly #durations: BoundHistogram;
  readonly #decisions: BoundHistogram;
  /** When each run was accepted that has no job on a cluster yet. */
  readonly #accepted = new Map<string, number>();
  /** Cluster of each placed attempt. */
  readonly #placed = new Map<string, string>();

  constructor(metrics: Metrics, driver: string) {
    this.#metrics = metrics;
    this.#driver = driver;
    this.#commits = metrics.counter("signalbox_commits_total", { driver, outcome: "ok" });
    this.#durations = metrics.histogram("signalbox_commit_duration_seconds", { driver });
    this.#decisions = metrics.histogram("signalbox_decision_duration_seconds", {});
  }

  /** Before the first message: what waits and runs by now. */
  async begin(engine: Engine): Promise<void> {
    for (const namespace of await engine.namespaces()) {
      const address = namespaceAddress(namespace);
      const names = await engine.read<"namespace", readonly string[]>(address, (state) => [
        ...(state?.clusters ?? []),
      ]);
      for (const name of names) {
        const { waiting, placed } = await engine.read<
          "cluster",
          { readonly waiting: number; readonly placed: readonly string[] }
        >(clusterAddress(namespace, name), (state) => ({
          waiting: state?.waiting.size ?? 0,
          placed: [...(state?.placed.keys() ?? [])],
        }));
        this.#waiting(name, waiting);
        this.#active(name, placed.length);
        for (const token of placed) remember(this.#placed, token, name);
      }
    }
  }

  onCommit(entries: readonly LogEntry[], tookMs: number): void {
    this.#commits.inc();
    this.#durations.observe(tookMs / 1000);
    for (const { actor, events } of entries) {
      this.#turnsOf(actor.slice(0, actor.indexOf("/"))).inc();
      for (const event of events) this.#onEvent(actor, event);
      this.#countRetry(events);
    }
  }

  /** `fatal`: the partition was given up. */
  onFailure(failure: Failure, fatal: boolean): void {
    const { code } = failure;
    this.#metrics.counter("signalbox_commits_total", { driver: this.#driver, outcome: code }).inc();
    this.#metrics.counter("signalbox_faults_total", { part: "engine", code }).inc();
    if (fatal) this.#metrics.counter("signalbox_partition_drops_total", { code }).inc();
  }

  #turnsOf(actor: string): BoundCounter {
    let turns = this.#turns.get(actor);
    if (turns === undefined) {
      turns = this.#metrics.counter("signalbox_turns_total", { actor, outcome: "ok" });
      this.#turns.set(actor, turns);
    }
    return turns;
  }

  /** An attempt that ended and is made again says both in one turn. */
  #countRetry(events: readonly LogEvent[]): void {
    if (!events.some(({ type }) => type === "job.backoff")) return;
    const ended = events.find(({ type }) => type === "job.attempt-ended");
    const cause =
      (ended?.["outcome"] as { readonly cause: string } | undefined)?.cause ?? "unknown";
    this.#metrics.counter("signalbox_retries_total", { cause }).inc();
  }

  #onEvent(actor: string, event: LogEvent): void {
    const name = actor.slice(actor.lastIndexOf("/") + 1); // A run's id, a cluster's name.
    switch (event.type) {
      case "run.accepted":
        remember(this.#accepted, name, performance.now());
        this.#runs("submitted");
        break;
      case "run.ended":
        this.#runs(event["phase"] as string);
        break;
      case "job.attempt-ended":
        this.#onAttemptEnded(event["token"] as string, event["outcome"]);
        break;
      case "cluster.enqueued":
        this.#waiting(name, 1);
        break;
      case "cluster.withdrawn":
        this.#waiting(name, -1);
        break;
      case "cluster.placed":
        this.#onPlaced(name, event["token"] as string);
        break;
      case "cluster.released":
        this.#active(name, -1);
        break;
      default:
    }
  }

  #onPlaced(cluster: string, token: string): void {
    this.#waiting(cluster, -1);
    this.#active(cluster, 1);
    this.#metrics.counter("signalbox_placed_total", { cluster }).inc();
    remember(this.#placed, token, cluster);
    const run = token.slice(0, token.indexOf("-"));
    const acceptedMs = this.#accepted.get(run);
    if (acceptedMs === undefined) return;
    this.#accepted.delete(run);
    this.#decisions.observe((performance.now() - acceptedMs) / 1000);
  }

  #onAttemptEnded(token: string, outcome: unknown): void {
    const cluster = this.#placed.get(token) ?? "unknown";
    this.#placed.delete(token);
    const { cause } = outcome as { readonly cause: string };
    this.#metrics.counter("signalbox_attempts_ended_total", { cluster, cause }).inc();
  }

  #runs(state: string): void {
    this.#metrics.counter("signalbox_runs_total", { state }).inc();
  }

  #waiting(cluster: string, by: number): void {
    this.#metrics.gauge("signalbox_queue_waiting", { cluster }).inc(by);
  }

  #active(cluster: string, by: number): void {
    this.#metrics.gauge("signalbox_jobs_active", { cluster }).inc(by);
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  if (map.size < REMEMBERED_MAX) map.set(key, value);
}
