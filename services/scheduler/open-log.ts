// The event log the configuration names.

import type { Config } from "#shared/config/load-config.ts";
import { readSecret } from "#shared/config/load-config.ts";
import { Failure } from "#shared/base/errors.ts";
import { openEmbeddedLog } from "#shared/state/embedded-log.ts";
import { openJetStreamLog } from "#shared/state/jetstream-log.ts";
import type { EventLog } from "#shared/state/log.ts";

/**
 * UNSAFE for servers that could lose a record in production; INVALID for another partition count.
 */
export async function openLog(config: Config): Promise<EventLog> {
  const { log, nats } = config;
  const { partitions } = config.scheduler;
  if (log.driver === "embedded") return openEmbeddedLog({ path: log.path, partitions });
  if (nats.urls.length === 0) {
    throw new Failure("INVALID", 'log.driver = "jetstream" needs nats.url', {
      hint: 'Give the servers: [nats] url = "nats://HOST:4222", or start the mesh with signalbox up --mesh.',
    });
  }
  return await openJetStreamLog({
    urls: nats.urls,
    credentials: nats.credentialsFile === null ? null : readSecret(nats.credentialsFile),
    systemCredentials:
      nats.systemCredentialsFile === null ? null : readSecret(nats.systemCredentialsFile),
    partitions,
    replicas: nats.replicas,
    production: log.production,
  });
}
