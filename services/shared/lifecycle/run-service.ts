// The outermost frame of a main.ts: build the parts, print the ready line, wait for a signal, stop,
// and turn what went wrong into an exit code and one readable line.

import { ERROR_CODES, Failure } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { Lifecycle } from "./lifecycle.ts";

/** What the ready line says beside `ready` and the pid: addresses, names. */
export interface ReadyLine {
  readonly service: string;
  readonly [member: string]: string | number | null;
}

export interface RunOptions {
  /** For all parts to stop: at least as long as a drain takes. */
  readonly stopMs?: number;
}

/**
 * Runs until SIGTERM, SIGINT or `life.requestStop`. `build` starts the parts and returns what the
 * ready line says; that line is the only thing written to standard output. Sets `process.exitCode`.
 */
export async function runService(
  logger: Logger,
  build: (life: Lifecycle) => Promise<ReadyLine>,
  options: RunOptions = {},
): Promise<void> {
  const life = new Lifecycle({ logger, ...options });
  const removeSignals = onSignals(life, logger);
  const removeFaults = onUncaught(life, logger);
  const unwatch = endWithParent(life);
  try {
    const ready = await build(life);
    process.stdout.write(`${JSON.stringify({ ready: true, ...ready, pid: process.pid })}\n`);
    const reason = await life.stopRequested;
    const clean = await life.stop(reason);
    if (!clean) endAtOnce(1, logger);
  } catch (reason) {
    const failure = Failure.from(reason);
    await life.stop(failure.message);
    if (failure.code === "CANCELLED") return; // A signal came while the parts were being started.
    logger.fatal({ err: reason, code: failure.code, hint: failure.hint }, "cannot run");
    process.exitCode = ERROR_CODES[failure.code].exit;
  } finally {
    removeSignals();
    removeFaults();
    unwatch();
  }
}

function onSignals(life: Lifecycle, logger: Logger): () => void {
  let signals = 0;
  const listener = (signal: NodeJS.Signals): void => {
    signals += 1;
    if (signals > 1) endAtOnce(128 + (signal === "SIGINT" ? 2 : 15), logger);
    life.requestStop(signal);
    void life.stop(signal);
  };
  process.on("SIGTERM", listener).on("SIGINT", listener);
  return () => process.off("SIGTERM", listener).off("SIGINT", listener);
}

/** Set by who starts services that must not outlive it, such as `signalbox serve`. */
const WITH_PARENT_VARIABLE = "SIGNALBOX_WITH_PARENT";
const PARENT_LOOK_MS = 500;

/** A parent that was killed says nothing: its children have another one then. */
function endWithParent(life: Lifecycle): () => void {
  if ((process.env[WITH_PARENT_VARIABLE] ?? "") === "") return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    life.requestStop("the process that started it is gone");
  }, PARENT_LOOK_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** A bug that reached the top: the process stops; the log brings everything back. */
function onUncaught(life: Lifecycle, logger: Logger): () => void {
  const listener = (reason: unknown): void => {
    logger.fatal({ err: reason }, "uncaught");
    process.exitCode = 3;
    void life.stop("uncaught exception").finally(() => endAtOnce(3, logger));
  };
  process.on("uncaughtException", listener).on("unhandledRejection", listener);
  return () => process.off("uncaughtException", listener).off("unhandledRejection", listener);
}

function endAtOnce(code: number, logger: Logger): never {
  logger.flush();
  process.exit(code);
}
