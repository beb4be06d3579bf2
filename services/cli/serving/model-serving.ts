// One model on this machine as an OpenAI endpoint: a router and some workers as processes of their
// own, which end with stop() and nothing else with them.

import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Failure } from "#shared/base/errors.ts";
import type { ServiceRecord } from "../mesh/mesh-record.ts";
import { isAlive, signalProcess } from "../mesh/process-identity.ts";
import { serviceEnv, serviceMain, startService } from "../mesh/start-service.ts";
import { stopService } from "../mesh/stop-service.ts";
import { untilLinked } from "./linked-workers.ts";

export interface ServingPlan {
  /** A Hugging Face model folder. */
  readonly model: string;
  /** As clients call it. */
  readonly name: string;
  readonly workers: number;
  /** `HOST:PORT` of the OpenAI API. */
  readonly http: string;
  /** Logs and the shared secret. */
  readonly folder: string;
  /** Where workers keep what outlives them, a folder each; absent: nowhere. */
  readonly state?: string;
  readonly env: { readonly [name: string]: string | undefined };
  /** Further keys of `[worker]` and `[router]`. */
  readonly worker: { readonly [key: string]: string };
  readonly router: { readonly [key: string]: string };
  /** Of all of them, such as `nats_url`. */
  readonly shared?: { readonly [key: string]: string };
  /** Where a worker dials instead of the router's address; null: there. */
  readonly route: ((router: string, worker: string) => Promise<string>) | null;
  readonly onStep: (step: { readonly name: string; readonly detail: string }) => void;
}

/** A large model's weights are read from a disk that others use too. */
const WORKER_READY_MS = 600_000;
const ROUTER_READY_MS = 30_000;
const LINK_MS = 15_000;
const POLL_MS = 20;
/** Before a worker that could not be started is tried again; doubled each time. */
const RESTART_MS = 1_000;
const RESTART_MS_MAX = 60_000;
/** Streams that run are finished or handed over first. */
const STOP_GRACE_MS = 35_000;

export class ModelServing {
  readonly #plan: ServingPlan;
  readonly #secretFile: string;
  #router: ServiceRecord | null = null;
  readonly #workers = new Map<string, ServiceRecord>();
  /** Whose place it is, or was; a worker that takes one over has the state of the one before. */
  readonly #places: ServiceRecord[] = [];
  #started = 0;
  #stopping = false;

  private constructor(plan: ServingPlan) {
    this.#plan = plan;
    this.#secretFile = join(plan.folder, "worker-secret");
  }

  /** UNAVAILABLE, with the end of its log, for a process that does not come up. */
  static async start(plan: ServingPlan): Promise<ModelServing> {
    const serving = new ModelServing(plan);
    try {
      await serving.#start();
      return serving;
    } catch (reason) {
      await serving.stop(0);
      throw reason;
    }
  }

  /** Of the API, ending in /v1. */
  get url(): string {
    return `http://${this.#address("http")}/v1`;
  }

  /** Where the router speaks gRPC to clients; null: its plan names no address. */
  get grpc(): string | null {
    const address = this.#router?.ready?.["grpc"];
    return typeof address === "string" ? address : null;
  }

  get workers(): readonly ServiceRecord[] {
    return [...this.#workers.values()];
  }

  /** SIGKILL is how a machine dies: without a word. False when it was gone. */
  signal(worker: string, signal: NodeJS.Signals): boolean {
    const record = this.#workers.get(worker);
    if (record === undefined) throw new Failure("NOT_FOUND", `there is no worker ${worker}`);
    if (signal === "SIGKILL") this.#workers.delete(worker);
    return signalProcess(record, signal);
  }

  /** It has ended or is about to: it does not count any more. */
  forget(worker: string): void {
    this.#workers.delete(worker);
  }

  /** Until the router knows so many workers. UNAVAILABLE after `waitMs`. */
  linked(count: number = this.#plan.workers, waitMs: number = LINK_MS): Promise<void> {
    return untilLinked(this.url, this.#plan.name, count, waitMs, this.#plan.folder);
  }

  /** Its name. */
  async addWorker(): Promise<string> {
    this.#started += 1;
    const name = `worker-${this.#started}`;
    const { route } = this.#plan;
    const router = this.#address("workers");
    const free = this.#places.findIndex((record) => !isAlive(record));
    const place = free < 0 ? this.#places.length : free;
    const threads = Math.max(1, Math.floor(availableParallelism() / this.#plan.workers));
    const record = await this.#startService("worker", name, WORKER_READY_MS, {
      WORKER_NAME: name,
      WORKER_MODEL: this.#plan.model,
      WORKER_MODEL_NAME: this.#plan.name,
      WORKER_ROUTERS: route === null ? router : await route(router, name),
      WORKER_SECRET_FILE: this.#secretFile,
      WORKER_THREADS: String(threads),
      ...(this.#plan.state === undefined ? {} : { WORKER_STATE: this.#stateOf(place) }),
      ...variablesOf("WORKER", this.#plan.worker),
    });
    this.#places[place] = record;
    this.#plan.onStep({ name, detail: `pid ${record.pid}, ${threadsText(threads)}` });
    return name;
  }

  /**
   * Starts workers again that have ended. Settles when the router has ended by itself, with its
   * name; null when `signal` aborts. Rejects when a worker cannot be started any more and no other
   * is left.
   */
  async watch(signal: AbortSignal): Promise<string | null> {
    let missing = 0;
    let pauseMs = RESTART_MS;
    let tryAtMs = 0;
    while (!signal.aborted) {
      if (this.#router !== null && !isAlive(this.#router)) return "router";
      for (const [name, record] of this.#workers) {
        if (isAlive(record) || this.#stopping) continue;
        this.#workers.delete(name);
        this.#plan.onStep({ name, detail: `ended; its log is ${record.logFile}` });
        missing += 1;
      }
      if (missing > 0 && performance.now() >= tryAtMs) {
        try {
          await this.addWorker();
          missing -= 1;
          pauseMs = RESTART_MS;
        } catch (reason) {
          if (this.#workers.size === 0 && pauseMs > RESTART_MS) throw reason;
          tryAtMs = performance.now() + pauseMs;
          pauseMs = Math.min(2 * pauseMs, RESTART_MS_MAX);
        }
      }
      await new Promise((resume) => setTimeout(resume, 10 * POLL_MS));
    }
    return null;
  }

  async stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    this.#stopping = true;
    // The router first: it refuses what is new, and workers finish what it has begun.
    if (this.#router !== null) await stopService(this.#router, graceMs);
    await Promise.all([...this.#workers.values()].map((record) => stopService(record, graceMs)));
    this.#workers.clear();
    this.#router = null;
  }

  async #start(): Promise<void> {
    mkdirSync(this.#plan.folder, { recursive: true, mode: 0o700 });
    writeFileSync(this.#secretFile, `${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
    this.#router = await this.#startService("router", "router", ROUTER_READY_MS, {
      ROUTER_NAME: "router",
      ROUTER_HTTP: this.#plan.http,
      ROUTER_WORKERS: "127.0.0.1:0",
      ROUTER_SECRET_FILE: this.#secretFile,
      ...variablesOf("ROUTER", this.#plan.router),
    });
    this.#plan.onStep({ name: "router", detail: this.#address("http") });
    for (let i = 0; i < this.#plan.workers; i++) await this.addWorker();
    await this.linked();
  }

  async #startService(
    service: "router" | "worker",
    name: string,
    deadlineMs: number,
    settings: { readonly [key: string]: string },
  ): Promise<ServiceRecord> {
    const shared = Object.entries(this.#plan.shared ?? {}).map(
      ([key, value]) => [key.toUpperCase(), value] as const,
    );
    const all = [...shared, ...Object.entries(settings)];
    const prefixed = all.map(([key, value]) => [`SIGNALBOX_${key}`, value]);
    const keep = (record: ServiceRecord): void => {
      if (service === "router") this.#router = record;
      else this.#workers.set(name, record);
    };
    const ready = await startService({
      ...{ name, deadlineMs, cwd: this.#plan.folder, logs: this.#plan.folder },
      argv: [process.execPath, serviceMain(service)],
      // Killed, this process would leave them behind.
      env: {
        ...{ ...servingEnv(this.#plan.env), ...Object.fromEntries(prefixed) },
        SIGNALBOX_WITH_PARENT: "1",
      },
      onStarted: keep, // Known from its first moment, so that stop() finds it.
    });
    keep(ready);
    return ready;
  }

  #stateOf(place: number): string {
    return join(this.#plan.state ?? "", `worker-${place + 1}`);
  }

  #address(key: "http" | "workers"): string {
    return String(this.#router?.ready?.[key] ?? "");
  }
}

/** SIGNALBOX_ENGINE names the addon, and is no configuration. */
export function servingEnv(env: ServingPlan["env"]): NodeJS.ProcessEnv {
  const { SIGNALBOX_ENGINE: engine } = env;
  return { ...serviceEnv(env), ...(engine === undefined ? {} : { SIGNALBOX_ENGINE: engine }) };
}

function variablesOf(
  section: "WORKER" | "ROUTER",
  keys: { readonly [key: string]: string },
): { readonly [name: string]: string } {
  const named = Object.entries(keys).map(([key, value]) => [
    `${section}_${key.toUpperCase()}`,
    value,
  ]);
  return Object.fromEntries(named) as { readonly [name: string]: string };
}

function threadsText(threads: number): string {
  return threads === 1 ? "1 thread" : `${threads} threads`;
}
