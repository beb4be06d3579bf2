// The control API as the commands use it: one channel, a client per service, repeats of calls that
// are safe to repeat, and errors that say where the scheduler was looked for.

import {
  ArtifactsService,
  ClustersService,
  JobsService,
  KeysService,
  NamespacesService,
  RunsService,
  UsageService,
} from "#proto/services.ts";
import { backoffMs } from "#shared/base/backoff.ts";
import { Failure } from "#shared/base/errors.ts";
import { clientOf, openChannel, type ServiceClient } from "#shared/mesh/grpc-client.ts";
import type { ClientContext } from "./context.ts";
import { explained } from "./explained.ts";

/** A submission is worth three seconds of waiting: a scheduler that restarts is back by then. */
const TRIES_PATIENT = 6;
/** A question is not: who asks it wants to hear soon that nobody is there. */
const TRIES_SHORT = 3;
const BACKOFF = { firstMs: 100, maxMs: 1500 };
const WAIT_MS_MAX = 5000;

export interface ControlClient {
  readonly context: ClientContext;
  readonly runs: ServiceClient<typeof RunsService>;
  readonly jobs: ServiceClient<typeof JobsService>;
  readonly clusters: ServiceClient<typeof ClustersService>;
  readonly namespaces: ServiceClient<typeof NamespacesService>;
  readonly artifacts: ServiceClient<typeof ArtifactsService>;
  readonly usage: ServiceClient<typeof UsageService>;
  readonly keys: ServiceClient<typeof KeysService>;
  /** A call that changes nothing when made twice: repeated while the scheduler is UNAVAILABLE. */
  again<T>(call: () => Promise<T>, patience?: "short" | "patient"): Promise<T>;
  /** A call that must not be made twice. */
  once<T>(call: () => Promise<T>): Promise<T>;
  close(): void;
}

export function openControlClient(context: ClientContext): ControlClient {
  const tls = { caFile: context.caFile, certFile: null, keyFile: null };
  const channel = openChannel({ address: context.server, tls, token: context.token });
  const once = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await call();
    } catch (reason) {
      throw explained(Failure.from(reason), context);
    }
  };
  return {
    context,
    runs: clientOf(RunsService, channel),
    jobs: clientOf(JobsService, channel),
    clusters: clientOf(ClustersService, channel),
    namespaces: clientOf(NamespacesService, channel),
    artifacts: clientOf(ArtifactsService, channel),
    usage: clientOf(UsageService, channel),
    keys: clientOf(KeysService, channel),
    once,
    again: (call, patience = "short") =>
      once(() => repeated(call, patience === "patient" ? TRIES_PATIENT : TRIES_SHORT)),
    close: () => channel.close(),
  };
}

async function repeated<T>(call: () => Promise<T>, triesMax: number): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await call();
    } catch (reason) {
      const failure = Failure.from(reason);
      if (failure.retry === "never" || failure.code === "DEADLINE" || tries === triesMax) {
        throw failure;
      }
      const asked = Math.min(failure.retryAfterMs ?? 0, WAIT_MS_MAX);
      const waitMs = Math.max(asked, backoffMs(BACKOFF, tries, { next: Math.random }));
      await new Promise((resume) => setTimeout(resume, waitMs));
    }
  }
}
