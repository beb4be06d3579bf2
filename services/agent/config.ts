// The agent's command line: `main.ts --config FILE`. Everything else is in the configuration.

import { parseArgs } from "node:util";
import { Failure } from "#shared/base/errors.ts";
import { loadConfig } from "#shared/config/load-config.ts";
import type { AgentConfig, Config } from "#shared/config/load-config.ts";

export interface AgentSettings extends Config {
  readonly agent: AgentConfig;
}

/** INVALID or NOT_FOUND, with the place in the file. */
export function readConfig(argv: readonly string[], env: NodeJS.ProcessEnv): AgentSettings {
  const config = loadConfig({ file: fileOf(argv), env });
  if (config.agent === null) {
    throw new Failure("INVALID", "nothing configures an agent", {
      hint: "Give its section: [agent] with at least scheduler, root and state.",
    });
  }
  return { ...config, agent: config.agent };
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
