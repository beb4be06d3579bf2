// The worker process: read the configuration, load the model, serve it, and drain when asked.

import { Failure } from "#shared/base/errors.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { readConfig } from "./config.ts";
import { startWorker, TAKE_DOWN_MS } from "./worker-service.ts";

const settings = settingsOrExit();
const logger = createLogger({ service: "worker", level: settings.telemetry.level });
const stopMs = settings.worker.drainS * 1000 + TAKE_DOWN_MS;
await runService(logger, (life) => startWorker(life, settings, logger), { stopMs });

function settingsOrExit(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    process.stderr.write(`${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    process.exit(2);
  }
}
