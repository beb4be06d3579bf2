// The scheduler's command line: `main.ts --config FILE`. Everything else is in the configuration
// (shared/config) and derived from it here, in one place.

import { join } from "node:path";
import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import { loadConfig } from "#shared/config/load-config.ts";
import type { Config } from "#shared/config/load-config.ts";

/**
 * Where the scheduler keeps what the log cannot rebuild: its key, artifacts, which namespace has
 * which of them, and stored workflows.
 */
export interface StatePaths {
  readonly key: string;
  readonly artifacts: string;
  readonly artifactOwners: string;
  readonly workflows: string;
  readonly bootstrapToken: string;
}

/** INVALID or NOT_FOUND, with the place in the file. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Config {
  return loadConfig({ file: fileOf(argv), env });
}

export function statePathsOf(config: Config): StatePaths {
  const { state, bootstrapTokenFile } = config.scheduler;
  return {
    key: join(state, "keys", "scheduler.pem"),
    artifacts: join(state, "artifacts"),
    artifactOwners: join(state, "artifact-owners"),
    workflows: join(state, "workflows"),
    bootstrapToken: bootstrapTokenFile ?? join(state, "bootstrap-token"),
  };
}

function fileOf(argv: readonly string[]): string | null {
  try {
    const { values } = parseArgs({ args: [...argv], options: { config: { type: "string" } } });
    return values.config ?? null;
  } catch (cause) {
    throw new Failure("INVALID", (cause as Error).message, {
      cause,
      hint: "usage: main.ts --config FILE",
    });
  }
}
