// What becomes of streams, as operators count it.

import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { RequestMetrics } from "./requests/request-desk.ts";
import type { StreamMeter } from "./streams/placement.ts";
import type { OnBatch } from "./workers/batched-calls.ts";

export function streamMetrics(metrics: Metrics): StreamMeter {
  return {
    onResumed: (cause, gapMs) =>
      metrics.histogram("signalbox_router_resume_gap_seconds", { cause }).observe(gapMs / 1000),
    onRetried: (cause) => metrics.counter("signalbox_router_retries_total", { cause }).inc(),
    onRefused: (reason) => metrics.counter("signalbox_router_refusals_total", { reason }).inc(),
    onWaited: (priority, waitedMs) =>
      metrics
        .histogram("signalbox_router_queue_wait_seconds", { class: priority })
        .observe(waitedMs / 1000),
    onEnded: (outcome) => metrics.counter("signalbox_router_streams_total", { outcome }).inc(),
  };
}

export function batchMetrics(metrics: Metrics): OnBatch {
  const sizes = {
    requests: metrics.histogram("signalbox_router_batch_size", { of: "requests" }),
    tokens: metrics.histogram("signalbox_router_batch_size", { of: "tokens" }),
  };
  return (of, size) => sizes[of].observe(size);
}

/** `model` is a served model's name, of which there are few; what asked for another has none. */
export function requestMetrics(metrics: Metrics): RequestMetrics {
  const open = metrics.gauge("signalbox_router_requests_open", {});
  return {
    onStart: () => open.inc(),
    onFirstToken: (model, seconds) =>
      metrics.histogram("signalbox_router_first_token_seconds", { model }).observe(seconds),
    onEnd: ({ route, door, model, status, promptTokens, completionTokens, seconds }) => {
      open.dec();
      const named = model ?? "";
      if (door === "http") {
        metrics
          .counter("signalbox_http_requests_total", {
            ...{ method: "POST", route, status: String(status) },
          })
          .inc();
      }
      metrics
        .histogram("signalbox_router_request_duration_seconds", { model: named })
        .observe(seconds);
      metrics
        .counter("signalbox_router_tokens_total", { model: named, kind: "prompt" })
        .inc(promptTokens);
      metrics
        .counter("signalbox_router_tokens_total", { model: named, kind: "output" })
        .inc(completionTokens);
    },
  };
}
