// The agent process: read the configuration, start, say so, and stop when asked. Jobs go on.

import { Failure } from "#shared/base/errors.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { startAgent } from "./agent-service.ts";
import { readConfig } from "./config.ts";

const settings = settingsOrExit();
const logger = createLogger({ service: "agent", level: settings.telemetry.level });
await runService(logger, async (life) => {
  const { http } = await startAgent(life, settings, logger);
  return { service: "agent", http };
});

function settingsOrExit(): ReturnType<typeof readConfig> {
  try {
    return readConfig(process.argv.slice(2), process.env);
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    process.stderr.write(`${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    process.exit(2);
  }
}
