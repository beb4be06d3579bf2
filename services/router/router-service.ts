// The router's parts, started in order: the port that workers dial, the streams over them, the
// OpenAI API in front. It is up before any worker is; /readyz says so when one is there.

import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { Failure } from "#shared/base/errors.ts";
import { readSecret, type Config } from "#shared/config/load-config.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { Health } from "#shared/lifecycle/health.ts";
import { healthRoutes } from "#shared/lifecycle/http-health.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { createMetrics, type Metrics } from "#shared/telemetry/metrics.ts";
import { openControlPlane } from "./control-plane.ts";
import { ADMISSION_DEFAULTS, type AdmissionOptions } from "./core/admission.ts";
import { FLEET_DEFAULTS, newFleet, type Fleet } from "./core/fleet.ts";
import { FleetPlacement } from "./streams/fleet-placement.ts";
import { TokenRouter } from "./streams/token-router.ts";
import { FrontDoors } from "./front-doors.ts";
import { startKeys } from "./keys/start-keys.ts";
import { startSharing } from "./sharing/start-sharing.ts";
import { batchMetrics, requestMetrics, streamMetrics } from "./stream-metrics.ts";
import { TextPool } from "./text/text-pool.ts";
import { startPosting } from "./usage/start-posting.ts";
import { UsageJournal } from "./usage/usage-journal.ts";
import { readVersion } from "#shared/config/version.ts";
import type { TokenizerFiles } from "./token-source.ts";
import { TurnQueue } from "./wire/turn-queue.ts";
import { workerStateOf } from "./core/worker-list.ts";
import { workerListRoute } from "./workers/worker-list-route.ts";
import { WorkerSet } from "./workers/worker-set.ts";

export async function startRouter(
  life: Lifecycle,
  settings: Config,
  logger: Logger,
): Promise<{ http: string; grpc: string | null; workers: string }> {
  const { router: config, tls } = settings;
  const clock = systemClock;
  const metrics = createMetrics("router");
  const health = new Health();
  const turns = new TurnQueue();
  const options = { ...FLEET_DEFAULTS, policy: config.policy };
  const fleet = newFleet(options, randomInt(2 ** 32), clock.monotonicMs());
  const placement = new FleetPlacement(fleet, clock);
  const streams = new TokenRouter({
    placement,
    meter: streamMetrics(metrics),
    freshWaitMs: config.freshWaitS * 1000,
    resumeWaitMs: config.resumeWaitS * 1000,
    admission: admissionOf(config.keysFile !== null || config.schedulerKeys),
    timers: systemTimers,
  });
  const controlPlane = await openControlPlane(life, settings);
  const keys = await startKeys(life, config, controlPlane, { metrics, health, logger });
  const usage = await startUsage(life, config.state, metrics, logger);
  await startPosting(life, config.state, controlPlane, usage, { metrics, logger });
  const textPool = await life.start(
    "text pool",
    () => new TextPool({ threads: Math.max(1, availableParallelism() - 1) }),
    (part) => part.close(),
  );
  const open: { doors: FrontDoors | null } = { doors: null };
  const workers = await life.start(
    "workers",
    () =>
      WorkerSet.start({
        ...{ name: config.name, listen: config.workers, tls, fleet, turns, clock, logger },
        secret: config.secretFile === null ? null : readSecret(config.secretFile),
        crossClasses: config.crossClasses,
        onStalled: (key, why) => {
          const moved = streams.onWorkerStalled(key, why);
          if (moved > 0) logger.warn({ worker: key, streams: moved }, "streams go on elsewhere");
        },
        onChanged: () => {
          placement.wakeAll();
          streams.onRoom();
          open.doors?.refresh();
        },
        onRoom: () => streams.onRoom(),
        onTokenizer: (files) => loadTokenizer(files, textPool, logger),
        onBatch: batchMetrics(metrics),
        silentFor: (silentMs) => streams.silentFor(silentMs),
      }),
    (part) => part.stop(),
  );
  placement.attach(workers);
  const onRoom = (): void => streams.onRoom();
  await startSharing(life, settings, { fleet, keys, metrics, logger, onRoom });
  health.add("ready", "workers", () => (workers.size > 0 ? null : "no worker is there"));
  countFleet(metrics, fleet, streams);
  const own = healthRoutes({ health, metrics, logger });
  const listWorkers = workerListRoute(fleet, clock);
  const doors = await life.start(
    "doors",
    () =>
      FrontDoors.open({
        ...{ http: config.http, grpc: config.grpc, tls, turns, metered: metrics, usage },
        ...{ source: streams, catalog: workers, textPool, clock, logger },
        ...{ timers: systemTimers, random: systemRandom, version: readVersion() },
        metrics: requestMetrics(metrics),
        authorise: keys === null ? null : (bearer) => keys.grantOf(bearer),
        fallback: (request, response) => listWorkers(request, response) || own(request, response),
      }),
    (part) => part.stop(config.drainS * 1000),
  );
  open.doors = doors;
  return { ...doors.addresses, workers: workers.address };
}

/** How many at once is a key's own limit. Without keys there is one namespace. */
function admissionOf(hasKeys: boolean): AdmissionOptions {
  const share = hasKeys ? ADMISSION_DEFAULTS.namespaceQueueShare : 1;
  return { ...ADMISSION_DEFAULTS, namespaceMax: Infinity, namespaceQueueShare: share };
}

async function startUsage(
  life: Lifecycle,
  path: string | null,
  metrics: Metrics,
  logger: Logger,
): Promise<UsageJournal | null> {
  if (path === null) return null;
  const dropped = metrics.counter("signalbox_router_usage_dropped_total", {});
  const onDropped = (count: number): void => dropped.inc(count);
  const journal = await life.start(
    "usage",
    () => UsageJournal.open({ path, timers: systemTimers, logger, onDropped }),
    (part) => part.close(),
  );
  const waiting = metrics.gauge("signalbox_router_usage_waiting", {});
  metrics.onScrape(() => waiting.set(journal.waiting));
  return journal;
}

/** Before the first request: a large vocabulary takes a while. */
function loadTokenizer(files: TokenizerFiles, textPool: TextPool, logger: Logger): void {
  try {
    textPool.textOf(files);
  } catch (reason) {
    logger.error({ reason: Failure.from(reason).message }, "a worker's tokenizer cannot be used");
  }
}

/** Gauges that are cheaper to count than to keep. */
function countFleet(metrics: Metrics, fleet: Fleet, streams: TokenRouter): void {
  const seen = new Map<string, { readonly model: string; readonly state: string }>();
  metrics.onScrape(() => {
    metrics.gauge("signalbox_router_streams", {}).set(streams.live);
    for (const [priority, count] of Object.entries(streams.queued())) {
      metrics.gauge("signalbox_router_queued", { class: priority }).set(count);
    }
    const counts = new Map<string, number>([...seen.keys()].map((key) => [key, 0]));
    let heldOut = 0;
    for (const worker of fleet.workers.values()) {
      if (worker.breaker.state.kind !== "closed") heldOut += 1;
      const state = workerStateOf(worker);
      const { model } = worker.spec;
      const key = `${state} ${model}`;
      seen.set(key, { model, state });
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    metrics.gauge("signalbox_router_workers_held_out", {}).set(heldOut);
    for (const [key, labels] of seen) {
      metrics.gauge("signalbox_router_workers", labels).set(counts.get(key) ?? 0);
    }
  });
}
