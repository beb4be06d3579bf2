// The connection to the control plane, where the configuration names one: usage is posted over it,
// and keys are asked for.

import { Failure } from "#shared/base/errors.ts";
import { readSecret, type Config } from "#shared/config/load-config.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { openChannel, type GrpcChannel } from "#shared/mesh/grpc-client.ts";

/** INVALID for an address without a directory or a token, and for keys without an address. */
export async function openControlPlane(
  life: Lifecycle,
  { router: config, tls }: Config,
): Promise<GrpcChannel | null> {
  const { scheduler, schedulerTokenFile, schedulerKeys, state } = config;
  if (scheduler === null) {
    if (!schedulerKeys) return null;
    throw needs("router.scheduler_keys", "router.scheduler", "the scheduler's gRPC address");
  }
  const asked = "router.scheduler";
  if (state === null) throw needs(asked, "router.state", "a directory for the journal");
  if (schedulerTokenFile === null) {
    throw needs(asked, "router.scheduler_token_file", "a file with an administrator's token");
  }
  const token = readSecret(schedulerTokenFile);
  return life.start(
    "scheduler",
    () => openChannel({ address: scheduler, tls, token }),
    (part) => part.close(),
  );
}

function needs(asked: string, key: string, what: string): Failure {
  return new Failure("INVALID", `${asked} needs ${key}: ${what}`);
}
