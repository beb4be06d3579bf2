// The scheduler process: read the configuration, start, say so, and stop when asked.

import { Failure } from "#shared/base/errors.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { readConfig } from "./config.ts";
import { startScheduler } from "./scheduler.ts";

const config = configOrExit();
const logger = createLogger({ service: "scheduler", level: config.telemetry.level });
await runService(logger, async (life) => {
  const { grpc, http } = await startScheduler(life, config, logger);
  return { service: "scheduler", grpc, http };
});

function configOrExit(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    process.stderr.write(`${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    process.exit(2);
  }
}
