// The usage journal's way to the control plane, where there is one.

import { UsageService } from "#proto/services.ts";
import { systemRandom, systemTimers } from "#shared/config/system.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { clientOf, type GrpcChannel } from "#shared/mesh/grpc-client.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import { readCursor, writeCursor } from "./usage-cursor.ts";
import type { UsageJournal } from "./usage-journal.ts";
import { UsagePoster } from "./usage-poster.ts";

const ANSWER_MS = 10_000;

/** `state` is the journal's directory. */
export async function startPosting(
  life: Lifecycle,
  state: string | null,
  controlPlane: GrpcChannel | null,
  journal: UsageJournal | null,
  { metrics, logger }: { readonly metrics: Metrics; readonly logger: Logger },
): Promise<void> {
  if (controlPlane === null || journal === null || state === null) return;
  const { postUsage } = clientOf(UsageService, controlPlane);
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
