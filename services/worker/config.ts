// The worker's command line: `main.ts --config FILE`. Everything else is in the configuration, and
// in what a batch system says of the job that the worker is.

import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import { loadConfig } from "#shared/config/load-config.ts";
import type { Config, WorkerConfig } from "#shared/config/load-config.ts";

export interface WorkerSettings extends Config {
  readonly worker: WorkerConfig;
  /** By the wall clock; null: the worker's allocation has no end. */
  readonly endsAtMs: number | null;
}

/** INVALID or NOT_FOUND, with the place in the file. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): WorkerSettings {
  const config = loadConfig({ file: fileOf(argv), env });
  if (config.worker === null) {
    throw new Failure("INVALID", "nothing configures a worker", {
      hint: "Give its section: [worker] with at least model, and routers or listen.",
    });
  }
  return { ...config, worker: config.worker, endsAtMs: endOfAllocation(env) };
}

/** Slurm says it in seconds since the epoch to the jobs that it starts. */
function endOfAllocation(env: NodeJS.ProcessEnv): number | null {
  const seconds = Number(env["SLURM_JOB_END_TIME"] ?? "");
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : null;
}

function fileOf(argv: readonly string[]): string | null {
  try {
    const { values } = parseArgs({ args: [...argv], options: { config: { type: "string" } } });
    return values.config ?? null;
  } catch (cause) {
    const hint = "usage: main.ts --config FILE";
    throw new Failure("INVALID", (cause as Error).message, { cause, hint });
  }
}
