// Counts served calls, with instruments bound once per method: looking labels up costs more than
// the counting.

import type { ErrorCode } from "#shared/base/errors.ts";
import type {
  BoundCounter,
  BoundGauge,
  BoundHistogram,
  Metrics,
} from "#shared/telemetry/metrics.ts";

type CallCode = ErrorCode | "OK";

interface Instruments {
  readonly durations: BoundHistogram;
  readonly open: BoundGauge;
  readonly ended: Map<CallCode, BoundCounter>;
}

export class CallMeter {
  readonly #metrics: Metrics;
  readonly #methods = new Map<string, Instruments>(); // As many as there are methods.

  constructor(metrics: Metrics) {
    this.#metrics = metrics;
  }

  /** Call the answer once, when the call has ended. */
  begin(method: string, streaming: boolean): (code: CallCode) => void {
    const instruments = this.#instrumentsOf(method);
    if (streaming) instruments.open.inc();
    const startedMs = performance.now();
    return (code) => {
      if (streaming) instruments.open.dec();
      else instruments.durations.observe((performance.now() - startedMs) / 1000);
      this.#countOf(instruments, method, code).inc();
    };
  }

  #instrumentsOf(method: string): Instruments {
    let found = this.#methods.get(method);
    if (found === undefined) {
      found = {
        durations: this.#metrics.histogram("signalbox_grpc_request_duration_seconds", { method }),
        open: this.#metrics.gauge("signalbox_grpc_streams_open", { method }),
        ended: new Map(),
      };
      this.#methods.set(method, found);
    }
    return found;
  }

  #countOf(instruments: Instruments, method: string, code: CallCode): BoundCounter {
    let found = instruments.ended.get(code);
    if (found === undefined) {
      found = this.#metrics.counter("signalbox_grpc_requests_total", { method, code });
      instruments.ended.set(code, found);
    }
    return found;
  }
}
