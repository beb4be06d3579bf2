// Prometheus metrics of one process. Names, labels and types come from metric-names.ts, so that a
// wrong name or a missing label is a type error. Bound instruments are cheap: keep them where a
// path is hot.

import { Counter, Gauge, Histogram, Registry } from "prom-client";

import { METRICS, type MetricName, type MetricSpec } from "./metric-names.ts";

type NameOf<T extends MetricSpec["type"]> = {
  [N in MetricName]: (typeof METRICS)[N]["type"] extends T ? N : never;
}[MetricName];
type LabelsOf<N extends MetricName> = {
  readonly [L in (typeof METRICS)[N]["labels"][number]]: string;
};

export interface BoundCounter {
  /** Adds `by`, 1 when left out; never negative. */
  inc(by?: number): void;
}
export interface BoundGauge {
  set(value: number): void;
  inc(by?: number): void;
  dec(by?: number): void;
}
export interface BoundHistogram {
  observe(value: number): void;
}

export interface Metrics {
  counter<N extends NameOf<"counter">>(name: N, labels: LabelsOf<N>): BoundCounter;
  gauge<N extends NameOf<"gauge">>(name: N, labels: LabelsOf<N>): BoundGauge;
  histogram<N extends NameOf<"histogram">>(name: N, labels: LabelsOf<N>): BoundHistogram;
  /** Called before each scrape, to set gauges that are cheaper to count than to keep. */
  onScrape(listener: () => void): void;
  /** The Prometheus text format. */
  render(): Promise<string>;
  readonly contentType: string;
}

/**
 * Every line carries `service`. Each call makes a registry of its own: nothing is global. A metric
 * is there from its first use: a service lists what it has, not what others have.
 */
export function createMetrics(service: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  const made = new Map<MetricName, Counter | Gauge | Histogram>();
  const listeners: (() => void)[] = [];
  const had = (name: MetricName): Counter | Gauge | Histogram => {
    const known = made.get(name) ?? make(name, registry);
    made.set(name, known);
    return known;
  };
  const metrics: Metrics = {
    counter: (name, labels) => (had(name) as Counter).labels(labels),
    gauge: (name, labels) => (had(name) as Gauge).labels(labels),
    histogram: (name, labels) => (had(name) as Histogram).labels(labels),
    onScrape: (listener) => void listeners.push(listener),
    render: () => {
      for (const listener of listeners) listener();
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
  watchProcess(metrics);
  return metrics;
}

function make(name: MetricName, registry: Registry): Counter | Gauge | Histogram {
  const spec: MetricSpec = METRICS[name];
  const common = { name, help: spec.help, labelNames: [...spec.labels], registers: [registry] };
  if (spec.type === "counter") return new Counter(common);
  if (spec.type === "gauge") return new Gauge(common);
  return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
}

function watchProcess(metrics: Metrics): void {
  const cpu = metrics.counter("process_cpu_seconds_total", {});
  const memory = metrics.gauge("process_resident_memory_bytes", {});
  const loop = metrics.gauge("nodejs_eventloop_utilization_ratio", {});
  let cpuSeen = 0;
  let loopSeen = performance.eventLoopUtilization();
  metrics.gauge("process_start_time_seconds", {}).set(Math.round(performance.timeOrigin) / 1000);
  metrics.onScrape(() => {
    const { user, system } = process.cpuUsage();
    const seconds = (user + system) / 1e6;
    cpu.inc(seconds - cpuSeen);
    cpuSeen = seconds;
    memory.set(process.memoryUsage.rss());
    const now = performance.eventLoopUtilization();
    loop.set(performance.eventLoopUtilization(now, loopSeen).utilization);
    loopSeen = now;
  });
}
