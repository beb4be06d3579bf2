// The outermost frame of the worker's main.ts: as runService of shared/lifecycle, with as long for
// stopping as a drain needs.

import { ERROR_CODES, Failure } from "#shared/base/errors.ts";
import { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import type { Logger } from "#shared/telemetry/logger.ts";

/**
 * Runs until SIGTERM, SIGINT or `life.requestStop`; a second signal ends it at once. What `build`
 * returns is the ready line, the only thing on standard output. Sets `process.exitCode`.
 */
export async function runWorker(
  logger: Logger,
  stopMs: number,
  build: (life: Lifecycle) => Promise<object>,
): Promise<void> {
  const life = new Lifecycle({ logger, stopMs });
  let signals = 0;
  const onSignal = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) endAtOnce(128 + (signal === "SIGINT" ? 2 : 15), logger);
    life.requestStop(signal);
    void life.stop(signal);
  };
  const onUncaught = (reason: unknown): void => {
    logger.fatal({ err: reason }, "uncaught");
    process.exitCode = 3;
    void life.stop("uncaught exception").finally(() => endAtOnce(3, logger));
  };
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  process.on("uncaughtException", onUncaught).on("unhandledRejection", onUncaught);
  try {
    const ready = await build(life);
    process.stdout.write(`${JSON.stringify({ ready: true, ...ready, pid: process.pid })}\n`);
    const clean = await life.stop(await life.stopRequested);
    if (!clean) endAtOnce(1, logger);
  } catch (reason) {
    const failure = Failure.from(reason);
    await life.stop(failure.message);
    if (failure.code === "CANCELLED") return; // A signal came while the parts were being started.
    logger.fatal({ err: reason, code: failure.code, hint: failure.hint }, "cannot run");
    process.exitCode = ERROR_CODES[failure.code].exit;
  } finally {
    process.off("SIGTERM", onSignal).off("SIGINT", onSignal);
    process.off("uncaughtException", onUncaught).off("unhandledRejection", onUncaught);
  }
}

function endAtOnce(code: number, logger: Logger): never {
  logger.flush();
  process.exit(code);
}
