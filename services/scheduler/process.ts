// The scheduler process: read the configuration, start, say so, and stop when asked.

import { flushCompileCache } from "node:module";
import { Failure } from "#shared/base/errors.ts";
import { runService } from "#shared/lifecycle/run-service.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { readConfig } from "./config.ts";
import { startScheduler } from "./scheduler.ts";

export async function runScheduler(argv: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const config = configOrNull(argv, env);
  if (config === null) return;
  const logger = createLogger({ service: "scheduler", level: config.telemetry.level });
  await runService(logger, async (life) => {
    const { grpc, http } = await startScheduler(life, config, logger);
    setImmediate(flushCompileCache); // Now, for it may end by kill -9.
    return { service: "scheduler", grpc, http };
  });
}

/** `null` when it said what is wrong and set the exit code. */
function configOrNull(
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): ReturnType<typeof readConfig> | null {
  try {
    return readConfig(argv, env);
  } catch (reason) {
    const { message, hint } = Failure.from(reason);
    process.stderr.write(`${message}\n${hint === undefined ? "" : `${hint}\n`}`);
    process.exitCode = 2;
    return null;
  }
}
