// What becomes of streams, as operators count it.

import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { StreamMeter } from "./streams/placement.ts";

export function streamMetrics(metrics: Metrics): StreamMeter {
  return {
    onResumed: (cause, gapMs) =>
      metrics.histogram("signalbox_router_resume_gap_seconds", { cause }).observe(gapMs / 1000),
    onRetried: (cause) => metrics.counter("signalbox_router_retries_total", { cause }).inc(),
    onEnded: (outcome) => metrics.counter("signalbox_router_streams_total", { outcome }).inc(),
  };
}
