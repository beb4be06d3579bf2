// A router and its workers as real processes, each worker behind a relay of its own, and what they
// stand on where a fault needs that: a small disk, a job's memory limit.

import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startLinkProxy, type LinkProxy } from "#shared/testing/link-proxy.ts";
import type { ServiceRecord } from "../services/cli/mesh/mesh-record.ts";
import { isAlive } from "../services/cli/mesh/process-identity.ts";
import { logTail, serviceMain, startService } from "../services/cli/mesh/start-service.ts";
import { stopService } from "../services/cli/mesh/stop-service.ts";
import { bundledModel } from "../services/cli/package-root.ts";
import { untilLinked } from "../services/cli/serving/linked-workers.ts";
import { ModelServing, servingEnv } from "../services/cli/serving/model-serving.ts";
import { NatsProcess } from "../test/e2e/nats-process.ts";
import { MemoryGroup } from "./memory-group.ts";
import { SmallDisk } from "./small-disk.ts";

export type FleetKind =
  | "plain"
  | "two-ranks"
  | "few-places"
  | "small-disk"
  | "memory-limit"
  /** Two routers that share what they know over NATS. */
  | "nats";

interface FleetPlan {
  readonly workers: number;
  /** Further keys of `[worker]`. */
  readonly worker: { readonly [key: string]: string };
}

const PLANS: { readonly [K in FleetKind]: FleetPlan } = {
  plain: { workers: 3, worker: {} },
  // Each rank is one thread.
  "two-ranks": { workers: 2, worker: { ranks: "2", threads: "2" } },
  // Fewer waiting places than a router believes: its workers refuse, too.
  "few-places": { workers: 3, worker: { sequences_max: "4", waiting_max: "1" } },
  "small-disk": { workers: 3, worker: {} },
  "memory-limit": { workers: 3, worker: {} },
  nats: { workers: 3, worker: {} },
};
const MODEL = "lantern";
const DISK_BYTES = 32 * 2 ** 20;
const LINKED_MS = 60_000;
const STOP_MS = 2_000;

export interface FleetStart {
  readonly kind: FleetKind;
  readonly env: { readonly [name: string]: string | undefined };
  readonly say: (line: string) => void;
}

export class ChaosFleet {
  readonly kind: FleetKind;
  readonly serving: ModelServing;
  readonly model = MODEL;
  readonly #ground: Ground;

  private constructor(kind: FleetKind, ground: Ground, serving: ModelServing) {
    this.kind = kind;
    this.serving = serving;
    this.#ground = ground;
  }

  static async start({ kind, env, say }: FleetStart): Promise<ChaosFleet> {
    const { workers, worker } = PLANS[kind];
    const ground = prepareGround(kind);
    const { folder, proxies, disk } = ground;
    const route = async (router: string, name: string): Promise<string> => {
      const proxy = await startLinkProxy(router);
      proxies.set(name, proxy);
      if (ground.nats === null) return proxy.address;
      ground.secondRouter ??= await startSecondRouter(folder, env, ground.nats);
      return `${proxy.address},${String(ground.secondRouter.ready?.["workers"])}`;
    };
    try {
      if (kind === "nats") ground.nats = await NatsProcess.start(join(folder, "nats"));
      const serving = await ModelServing.start({
        ...{ model: bundledModel(), name: MODEL, workers, http: "127.0.0.1:0", folder, env, route },
        onStep: ({ name, detail }) => say(`${name}  ${detail}`),
        worker: { cache: "fp8", drain_s: "0.15", ...worker },
        router: disk === null ? {} : { state: join(folder, "state") },
        shared: natsKeys(ground.nats),
      });
      return new ChaosFleet(kind, ground, serving);
    } catch (reason) {
      await leaveGround(ground);
      throw reason;
    }
  }

  /** Null where the fleet's faults need none. */
  get disk(): SmallDisk | null {
    return this.#ground.disk;
  }

  get group(): MemoryGroup | null {
    return this.#ground.group;
  }

  /** Only of the kind `nats`. */
  get nats(): NatsProcess | null {
    return this.#ground.nats;
  }

  /** Of the routers' APIs, ending in /v1. */
  get urls(): readonly string[] {
    const { secondRouter } = this.#ground;
    const { url } = this.serving;
    if (secondRouter === null) return [url];
    return [url, `http://${String(secondRouter.ready?.["http"])}/v1`];
  }

  get routerLogs(): readonly string[] {
    const { folder, secondRouter } = this.#ground;
    const log = join(folder, "router.log");
    return secondRouter === null ? [log] : [log, secondRouter.logFile];
  }

  proxyOf(worker: string): LinkProxy {
    return this.#ground.proxies.get(worker)!;
  }

  /** Until all workers have dialled. Returns who had ended by itself: it is replaced. */
  async whole(): Promise<readonly { readonly name: string; readonly said: string }[]> {
    const dead = this.serving.workers.filter((record) => !isAlive(record));
    for (const { name } of dead) {
      this.serving.forget(name);
      await this.serving.addWorker();
    }
    const { workers } = PLANS[this.kind];
    const { folder } = this.#ground;
    for (const url of this.urls) await untilLinked(url, MODEL, workers, LINKED_MS, folder);
    return dead.map(({ name, logFile }) => ({
      ...{ name, said: `${name} had ended by itself:\n${logTail(logFile)}` },
    }));
  }

  async stop(): Promise<void> {
    await this.serving.stop(STOP_MS);
    await leaveGround(this.#ground);
  }
}

interface Ground {
  readonly folder: string;
  readonly disk: SmallDisk | null;
  readonly group: MemoryGroup | null;
  readonly proxies: Map<string, LinkProxy>;
  nats: NatsProcess | null;
  secondRouter: ServiceRecord | null;
}

function prepareGround(kind: FleetKind): Ground {
  const parent = mkdtempSync(join(tmpdir(), "signalbox-chaos-"));
  const folder = join(parent, "fleet");
  mkdirSync(folder);
  return {
    folder,
    disk: kind === "small-disk" ? SmallDisk.mount(folder, DISK_BYTES) : null,
    group: kind === "memory-limit" ? MemoryGroup.enter(`signalbox-chaos-${process.pid}`) : null,
    proxies: new Map(),
    ...{ nats: null, secondRouter: null },
  };
}

function startSecondRouter(
  folder: string,
  env: FleetStart["env"],
  nats: NatsProcess,
): Promise<ServiceRecord> {
  const keys = Object.entries(natsKeys(nats)).map(([key, value]) => [
    `SIGNALBOX_${key.toUpperCase()}`,
    value,
  ]);
  return startService({
    ...{ name: "router-2", cwd: folder, logs: folder, deadlineMs: LINKED_MS },
    argv: [process.execPath, serviceMain("router")],
    env: {
      ...servingEnv(env),
      ...(Object.fromEntries(keys) as NodeJS.ProcessEnv),
      SIGNALBOX_ROUTER_NAME: "router-2",
      SIGNALBOX_ROUTER_HTTP: "127.0.0.1:0",
      SIGNALBOX_ROUTER_WORKERS: "127.0.0.1:0",
      SIGNALBOX_ROUTER_SECRET_FILE: join(folder, "worker-secret"),
      SIGNALBOX_WITH_PARENT: "1",
    },
    onStarted: () => {},
  });
}

function natsKeys(nats: NatsProcess | null): { readonly [key: string]: string } {
  if (nats === null) return {};
  return { nats_url: nats.url, nats_credentials_file: nats.credentialsFile };
}

async function leaveGround(ground: Ground): Promise<void> {
  const { folder, disk, group, proxies, nats, secondRouter } = ground;
  if (secondRouter !== null) await stopService(secondRouter, STOP_MS);
  await nats?.stop();
  for (const proxy of proxies.values()) await proxy.close();
  disk?.unmount();
  await group?.leave();
  rmSync(join(folder, ".."), { recursive: true, force: true });
}
