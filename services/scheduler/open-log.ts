// The event log the configuration names.

import type { Config } from "#shared/config/load-config.ts";
import { Failure } from "#shared/base/errors.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import type { EventLog } from "#shared/state/log.ts";

export async function openLog(config: Config): Promise<EventLog> {
  const { log, scheduler } = config;
  if (log.driver === "embedded") {
    return openEmbeddedLog({ path: log.path, partitions: scheduler.partitions });
  }
  throw new Failure("INVALID", `no log driver ${log.driver}`);
}
