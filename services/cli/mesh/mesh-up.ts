// Brings a mesh up on this machine: the log's server if one is asked for, the scheduler, and an
// agent per cluster, each started only if the one recorded is not alive. Run again after a crash it
// starts what is missing; run on a whole mesh it changes nothing.
//
//   U1. A scheduler that is started again listens where it did before, so agents and clients find
//       it.
//   U2. An enrolment token is handed over by file, and only to an agent that has none yet.

import { existsSync, mkdirSync } from "node:fs";
import { Failure } from "#shared/base/errors.ts";
import type { ClusterView } from "../client/cluster-view.ts";
import { clientFilePath, readToken, type ClientFile } from "../client/context.ts";
import { openControlClient } from "../client/control-client.ts";
import {
  liveService,
  readMeshRecord,
  withMeshLock,
  withService,
  writeFileAtomic,
  writeMeshRecord,
  type ClusterPlan,
  type MeshRecord,
  type ServiceRecord,
} from "./mesh-record.ts";
import { portAgain } from "./free-port.ts";
import { meshLayout, type MeshLayout } from "./mesh-layout.ts";
import { connectedCluster, registerCluster } from "./register-cluster.ts";
import { startNats } from "./start-nats.ts";
import { stopService } from "./stop-service.ts";
import { servingUp, type MeshServing } from "./serving-up.ts";
import { serviceEnv, serviceMain, startService } from "./start-service.ts";
import { tomlText, type TomlSections } from "./toml.ts";

export interface MeshPlan {
  readonly home: string;
  /** "jetstream" starts a private nats-server; `null` keeps what this home has (else embedded). */
  readonly log: "embedded" | "jetstream" | null;
  /** Those to have; clusters this home had before are kept beside them. */
  readonly clusters: readonly ClusterPlan[];
  /** The folder of a model to serve; null: none. */
  readonly model: string | null;
  readonly env: { readonly [name: string]: string | undefined };
  /** Told of each thing as it comes up, in order. */
  readonly onStep: (step: MeshStep) => void;
}

export interface MeshStep {
  readonly name: string;
  readonly started: boolean;
  readonly detail: string;
}

export interface Mesh {
  readonly record: MeshRecord;
  readonly client: ClientFile;
  readonly clusters: readonly ClusterView[];
  readonly serving: MeshServing | null;
  /** Services started now; empty when all were running. */
  readonly started: readonly string[];
}

const NAMESPACE = "default";
/** A scheduler replays its logs first; a slow disk and a long log take a while. */
const SCHEDULER_DEADLINE_MS = 60_000;
const AGENT_DEADLINE_MS = 30_000;
const STOP_GRACE_MS = 15_000;

export function meshUp(plan: MeshPlan): Promise<Mesh> {
  return withMeshLock(plan.home, () => bringUp(plan));
}

async function bringUp(plan: MeshPlan): Promise<Mesh> {
  const layout = meshLayout(plan.home);
  const started: string[] = [];
  let record = withClusters(chooseLog(readMeshRecord(plan.home), plan, layout), plan.clusters);
  const keep = (service: ServiceRecord): void => {
    record = withService(record, service);
    writeMeshRecord(plan.home, record);
  };
  writeMeshRecord(plan.home, record);

  let nats: ServiceRecord | null = null;
  let natsMoved = false;
  if (record.log === "jetstream") {
    const before = recordedService(record, "nats");
    const live = liveService(record, "nats");
    const port = await portAgain(before?.ready?.["url"]);
    nats = live ?? (await startNats({ layout, env: plan.env, port }));
    if (live === null) started.push("nats");
    keep(nats);
    natsMoved = before !== null && before.ready?.["url"] !== nats.ready?.["url"];
    const detail = `${String(nats.ready?.["url"])} (pid ${nats.pid})`;
    plan.onStep({ name: "nats", started: live === null, detail });
  }

  const before = recordedService(record, "scheduler");
  const live = natsMoved ? await stopped(record, "scheduler") : liveService(record, "scheduler");
  const scheduler = live ?? (await startScheduler(plan, layout, before, nats, keep));
  if (live === null) started.push("scheduler");
  keep(scheduler);
  const client = writeClientFile(layout, scheduler);
  const detail = `gRPC ${client.grpc}, HTTP ${client.http} (pid ${scheduler.pid})`;
  plan.onStep({ name: "scheduler", started: live === null, detail });

  // An agent that looks for the scheduler where it no longer is must be told the new place.
  const moved = before?.ready != null && before.ready["grpc"] !== client.grpc;
  const control = openControlClient(contextOf(layout, client));
  try {
    const clusters: ClusterView[] = [];
    for (const cluster of record.clusters) {
      const name = `agent-${cluster.name}`;
      const agent = moved ? await stopped(record, name) : liveService(record, name);
      await registerCluster(control, layout, cluster, agent === null);
      const running = agent ?? (await startAgent(plan, layout, cluster, client.grpc, keep));
      if (agent === null) started.push(name);
      keep(running);
      const view = await connectedCluster(control, cluster.name, running);
      clusters.push(view);
      const slots = view.slots === 1 ? "1 slot" : `${view.slots} slots`;
      const what = `cluster ${view.name} (${view.kind}), ${slots} (pid ${running.pid})`;
      plan.onStep({ name: "agent", started: agent === null, detail: what });
    }
    const serving = await serve();
    return { record, client, clusters, serving, started };
  } finally {
    control.close();
  }

  async function serve(): Promise<MeshServing | null> {
    if (plan.model === null) return null;
    const onStep = (name: string, isNew: boolean, what: string): void => {
      if (isNew) started.push(name);
      plan.onStep({ name, started: isNew, detail: what });
    };
    const { model, env } = plan;
    return servingUp({ layout, record, model, nats, natsMoved, env, keep, onStep });
  }
}

/** Clusters of earlier calls stay: what ran with `up --slurm-conf` comes back with a bare `up`. */
function withClusters(record: MeshRecord, asked: readonly ClusterPlan[]): MeshRecord {
  const names = new Set(asked.map((cluster) => cluster.name));
  const others = record.clusters.filter((cluster) => !names.has(cluster.name));
  return { ...record, clusters: [...asked, ...others] };
}

function chooseLog(record: MeshRecord, plan: MeshPlan, layout: MeshLayout): MeshRecord {
  const isNew = !existsSync(layout.adminTokenFile);
  if (isNew) return { ...record, log: plan.log ?? "embedded" };
  if (plan.log === null || plan.log === record.log) return record;
  throw new Failure(
    "CONFLICT",
    `the mesh in ${plan.home} keeps its events in the ${record.log} log`,
    {
      hint:
        plan.log === "jetstream"
          ? "move them with `signalbox down` and `signalbox log migrate`, or take another folder with --home"
          : "take another folder with --home",
    },
  );
}

async function startScheduler(
  plan: MeshPlan,
  layout: MeshLayout,
  before: ServiceRecord | null,
  nats: ServiceRecord | null,
  keep: (service: ServiceRecord) => void,
): Promise<ServiceRecord> {
  const sections: TomlSections = {
    scheduler: {
      listen: `127.0.0.1:${await portAgain(before?.ready?.["grpc"])}`, // U1
      http: `127.0.0.1:${await portAgain(before?.ready?.["http"])}`,
      state: layout.schedulerState,
      bootstrap_token_file: layout.adminTokenFile,
    },
    log: nats === null ? { driver: "embedded", path: layout.embeddedLog } : { driver: "jetstream" },
    nats: {
      url: textOf(nats?.ready?.["url"]),
      credentials_file: textOf(nats?.ready?.["credentialsFile"]),
      system_credentials_file: textOf(nats?.ready?.["systemCredentialsFile"]),
    },
  };
  writeConfig(layout.schedulerConfig, sections);
  return startService({
    name: "scheduler",
    argv: [process.execPath, serviceMain("scheduler"), "--config", layout.schedulerConfig],
    cwd: layout.home,
    logs: layout.logs,
    env: serviceEnv(plan.env),
    deadlineMs: SCHEDULER_DEADLINE_MS,
    onStarted: (service) => keep({ ...service, ready: before?.ready ?? null }),
  });
}

async function startAgent(
  plan: MeshPlan,
  layout: MeshLayout,
  cluster: ClusterPlan,
  scheduler: string,
  keep: (service: ServiceRecord) => void,
): Promise<ServiceRecord> {
  const { config, state, root, enrolmentTokenFile } = layout.agent(cluster.name);
  for (const folder of [state, root]) mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeConfig(config, {
    agent: {
      scheduler,
      kind: cluster.kind,
      root,
      state,
      enrolment_token_file: existsSync(enrolmentTokenFile) ? enrolmentTokenFile : null,
      http: "127.0.0.1:0",
      ...cluster.settings,
    },
    "agent.options": cluster.options,
  });
  return startService({
    name: `agent-${cluster.name}`,
    argv: [process.execPath, serviceMain("agent"), "--config", config],
    cwd: layout.home,
    logs: layout.logs,
    env: serviceEnv(plan.env),
    deadlineMs: AGENT_DEADLINE_MS,
    onStarted: keep,
  });
}

function writeConfig(path: string, sections: TomlSections): void {
  writeFileAtomic(path, tomlText("Written by `signalbox up`, which writes it anew.", sections));
}

function writeClientFile(layout: MeshLayout, scheduler: ServiceRecord): ClientFile {
  const { ready } = scheduler;
  const client: ClientFile = {
    grpc: String(ready?.["grpc"] ?? ""),
    http: String(ready?.["http"] ?? ""),
    token: adminToken(layout),
    namespace: NAMESPACE,
  };
  writeFileAtomic(clientFilePath(layout.home), `${JSON.stringify(client, null, 2)}\n`);
  return client;
}

function adminToken(layout: MeshLayout): string {
  if (existsSync(layout.adminTokenFile)) return readToken(layout.adminTokenFile);
  throw new Failure("NOT_FOUND", `the administrator's token is gone: ${layout.adminTokenFile}`, {
    hint: "the log knows its hash alone; put the file back, or begin anew in another --home",
  });
}

export function contextOf(layout: MeshLayout, client: ClientFile) {
  return {
    server: client.grpc,
    http: client.http,
    token: client.token,
    namespace: client.namespace,
    caFile: client.ca ?? null,
    source: clientFilePath(layout.home),
  };
}

/** Ended, so that it can be started with a new configuration. */
async function stopped(record: MeshRecord, name: string): Promise<null> {
  const service = liveService(record, name);
  if (service !== null) await stopService(service, STOP_GRACE_MS);
  return null;
}

function recordedService(record: MeshRecord, name: string): ServiceRecord | null {
  return record.services.find((service) => service.name === name) ?? null;
}

function textOf(value: string | number | boolean | undefined): string | null {
  return typeof value === "string" ? value : null;
}
