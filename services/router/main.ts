// The router process: read the configuration, start, say so, and stop when asked.

import { Failure } from "#shared/base/errors.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { readConfig } from "./config.ts";
import { startRouter } from "./router-service.ts";

const settings = settingsOrExit();
const logger = createLogger({ service: "router", level: settings.telemetry.level });
/** Beside the drain. */
const STOP_MS = 10_000;
await runService(
  logger,
  async (life) => {
    return { service: "router", ...(await startRouter(life, settings, logger)) };
  },
  { stopMs: settings.router.drainS * 1000 + STOP_MS },
);

function settingsOrExit(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    process.stderr.write(`${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    process.exit(2);
  }
}
