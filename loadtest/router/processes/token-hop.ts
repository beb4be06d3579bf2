// The router's middle alone, with its caller in the same process: workers dial it, streams are read
// here, and no HTTP is in front. Its parent asks for a closed loop and gets its timings.

import { Failure } from "#shared/base/errors.ts";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { NO_TLS } from "#shared/mesh/tls.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { ADMISSION_DEFAULTS } from "../../../services/router/core/admission.ts";
import { FLEET_DEFAULTS, newFleet } from "../../../services/router/core/fleet.ts";
import { FleetPlacement } from "../../../services/router/streams/fleet-placement.ts";
import { TokenRouter } from "../../../services/router/streams/token-router.ts";
import { streamMetrics } from "../../../services/router/stream-metrics.ts";
import type { TokenRequest } from "../../../services/router/token-source.ts";
import { TurnQueue } from "../../../services/router/wire/turn-queue.ts";
import { WorkerSet } from "../../../services/router/workers/worker-set.ts";
import { closedLoop, type Load } from "../closed-loop.ts";
import type { StreamTiming } from "../latency-figures.ts";
import { promptOf } from "../requests.ts";

const clock = systemClock;
const fleet = newFleet(FLEET_DEFAULTS, 1, clock.monotonicMs());
const placement = new FleetPlacement(fleet, clock);
const router = new TokenRouter({
  ...{ placement, meter: streamMetrics(createMetrics("router")) },
  ...{ freshWaitMs: 10_000, resumeWaitMs: 10_000 },
  ...{ admission: { ...ADMISSION_DEFAULTS, namespaceMax: Infinity }, timers: systemTimers },
});
const workers = await WorkerSet.start({
  ...{ name: "bench", listen: "127.0.0.1:0", tls: NO_TLS, fleet, clock, secret: null },
  turns: new TurnQueue(),
  ...{ logger: createLogger({ service: "router", level: "error" }), crossClasses: false },
  onStalled: (key, why) => router.onWorkerStalled(key, why),
  onChanged: () => placement.wakeAll(),
  onRoom: () => router.onRoom(),
  ...{ onTokenizer: () => {}, onBatch: () => {} },
  silentFor: (silentMs) => router.silentFor(silentMs),
});
placement.attach(workers);
process.on("message", (load: Load) => {
  void closedLoop(load, (tokens) => streamOnce(tokens)).then((turn) => process.send?.(turn));
});
process.channel?.unref();
process.once("SIGTERM", () => process.exit(0));
const { address } = workers;
const ready = { ready: true, workers: address, pid: process.pid };
process.stdout.write(`${JSON.stringify(ready)}\n`);

let made = 0;
async function streamOnce(tokens: number): Promise<StreamTiming> {
  const request = requestOf((made += 1), tokens);
  const startedMs = performance.now();
  const messageMs: number[] = [];
  let count = 0;
  for await (const chunk of router.open(request, new AbortController().signal)) {
    if (chunk.tokenIds.length > 0) messageMs.push(performance.now());
    count += chunk.tokenIds.length;
  }
  if (count !== tokens) throw new Failure("CORRUPT", `${count} tokens of ${tokens}`);
  return { startedMs, messageMs, endedMs: performance.now(), tokens };
}

function requestOf(serial: number, tokens: number): TokenRequest {
  return {
    ...{ id: `hop-${serial}`, model: "fast", promptIds: promptOf(serial), resumeIds: [] },
    ...{
      namespace: "bench",
      cacheSalt: "",
      priority: "normal",
      session: null,
      mask: null,
      onWorked: null,
    },
    sampling: {
      ...{ temperature: 0, topK: null, topP: null, minP: null, repetitionPenalty: null },
      ...{ presencePenalty: null, frequencyPenalty: null, logitBias: [], stopIds: [] },
      ...{ ignoreEos: true, minTokens: 0, maxTokens: tokens, seed: serial, logprobs: null },
    },
  };
}
