// What routers of one fleet share, where NATS is configured; without it each is alone.

import { randomBytes } from "node:crypto";
import type { Config } from "#shared/config/load-config.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { NatsBus, natsOptions } from "#shared/mesh/nats-bus.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { Fleet } from "../core/fleet-state.ts";
import { KeySharing, type LimitedKeys } from "./key-sharing.ts";
import { LoadSharing } from "./load-sharing.ts";

export interface SharingParts {
  readonly fleet: Fleet;
  /** Null: there are none. */
  readonly keys: LimitedKeys | null;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly onRoom: () => void;
}

export async function startSharing(
  life: Lifecycle,
  settings: Config,
  { fleet, keys, metrics, logger, onRoom }: SharingParts,
): Promise<void> {
  const { name } = settings.router;
  const nats = natsOptions(settings.nats, name);
  if (nats === null) return;
  const counts = {
    in: metrics.counter("signalbox_nats_messages_total", { direction: "in" }),
    out: metrics.counter("signalbox_nats_messages_total", { direction: "out" }),
  };
  const bus = await life.start(
    "nats",
    () =>
      new NatsBus(nats, systemRandom, {
        onMessage: (direction) => counts[direction].inc(),
        onChange: (up, why) => {
          if (up) logger.info({ server: why }, "routers are heard over NATS");
          else logger.warn({ reason: why }, "without NATS: serving goes on by what is known here");
        },
      }),
    (part) => part.close(),
  );
  metrics.onScrape(() => {
    metrics.gauge("signalbox_nats_up", {}).set(bus.up ? 1 : 0);
    metrics.gauge("signalbox_router_peers", {}).set(fleet.peers.size);
  });
  const world = { clock: systemClock, timers: systemTimers };
  const epoch = randomBytes(12).toString("hex");
  await life.start(
    "load sharing",
    () => new LoadSharing({ name, epoch, bus, fleet, ...world, logger, onRoom }),
    (part) => part.stop(),
  );
  if (keys === null) return;
  await life.start(
    "key sharing",
    () => new KeySharing({ name, epoch, bus, keys, ...world, logger }),
    (part) => part.stop(),
  );
}
