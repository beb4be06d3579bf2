// The worker's parts, started in order: model, HTTP, gRPC, links to routers. Stopped in reverse,
// and before all of them it drains.
//
//   V1. Routers and health checks hear of a drain or a failed engine before anything is taken down.
//   V2. Streams end by themselves, or are handed back, before their connections do.

import { randomBytes } from "node:crypto";
import { WorkerService } from "#proto/services.ts";
import type { Engine, EngineStats } from "#native/index.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { readSecret, type WorkerConfig } from "#shared/config/load-config.ts";
import { readVersion } from "#shared/config/version.ts";
import { Health } from "#shared/lifecycle/health.ts";
import { startHttp } from "#shared/lifecycle/http-health.ts";
import type { ReadyLine } from "#shared/lifecycle/run-service.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { natsOptions } from "#shared/mesh/nats-bus.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { createMetrics, type Metrics } from "#shared/telemetry/metrics.ts";
import { CanaryWatch } from "./canary-watch.ts";
import type { WorkerSettings } from "./config.ts";
import { figuresOf, type Figures } from "./core/figures.ts";
import { onEngineEnded } from "./core/sessions.ts";
import { encodeGpus, encodeProgress } from "./encode-response.ts";
import { GpuWatch, watchedGpus } from "./gpu-watch.ts";
import { workerHandlers } from "./handlers.ts";
import { KeptState } from "./kept-state.ts";
import { loadModel, type LoadedModel } from "./load-model.ts";
import { GRPCInferenceService } from "./open-inference-messages.ts";
import { OpenInference } from "./open-inference.ts";
import { sharedNowMs } from "./progress-board.ts";
import { ProgressSender } from "./progress-sender.ts";
import { RouterLinks } from "./router-links.ts";
import { Sessions } from "./sessions.ts";
import { infoOf, workerMeter } from "./worker-metrics.ts";

export interface RunningWorker extends ReadyLine {
  readonly service: "worker";
  readonly worker: string;
  readonly model: string;
  /** Null where it listens for nobody. */
  readonly grpc: string | null;
  readonly http: string;
}

const WORLD = { clock: systemClock, timers: systemTimers, random: systemRandom };
/** For streams to end once they were told to: an engine's step, and a caller that reads. */
const HAND_BACK_MS = 2_000;
const STOP_MS = 2_000;
/** For the first reading of the GPUs: a worker on a broken one says so before it gets a stream. */
const GPUS_MS = 5_000;
/** What all parts but the drain may take together. */
export const TAKE_DOWN_MS = 15_000;

export async function startWorker(
  life: Lifecycle,
  settings: WorkerSettings,
  logger: Logger,
  load: typeof loadModel = loadModel,
): Promise<RunningWorker> {
  const { worker: config, tls } = settings;
  const secret = config.secretFile === null ? null : readSecret(config.secretFile);
  const metrics = createMetrics("worker");
  const health = new Health();
  const stopping = new AbortController();
  void life.stopRequested.then(() => stopping.abort());
  const { engine, card, tokenizer } = await life.start(
    "engine",
    () => load(config, { ...WORLD, logger, signal: stopping.signal }),
    (part) => part.engine.unload(),
  );
  const openInference = new OpenInference({
    ...{ health, model: card.name, version: readVersion() },
    backEnd: card.numericsClass?.backEnd ?? "",
  });
  const http = await life.start(
    "http",
    () =>
      startHttp({
        ...{ address: config.http, health, metrics, logger },
        routes: (request, response) => openInference.route(request, response),
      }),
    (part) => part.close(),
  );

  const kept = await life.start(
    "state",
    () => openState({ config, engine, card, logger, metrics }),
    (part) => part?.close(),
  );

  const gpus = await life.start(
    "gpus",
    async () => {
      const choice = watchedGpus(config);
      const watch = new GpuWatch({ choice, env: process.env, timers: systemTimers, logger });
      await watch.first(GPUS_MS);
      return watch;
    },
    (part) => part.close(),
  );

  metrics.gauge("signalbox_worker_info", infoOf(card)).set(1);
  const meter = workerMeter(metrics, card.name, {
    stats: () => statsOf(() => engine.stats()),
    links: () => ({ serve: links.up, progress: sender.linksUp }),
    loopLagMs: () => sender.loopLagMs,
    gpus: () => gpus.report,
  });
  const sessions = new Sessions(engine, {
    onOutcome: (outcome) => meter.onOutcome(outcome),
    onAdmitted: (request, peer) => {
      const router = links.routerOf(peer);
      const caller = router === null ? peer : (config.routers[router] ?? peer);
      return kept?.onAdmitted(request, caller) ?? null;
    },
    onDispatch: (peer, dispatch) => {
      const router = links.routerOf(peer);
      if (router !== null) sender.onDispatch(router, dispatch);
    },
  });
  const canary = new CanaryWatch({
    ...{ engine, clock: systemClock, timers: systemTimers },
    exact: engine.model.capabilities.exactResume,
    ...{ idleMs: config.canaryIdleS * 1000, onAnswered: () => meter.onCanary() },
  });
  await canary.first();
  let lastStats = engine.stats();
  const figuresNow = (): Figures => {
    lastStats = statsOf(() => engine.stats()) ?? lastStats;
    return figuresOf(sessions.core, lastStats, gpus.sickness !== null);
  };
  health.add("live", "engine", () => {
    const { phase } = sessions.core;
    return phase.kind === "failed" ? phase.reason : null;
  });
  health.add("ready", "gpus", () => gpus.sickness);
  health.add("ready", "drain", () => (sessions.core.phase.kind === "ready" ? null : "draining"));

  const server = new GrpcServer({ listen: config.listen, tls, metrics, logger });
  server.add(
    WorkerService,
    workerHandlers({
      ...{ engine, sessions, tokenizer, model: card, timers: systemTimers },
      loadNow: () =>
        encodeProgress(figuresNow(), {
          ...{ sequence: 0, seen: 0, loopLagMs: sender.loopLagMs, beat: 0, routers: [] },
          gpus: encodeGpus(gpus.report, sharedNowMs()),
          walltimeLeftS: walltimeLeft(settings.endsAtMs),
        }),
    }),
  );
  server.add(GRPCInferenceService, openInference.handlers());
  const grpc = await life.start(
    "grpc",
    () => server.start(),
    () => {}, // Its calls were ended with "calls" below, while its connections stood.
  );

  const identity = { worker: config.name, epoch: randomBytes(12).toString("hex"), secret, tls };
  const routers = config.routers.map((address) => {
    return { address, link: randomBytes(8).toString("hex") };
  });
  const nats = natsOptions(settings.nats, config.name);
  const served = { model: card.name, build: card.numericsClass?.build ?? "" };
  const telling = { identity, routers, endsAtMs: settings.endsAtMs, nats, ...served };
  const sender = await life.start(
    "progress",
    () =>
      new ProgressSender(telling, figuresNow, (err) => {
        logger.fatal({ err }, "the progress thread ended");
        process.exitCode = 3;
        life.requestStop("the progress thread ended");
      }),
    (part) => part.close(),
  );
  gpus.watch((report, sickened) => {
    sender.setGpus(report);
    if (sickened) sender.tellNow();
  });
  const links = await life.start(
    "links",
    () => {
      const onDown = (router: number): void => sender.onServeLinkDown(router);
      return new RouterLinks({ identity, routers, server, logger, onDown }, WORLD);
    },
    (part) => part.close(),
  );
  if (config.routers.length > 0) {
    health.add("ready", "routers", () => (links.stood > 0 ? null : "no router has taken it in"));
  }

  await life.start(
    "calls",
    () => {},
    () => {
      links.retire();
      return server.stop(STOP_MS);
    },
  );

  const tellStop = (): void => {
    server.announceStop();
    sender.tellNow();
  };
  await life.start(
    "drain",
    () => {},
    async () => {
      const nowMs = (): number => systemClock.monotonicMs();
      const drained = sessions.drain(nowMs() + config.drainS * 1000);
      tellStop();
      const left = sessions.core.live.size;
      logger.info({ live: left, phase: sessions.core.phase.kind }, "draining");
      const failed = sessions.core.phase.kind === "failed";
      const late = await within(drained, failed ? HAND_BACK_MS : config.drainS * 1000);
      if (!late) return;
      sessions.onTime(nowMs());
      await within(sessions.idle(), HAND_BACK_MS);
    },
  );
  const onEngineFailed = (reason: string, facts: object): void => {
    onEngineEnded(sessions.core, reason);
    logger.fatal(facts, "the engine failed");
    process.exitCode = 3;
    tellStop();
    life.requestStop("the engine failed");
  };
  void engine.ended.then((end) => {
    if (end.kind !== "failed") return;
    const { failure } = end;
    onEngineFailed(failure.message, { err: failure, code: failure.code });
  });
  await life.start(
    "canary",
    () => canary.watch((what) => onEngineFailed(what, { what })),
    () => canary.close(),
  );
  void kept?.workWhileIdle(() => {
    return sessions.core.phase.kind === "ready" && sessions.core.live.size === 0;
  });
  const listening = grpc === "" ? null : grpc;
  const { name, model } = { name: config.name, model: card.name };
  return { service: "worker", worker: name, model, grpc: listening, http: http.address };
}

interface StateParts {
  readonly config: WorkerConfig;
  readonly engine: Engine;
  readonly card: LoadedModel["card"];
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Null where none is configured, or it cannot be had: the worker serves all the same. */
function openState({ config, engine, card, ...rest }: StateParts): Promise<KeptState | null> {
  if (config.state === null) return Promise.resolve(null);
  const { model: folder } = config;
  const [fingerprint, tokenizerSha256] = [
    card.weightsFingerprint ?? "",
    card.tokenizerSha256 ?? "",
  ];
  const model = folder === null ? null : { folder, fingerprint, tokenizerSha256 };
  return KeptState.open({
    ...{ path: config.state, engine, model, warmBlocks: config.warmBlocks },
    ...{ ...rest, clock: systemClock, timers: systemTimers },
  });
}

/** An engine that is unloaded has no counts any more. */
function statsOf(ask: () => EngineStats): EngineStats | null {
  try {
    return ask();
  } catch {
    return null;
  }
}

function walltimeLeft(endsAtMs: number | null): number | null {
  return endsAtMs === null ? null : Math.max(0, (endsAtMs - systemClock.nowMs()) / 1000);
}

/** True when `promise` was not settled within `ms`. */
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), ms);
  });
  const over = await Promise.race([promise.then(() => false), late]);
  clearTimeout(timer);
  return over;
}
