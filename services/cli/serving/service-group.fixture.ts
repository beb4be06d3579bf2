// For tests: schedulers, routers and workers as processes of their own, in one directory, with one
// secret between routers and workers.

import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import type { ServiceRecord } from "../mesh/mesh-record.ts";
import { serviceEnv, serviceMain, startService } from "../mesh/start-service.ts";
import { stopService } from "../mesh/stop-service.ts";

/** How long a service may take until it is ready, ms. */
export const READY_MS = 60_000;
const GRACE_MS = 2_000;

type Settings = { readonly [name: string]: string | undefined };

export class ServiceGroup {
  readonly #directory;
  readonly #live: ServiceRecord[] = [];

  /** Makes the directory, named for people after `name`. */
  constructor(name: string) {
    this.#directory = tempDirectory(name);
    writeFileSync(this.at("secret"), randomBytes(32).toString("hex"), { mode: 0o600 });
  }

  /** A path below the directory, where the logs are too: NAME.log. */
  at(name: string): string {
    return join(this.#directory.path, name);
  }

  /**
   * Starts a service and waits until it is ready. `settings` go by the ends of their variables'
   * names (`ROUTERS` of a worker is `SIGNALBOX_WORKER_ROUTERS`), `env` by the whole names.
   */
  start(
    service: "scheduler" | "router" | "worker",
    settings: Settings,
    { name = service, env = {} }: { readonly name?: string; readonly env?: Settings } = {},
  ): Promise<ServiceRecord> {
    const shared = service === "scheduler" ? {} : { NAME: name, SECRET_FILE: this.at("secret") };
    const own = Object.entries({ ...shared, ...settings }).map(([key, value]) => [
      `SIGNALBOX_${service.toUpperCase()}_${key}`,
      value,
    ]);
    return startService({
      ...{ name, cwd: this.at(""), logs: this.at(""), deadlineMs: READY_MS },
      argv: [process.execPath, serviceMain(service)],
      env: { ...serviceEnv(process.env), ...Object.fromEntries(own), ...env },
      onStarted: (started) => void this.#live.push(started),
    });
  }

  /** Ends all that were started, and deletes the directory. */
  async end(): Promise<void> {
    await Promise.all(this.#live.map((record) => stopService(record, GRACE_MS)));
    this.#directory.remove();
  }
}
