// The usage journal's way to the control plane, where the configuration names one.

import { UsageService } from "#proto/services.ts";
import { Failure } from "#shared/base/errors.ts";
import { readSecret, type Config } from "#shared/config/load-config.ts";
import { systemRandom, systemTimers } from "#shared/config/system.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { readCursor, writeCursor } from "./usage-cursor.ts";
import type { UsageJournal } from "./usage-journal.ts";
import { UsagePoster } from "./usage-poster.ts";

const ANSWER_MS = 10_000;

/** INVALID for an address without a journal, or without a token. */
export async function startPosting(
  life: Lifecycle,
  { router: config, tls }: Config,
  journal: UsageJournal | null,
  { metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger },
): Promise<void> {
  const { scheduler, schedulerTokenFile, state } = config;
  if (scheduler === null) return;
  if (journal === null || state === null)
    throw needs("router.state", "a directory for the journal");
  if (schedulerTokenFile === null) {
    throw needs("router.scheduler_token_file", "a file with an administrator's token");
  }
  const token = readSecret(schedulerTokenFile);
  const channel = await life.start(
    "scheduler",
    () => openChannel({ address: scheduler, tls, token }),
    (part) => part.close(),
  );
  const { postUsage } = clientOf(UsageService, channel);
  const poster = await life.start(
    "usage posting",
    () =>
      new UsagePoster({
        ...{ journal, cursor: readCursor(state), timers: systemTimers, random: systemRandom },
        save: (cursor) => writeCursor(state, cursor),
        post: async ({ journal: id, from, to, cells }) => {
          const request = { journal: id, from, to, cells: [...cells] };
          return (await postUsage(request, { deadlineMs: ANSWER_MS })).refused ?? [];
        },
        logger,
      }),
    (part) => part.stop(),
  );
  metrics.onScrape(() => {
    metrics.gauge("signalbox_router_usage_unposted_bytes", {}).set(poster.bytesBehind);
  });
}

function needs(key: string, what: string): Failure {
  return new Failure("INVALID", `router.scheduler needs ${key}: ${what}`);
}
