// The scheduler's parts, in the order they need each other. main.ts runs this in a process of its
// own, tests run it in theirs.

import { hostname } from "node:os";
import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import type { Failure } from "#shared/base/errors.ts";
import type { Config } from "#shared/config/load-config.ts";
import { systemClock, systemRandom, systemTimers } from "#shared/config/system.ts";
import { Health } from "#shared/lifecycle/health.ts";
import { takeOwnerLock } from "#shared/lifecycle/owner-lock.ts";
import { startHttp } from "#shared/lifecycle/http-health.ts";
import type { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { isLoopback } from "#shared/mesh/tls.ts";
import { AgentService } from "#proto/services.ts";
import {
  exportPrivatePem,
  generateKeyPair,
  importPrivatePem,
  publicKeyOf,
} from "#shared/receipt/keys.ts";
import { ArtifactStore } from "#shared/state/artifact-store.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { openEngine } from "./actor-engine.ts";
import { AgentGateway } from "./agents/agent-gateway.ts";
import { AgentRegistry } from "./agents/agent-registry.ts";
import { statePathsOf } from "./config.ts";
import { EngineMeter } from "./engine-meter.ts";
import { restRoutes } from "./http/rest-routes.ts";
import { openLog } from "./open-log.ts";
import { RunReceipts } from "./run-receipts.ts";
import { Auth } from "./server/auth.ts";
import { bootstrapToken, writeSecret } from "./server/bootstrap.ts";
import { addControlServices } from "./server/grpc-api.ts";
import { KeyDirectory } from "./server/key-directory.ts";
import { NamespaceDirectory } from "./server/namespace-directory.ts";
import { OwnedArtifacts } from "./server/owned-artifacts.ts";
import { servicesOf } from "./server/services.ts";
import { WatchHub } from "./server/watch.ts";
import { readVersion } from "#shared/config/version.ts";

/** Agents say that they live this often; one silent for three of these is shown as disconnected. */
const HEARTBEAT_MS = 5_000;
const STOP_MS = 5_000;

export interface SchedulerEnds {
  readonly grpc: string;
  readonly http: string;
}

export interface SchedulerOptions {
  readonly heartbeatMs?: number;
}

/** Started when it resolves; `life` stops it. */
export async function startScheduler(
  life: Lifecycle,
  config: Config,
  logger: Logger,
  options: SchedulerOptions = {},
): Promise<SchedulerEnds> {
  const paths = statePathsOf(config);
  const metrics = createMetrics("scheduler");
  warnOfPlainText(config, logger);
  mkdirSync(config.scheduler.state, { recursive: true, mode: 0o700 });
  const owned = config.log.driver === "embedded" ? config.log.path : config.scheduler.state;
  mkdirSync(owned, { recursive: true, mode: 0o700 });

  await life.start(
    "owner lock",
    () => takeOwnerLock(owned, "scheduler"),
    (lock) => lock.release(),
  );
  const log = await life.start(
    "log",
    () => openLog(config),
    (opened) => opened.close(),
  );
  const meter = new EngineMeter(metrics, log.driver);
  const engine = await life.start(
    "engine",
    () =>
      openEngine({
        log,
        writer: `${hostname()}-${process.pid}-${randomBytes(4).toString("hex")}`,
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        defer: (task) => void setImmediate(task),
        onCommit: (entries, tookMs) => meter.onCommit(entries, tookMs),
        onFailure: (failure, fatal) => {
          meter.onFailure(failure, fatal);
          onEngineFailure(failure, fatal, life, logger);
        },
      }),
    (opened) => opened.close(),
  );
  await meter.begin(engine);
  metrics.gauge("signalbox_partitions_owned", {}).set(log.partitions);
  const store = new ArtifactStore({ root: paths.artifacts });
  await store.open();
  const artifacts = new OwnedArtifacts(store, paths.artifactOwners);
  const key = keyOf(paths.key);
  if (await bootstrapToken(engine, paths.bootstrapToken)) {
    logger.info(
      { file: paths.bootstrapToken },
      "first start: an administrator's token was written",
    );
  }

  const directory = await life.start(
    "namespaces",
    () => new NamespaceDirectory(engine),
    (made) => made.close(),
  );
  const liveKeys = await life.start(
    "keys",
    () => new KeyDirectory(engine),
    (made) => made.close(),
  );
  const auth = new Auth(directory, systemClock, metrics);
  const watches = await life.start(
    "watches",
    () => new WatchHub(engine),
    (hub) => hub.close(),
  );
  const receipts = await life.start(
    "receipts",
    () => new RunReceipts(engine, key, logger),
    (made) => made.close(),
  );
  // Not waited for: what ended while nobody was here is signed beside the first calls.
  receipts
    .start()
    .catch((reason: unknown) => logger.warn({ err: reason }, "old runs without a receipt"));
  const agents = await life.start(
    "agents",
    () =>
      new AgentRegistry({
        engine,
        clock: systemClock,
        timers: systemTimers,
        random: systemRandom,
        metrics,
        logger,
        heartbeatMs: options.heartbeatMs ?? HEARTBEAT_MS,
      }),
    (registry) => registry.close(),
  );
  const plane = {
    engine,
    clock: systemClock,
    auth,
    directory,
    artifacts,
    agents,
    watches,
    receipts,
    version: readVersion(),
    logDriver: log.driver,
  };
  const services = servicesOf(plane, liveKeys, metrics, paths.workflows);
  const gateway = new AgentGateway({
    engine,
    registry: agents,
    transfers: services.artifacts.transfers,
    publicKey: publicKeyOf(key),
    nowMs: () => systemClock.nowMs(),
    metrics,
  });

  const server = new GrpcServer({
    listen: config.scheduler.listen,
    tls: config.tls,
    metrics,
    logger,
  });
  addControlServices(server, auth, services);
  server.add(AgentService, gateway.handlers);
  const grpc = await life.start(
    "gRPC",
    () => server.start(),
    () => server.stop(STOP_MS),
  );
  const rest = restRoutes({ auth, services, metrics, logger, version: plane.version });
  const health = new Health();
  health.add("ready", "grpc", () => (server.serving ? null : "not serving"));
  const http = await life.start(
    "HTTP",
    () => startHttp({ address: config.scheduler.http, health, metrics, logger, routes: rest }),
    (end) => end.close(),
  );
  return { grpc, http: http.address };
}

/** A partition that stopped for good takes the process with it: half a scheduler serves nobody. */
function onEngineFailure(failure: Failure, fatal: boolean, life: Lifecycle, logger: Logger): void {
  if (!fatal) {
    logger.warn({ err: failure, code: failure.code }, "a commit failed; the partition goes on");
    return;
  }
  const why =
    failure.code === "FENCED"
      ? "another scheduler has taken over this log"
      : "the log is lost to this process";
  logger.fatal({ err: failure, code: failure.code }, why);
  process.exitCode = 3;
  life.requestStop(`${why}: ${failure.message}`);
}

function warnOfPlainText(config: Config, logger: Logger): void {
  const { listen, http } = config.scheduler;
  if (!isLoopback(listen) && config.tls.certFile === null) {
    logger.warn(
      { listen },
      "gRPC without TLS past this machine: tokens travel in plain text; set [tls]",
    );
  }
  if (!isLoopback(http)) {
    logger.warn({ http }, "HTTP past this machine is plain text: put a proxy with TLS before it");
  }
}

/**
 * The scheduler's own Ed25519 key, made at the first start. Back it up: receipts are signed with
 * it.
 */
function keyOf(file: string): ReturnType<typeof importPrivatePem> {
  if (!existsSync(file)) writeSecret(file, exportPrivatePem(generateKeyPair().privateKey));
  return importPrivatePem(readFileSync(file, "utf8"), file);
}
