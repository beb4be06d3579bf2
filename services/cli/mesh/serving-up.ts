// The mesh's own model: a router and a worker with the bundled one, started only if the ones
// recorded are not alive.
//
//   V1. A router that is started again listens where it did before, so clients and workers find it.
//   V2. Where the mesh has a nats-server, both are told of it: who looks for it where it was is
//       started again.

import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { basename } from "node:path";
import { untilLinked } from "../serving/linked-workers.ts";
import { servingEnv } from "../serving/model-serving.ts";
import { portAgain } from "./free-port.ts";
import type { MeshLayout } from "./mesh-layout.ts";
import {
  liveService,
  writeFileAtomic,
  type MeshRecord,
  type ServiceRecord,
} from "./mesh-record.ts";
import { serviceMain, startService } from "./start-service.ts";
import { stopService } from "./stop-service.ts";
import { tomlText, type TomlSections } from "./toml.ts";

export interface MeshServing {
  /** A model folder. */
  readonly model: string;
  /** As clients call it. */
  readonly name: string;
  /** Of the API, ending in /v1. */
  readonly url: string;
}

export interface ServingUp {
  readonly layout: MeshLayout;
  readonly record: MeshRecord;
  readonly model: string;
  /** The mesh's nats-server; null: it has none. */
  readonly nats: ServiceRecord | null;
  /** It is not where it was. */
  readonly natsMoved: boolean;
  readonly env: { readonly [name: string]: string | undefined };
  readonly keep: (service: ServiceRecord) => void;
  readonly onStep: (name: string, started: boolean, detail: string) => void;
}

const ROUTER_READY_MS = 30_000;
const WORKER_READY_MS = 120_000;
const LINK_MS = 15_000;
const STOP_GRACE_MS = 35_000;
const WORKER = "worker-1";

export async function servingUp(up: ServingUp): Promise<MeshServing> {
  const { layout, record, keep } = up;
  if (!existsSync(layout.workerSecretFile)) {
    writeFileAtomic(layout.workerSecretFile, `${randomBytes(32).toString("hex")}\n`);
  }
  const before = record.services.find(({ name }) => name === "router") ?? null;
  const found = liveService(record, "router");
  if (up.natsMoved && found !== null) await stopService(found, STOP_GRACE_MS);
  const live = up.natsMoved ? null : found;
  const router = live ?? (await startRouter(up, before));
  keep(router);
  const [http, workers] = [String(router.ready?.["http"]), String(router.ready?.["workers"])];
  up.onStep("router", live === null, `OpenAI API http://${http}/v1 (pid ${router.pid})`);
  const name = basename(up.model);
  const moved = up.natsMoved || (before?.ready != null && before.ready["workers"] !== workers);
  const running = liveService(record, WORKER);
  if (moved && running !== null) await stopService(running, STOP_GRACE_MS);
  const kept = moved ? null : running;
  const worker = kept ?? (await startWorker(up, name, workers));
  keep(worker);
  const url = `http://${http}/v1`;
  await untilLinked(url, name, 1, LINK_MS, layout.logs);
  up.onStep(WORKER, kept === null, `model ${name} (pid ${worker.pid})`);
  return { model: up.model, name, url };
}

async function startRouter(up: ServingUp, before: ServiceRecord | null): Promise<ServiceRecord> {
  const { layout } = up;
  writeConfig(layout.routerConfig, {
    router: {
      name: "router",
      http: `127.0.0.1:${await portAgain(before?.ready?.["http"])}`, // V1
      workers: `127.0.0.1:${await portAgain(before?.ready?.["workers"])}`,
      secret_file: layout.workerSecretFile,
    },
    nats: natsSection(up.nats),
  });
  return startService({
    name: "router",
    argv: [process.execPath, serviceMain("router"), "--config", layout.routerConfig],
    ...{ cwd: layout.home, logs: layout.logs, env: servingEnv(up.env) },
    deadlineMs: ROUTER_READY_MS,
    onStarted: (service) => up.keep({ ...service, ready: before?.ready ?? null }),
  });
}

function startWorker(up: ServingUp, name: string, workers: string): Promise<ServiceRecord> {
  const { layout, model } = up;
  const config = layout.workerConfig(WORKER);
  writeConfig(config, {
    worker: {
      ...{ name: WORKER, model, model_name: name, routers: workers, http: "127.0.0.1:0" },
      ...{ secret_file: layout.workerSecretFile, state: layout.workerState(WORKER) },
    },
    nats: natsSection(up.nats),
  });
  return startService({
    name: WORKER,
    argv: [process.execPath, serviceMain("worker"), "--config", config],
    ...{ cwd: layout.home, logs: layout.logs, env: servingEnv(up.env) },
    deadlineMs: WORKER_READY_MS,
    onStarted: up.keep,
  });
}

function natsSection(nats: ServiceRecord | null): TomlSections[string] {
  const textOf = (key: string): string | null => {
    const value = nats?.ready?.[key];
    return typeof value === "string" ? value : null;
  };
  return { url: textOf("url"), credentials_file: textOf("credentialsFile") };
}

function writeConfig(path: string, sections: TomlSections): void {
  writeFileAtomic(path, tomlText("Written by `signalbox up`, which writes it anew.", sections));
}
