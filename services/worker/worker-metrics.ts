// The worker's instruments: its own names, and those that dashboards made for vLLM ask for.

import type { signalbox } from "#proto/signalbox.js";
import type { EngineStats } from "#native/index.ts";
import type { BoundCounter, Metrics } from "#shared/telemetry/metrics.ts";
import type { GpuReport, GpuState } from "./core/gpu-health.ts";
import { sharedNowMs } from "./progress-board.ts";
import type { Outcome } from "./sessions.ts";

export interface MeterSources {
  /** Null once the engine has none. */
  readonly stats: () => EngineStats | null;
  readonly links: () => { readonly serve: number; readonly progress: number };
  readonly loopLagMs: () => number;
  /** Null where there are none. */
  readonly gpus: () => GpuReport | null;
}

export interface WorkerMeter {
  onOutcome(outcome: Outcome | "refused"): void;
  /** An idle engine answered the worker's own request. */
  onCanary(): void;
}

/** What tells workers apart whose outputs may differ, as labels. */
export function infoOf({ name, numericsClass }: signalbox.inference.v1.IModel) {
  const { numerics, backEnd, build } = numericsClass ?? {};
  return {
    ...{ model: name ?? "", numerics: numerics ?? "" },
    ...{ back_end: backEnd ?? "", build: build ?? "" },
  };
}

/** How vLLM names the ends that are its own. */
const VLLM_REASONS: { readonly [outcome: string]: string } = {
  stop: "stop",
  length: "length",
  aborted: "abort",
};

export function workerMeter(metrics: Metrics, model: string, sources: MeterSources): WorkerMeter {
  const none = {};
  const named = { model_name: model };
  const follow = followers(metrics, named);
  const running = metrics.gauge("signalbox_worker_running", none);
  const waiting = metrics.gauge("signalbox_worker_waiting", none);
  const vllmRunning = metrics.gauge("vllm:num_requests_running", named);
  const vllmWaiting = metrics.gauge("vllm:num_requests_waiting", named);
  const usage = metrics.gauge("vllm:kv_cache_usage_perc", named);
  const lag = metrics.gauge("signalbox_worker_loop_lag_seconds", none);
  const blocks = (state: string): ReturnType<Metrics["gauge"]> =>
    metrics.gauge("signalbox_worker_kv_blocks", { state });
  const [used, free, cached] = [blocks("used"), blocks("free"), blocks("cached")];
  const link = (role: string): ReturnType<Metrics["gauge"]> =>
    metrics.gauge("signalbox_worker_links_up", { role });
  const [serve, progress] = [link("serve"), link("progress")];
  const setGpus = gpuGauges(metrics);
  metrics.onScrape(() => {
    const up = sources.links();
    serve.set(up.serve);
    progress.set(up.progress);
    lag.set(sources.loopLagMs() / 1000);
    setGpus(sources.gpus());
    const stats = sources.stats();
    if (stats === null) return;
    for (const step of follow) step(stats);
    running.set(stats.running);
    vllmRunning.set(stats.running);
    waiting.set(stats.waiting);
    vllmWaiting.set(stats.waiting);
    used.set(stats.blocks - stats.blocksFree);
    free.set(stats.blocksFree - stats.blocksCached);
    cached.set(stats.blocksCached);
    usage.set(stats.blocks === 0 ? 0 : (stats.blocks - stats.blocksFree) / stats.blocks);
  });
  return {
    onOutcome: (outcome) => {
      metrics.counter("signalbox_worker_requests_total", { outcome }).inc();
      const finished_reason = VLLM_REASONS[outcome];
      if (finished_reason === undefined) return;
      metrics.counter("vllm:request_success_total", { ...named, finished_reason }).inc();
    },
    onCanary: () => metrics.counter("signalbox_worker_canaries_total", none).inc(),
  };
}

/** What is not told any more is not a number: a lost GPU does not use what it used last. */
function gpuGauges(metrics: Metrics): (report: GpuReport | null) => void {
  type Name = (typeof GPU_GAUGES)[number][0];
  const shown = new Set<string>();
  const set = (name: Name, index: number, value: number | null): void => {
    const labels = { gpu: String(index) };
    const key = `${name} ${index}`;
    if (value === null && !shown.has(key)) return;
    shown.add(key);
    metrics.gauge(name, labels).set(value ?? NaN);
  };
  return (report) => {
    if (report === null) return;
    const ageMs = Math.max(0, sharedNowMs() - report.atMs);
    metrics.gauge("signalbox_worker_gpu_age_seconds", {}).set(ageMs / 1000);
    for (const gpu of report.gpus) {
      for (const [name, valueOf] of GPU_GAUGES) set(name, gpu.index, valueOf(gpu));
    }
  };
}

const GPU_GAUGES = [
  ["signalbox_worker_gpu_memory_used_bytes", (it: GpuState) => it.memoryUsedBytes],
  ["signalbox_worker_gpu_memory_total_bytes", (it: GpuState) => it.memoryTotalBytes],
  [
    "signalbox_worker_gpu_utilization_ratio",
    (it: GpuState) => (it.utilisationPercent === null ? null : it.utilisationPercent / 100),
  ],
  ["signalbox_worker_gpu_temperature_celsius", (it: GpuState) => it.temperatureCelsius],
  ["signalbox_worker_gpu_power_watts", (it: GpuState) => it.watts],
  ["signalbox_worker_gpu_ecc_uncorrected", (it: GpuState) => it.eccUncorrected],
  ["signalbox_worker_gpu_last_xid", (it: GpuState) => it.lastXid?.code ?? null],
  ["signalbox_worker_gpu_broken", (it: GpuState) => (it.fault === null ? 0 : 1)],
] as const;

/** The engine counts since it was loaded; counters here take what came since the last scrape. */
function followers(
  metrics: Metrics,
  named: { readonly model_name: string },
): ((stats: EngineStats) => void)[] {
  const tokens = (kind: string): BoundCounter =>
    metrics.counter("signalbox_worker_tokens_total", { kind });
  const of = (
    counters: readonly BoundCounter[],
    total: (stats: EngineStats) => number,
  ): ((stats: EngineStats) => void) => {
    let seen = 0;
    return (stats) => {
      const now = total(stats);
      for (const counter of counters) counter.inc(Math.max(0, now - seen));
      seen = now;
    };
  };
  return [
    of(
      [tokens("drawn"), metrics.counter("vllm:generation_tokens_total", named)],
      (it) => it.tokensOut,
    ),
    of([tokens("prompt")], (it) => it.promptTokens),
    of(
      [tokens("cached"), metrics.counter("vllm:prefix_cache_hits_total", named)],
      (it) => it.cachedTokens,
    ),
    // vLLM counts a prompt's tokens whether they were computed or found.
    of(
      [metrics.counter("vllm:prompt_tokens_total", named)],
      (it) => it.promptTokens + it.cachedTokens,
    ),
    of([metrics.counter("vllm:prefix_cache_queries_total", named)], (it) => it.cacheQueries),
    of(
      [
        metrics.counter("signalbox_worker_preemptions_total", {}),
        metrics.counter("vllm:num_preemptions_total", named),
      ],
      (it) => it.preemptions,
    ),
    of([metrics.counter("signalbox_worker_steps_total", {})], (it) => it.step),
    of([metrics.counter("signalbox_worker_step_seconds_total", {})], (it) => it.stepSeconds),
  ];
}
