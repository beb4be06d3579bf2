// The worker service over a simulated engine whose steps take no time, or as long as its parent
// says in a message: what is in front of it is what a benchmark measures.

import { SimulatedEngine } from "#native/index.ts";
import type { Timers } from "#shared/base/clock.ts";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { readConfig } from "../../../services/worker/config.ts";
import { modelCard } from "../../../services/worker/model-card.ts";
import { NO_TOKENIZER } from "../../../services/worker/tokenizer-files.ts";
import { startWorker, TAKE_DOWN_MS } from "../../../services/worker/worker-service.ts";

const settings = readConfig(process.argv.slice(2), process.env);
let stepMs = 0;
process.on("message", (message: { readonly stepMs: number }) => {
  stepMs = message.stepMs;
  process.send?.({ stepMs });
});
process.channel?.unref();

/** A timer of zero takes a millisecond; this is the next turn of the event loop. */
const timers: Timers = {
  after(delayMs, callback) {
    if (delayMs > 0) return systemTimers.after(delayMs, callback);
    const turn = setImmediate(callback);
    return () => clearImmediate(turn);
  },
};
const sequencesMax = 1024;
const engine = new SimulatedEngine({
  ...{ clock: systemClock, timers, latency: () => stepMs, jitter: 0, meanTokens: null },
  ...{ sequencesMax, waitingMax: 4096, blocks: 65_536, stepTokens: 65_536 },
});
const card = modelCard(engine.model, {
  ...{ name: "fast", build: "1", backEnd: "simulated", sequencesMax },
  ...{ tokenizerSha256: "", weightsFingerprint: "" },
});
const logger = createLogger({ service: "worker", level: settings.telemetry.level });
await runService(
  logger,
  (life) =>
    startWorker(life, settings, logger, () =>
      Promise.resolve({ engine, card, tokenizer: NO_TOKENIZER }),
    ),
  { stopMs: settings.worker.drainS * 1000 + TAKE_DOWN_MS },
);
