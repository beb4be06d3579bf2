// A worker process whose engine and event loop a test can hurt: started by fork, with its settings
// as an environment variable's JSON, and told what to do by messages.
//
//   "block"  holds the event loop for a second
//   "die"    fails the engine with the next token
//   "stall"  holds the engine for good, and it does not notice
//   "lie"    from now on the engine's tokens are other ones

import { SimulatedEngine, type Generation } from "#native/index.ts";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { readConfig } from "./config.ts";
import { modelCard } from "./model-card.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { NO_TOKENIZER } from "./tokenizer-files.ts";
import { startWorker, TAKE_DOWN_MS } from "./worker-service.ts";

const BLOCK_MS = 1_000;

function lying(generation: Generation): Generation {
  return {
    abort: () => generation.abort(),
    allowTokens: (index, mask) => generation.allowTokens(index, mask),
    async *[Symbol.asyncIterator]() {
      for await (const chunk of generation) {
        yield { ...chunk, tokenIds: chunk.tokenIds.map((id) => id + 1) };
      }
    },
  };
}

const settings = readConfig([], process.env);
const engine = new SimulatedEngine({
  ...{ clock: systemClock, timers: systemTimers, latency: () => 5, meanTokens: null },
});
const card = modelCard(engine.model, {
  ...{ name: "m", build: "1", backEnd: "test", sequencesMax: 64 },
  ...{ tokenizerSha256: "", weightsFingerprint: "" },
});

process.on("message", (message) => {
  if (message === "die") engine.inject({ kind: "die", afterTokens: 1, code: "internal" });
  if (message === "stall") engine.inject({ kind: "stall", reportAfterMs: null });
  if (message === "lie") {
    const generate = engine.generate.bind(engine);
    engine.generate = (request) => lying(generate(request));
  }
  if (message !== "block") return;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BLOCK_MS);
});
process.channel?.unref();

const logger = createLogger({ service: "worker", level: settings.telemetry.level });
const stopMs = settings.worker.drainS * 1000 + TAKE_DOWN_MS;
await runService(
  logger,
  (life) =>
    startWorker(life, settings, logger, () =>
      Promise.resolve({ engine, card, tokenizer: NO_TOKENIZER }),
    ),
  { stopMs },
);
