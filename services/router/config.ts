// The router's command line: `main.ts [--config FILE]`. Everything else is in the configuration.

import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import { loadConfig, type Config } from "#shared/config/load-config.ts";

/** INVALID or NOT_FOUND, with the place in the file. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): Config {
  return loadConfig({ file: fileOf(argv), env });
}

function fileOf(argv: readonly string[]): string | null {
  try {
    const { values } = parseArgs({ args: [...argv], options: { config: { type: "string" } } });
    return values.config ?? null;
  } catch (cause) {
    const hint = "usage: main.ts [--config FILE]";
    throw new Failure("INVALID", (cause as Error).message, { cause, hint });
  }
}
