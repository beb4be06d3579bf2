// The gRPC front door: InferenceService and grpc.health.v1 on one address.

import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { Failure } from "#shared/base/errors.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import type { DeskOptions } from "../requests/request-desk.ts";
import { RouterCalls } from "./call-server.ts";
import { listenHttp2 } from "./http2-listener.ts";
import { INFERENCE_SERVICE, inferenceMethods, type InferenceParts } from "./inference-methods.ts";

export interface InferenceServerOptions extends InferenceParts, DeskOptions {
  /** `HOST:PORT`; port 0 lets the system choose. */
  readonly listen: string;
  /** Without a certificate: plain text. */
  readonly tls: TlsFiles;
  readonly metered: Metrics;
  readonly logger: Logger;
}

export interface InferenceServer {
  /** `HOST:PORT` as bound. */
  readonly address: string;
  /** Requests being answered. */
  active(): number;
  /** Models came or went. */
  refresh(): void;
  /** Refuses what is new, lets the rest end, ends what is left after `deadlineMs`. */
  stop(deadlineMs: number): Promise<void>;
}

/** For statuses to leave before connections are cut. */
const LAST_WORDS_MS = 1_000;

/** UNAVAILABLE when the address cannot be had. */
export async function startInferenceServer(
  options: InferenceServerOptions,
): Promise<InferenceServer> {
  const calls = new RouterCalls({
    ...options,
    methods: inferenceMethods(options),
    services: [INFERENCE_SERVICE],
    serves: () => options.catalog.models().some((model) => model.state === "ready"),
  });
  const listener = await listenHttp2({ ...options, calls });
  return {
    address: listener.address,
    active: () => calls.desk.active,
    refresh: () => calls.refresh(),
    stop: async (deadlineMs) => {
      const drained = calls.desk.drain();
      calls.refresh();
      const closed = listener.close();
      const late = new Failure("UNAVAILABLE", "the router stops; ask another one");
      const { timers } = options;
      const cancelLate = timers.after(deadlineMs, () => calls.desk.abortAll(late));
      await drained;
      cancelLate();
      const cancelCut = timers.after(LAST_WORDS_MS, () => listener.destroy());
      await closed;
      cancelCut();
    },
  };
}
