// The workers that have dialled this router: their connections, what the fleet knows of them, and
// the verdicts that follow from it.
//
//   F1. A worker is in the fleet exactly while its serving connection stands.
//   F2. A second serving connection of the same worker and epoch replaces the first.
//   F3. Silence alone ends no connection: it is asked first, on that very connection.

import type { Server, Socket } from "node:net";
import type { AddressInfo } from "node:net";
import { signalbox } from "#proto/signalbox.js";
import { Failure } from "#shared/base/errors.ts";
import type { Clock } from "#shared/base/clock.ts";
import { parseAddress } from "#shared/config/parse-value.ts";
import { acceptLink, createLinkServer, type AcceptedLink } from "#shared/mesh/worker-link.ts";
import { FrameReader } from "#shared/mesh/worker-link-frames.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { onConfirmed, onTick, type Verdict } from "../core/verdicts.ts";
import { onProgress, onWorkerGone, onWorkerUp } from "../core/fleet.ts";
import type { Fleet } from "../core/fleet-state.ts";
import type { ModelCatalog, ServedModel, TokenizerFiles } from "../token-source.ts";
import type { TurnQueue } from "../wire/turn-queue.ts";
import { brokenGpusOf, progressOf, workerSpecOf } from "./worker-facts.ts";
import type { OnBatch } from "./batched-calls.ts";
import { connectWorker, type WorkerConnection } from "./worker-connection.ts";

export interface WorkerSetOptions {
  readonly name: string;
  /** `HOST:PORT` that workers dial. */
  readonly listen: string;
  readonly secret: string | null;
  readonly tls: TlsFiles;
  readonly crossClasses: boolean;
  readonly fleet: Fleet;
  /** When what connections write is sent. */
  readonly turns: TurnQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Streams at this worker cannot go on there. */
  readonly onStalled: (key: string, why: string) => void;
  /** Workers came, went or changed: whoever waits may look again. */
  readonly onChanged: () => void;
  /** There may be room: workers changed, or one has reported. */
  readonly onRoom: () => void;
  /** A model came with a tokenizer that was not known. */
  readonly onTokenizer: (files: TokenizerFiles) => void;
  readonly onBatch: OnBatch;
  /** Workers with a stream that has heard nothing for so long. */
  readonly silentFor: (silentMs: number) => readonly string[];
}

const TICK_MS = 50;
/** How long a silent worker has to answer on its serving connection. */
const CONFIRM_MS = 400;
/** A stream without news: the connection may be dead one way while the worker reports on another. */
const SILENT_MS = 1_500;
/** Models that were served and are not any more. */
const ABSENT_MAX = 256;
/** Progress and serving connections that wait for each other, and hostile ones. */
const CONNECTIONS_MAX = 8192;

export class WorkerSet implements ModelCatalog {
  readonly #options: WorkerSetOptions;
  readonly #server: Server;
  readonly #connections = new Map<string, WorkerConnection>();
  readonly #sockets = new Set<Socket>();
  readonly #tokenizers = new Map<string, TokenizerFiles>();
  /** When a model was first served here, in seconds since 1970. */
  readonly #created = new Map<string, number>();
  readonly #asked = new Set<string>();
  /** Models without a worker now, as they last were. */
  readonly #absent = new Map<string, ServedModel>();
  #timer: NodeJS.Timeout | null = null;
  #stopped = false;

  private constructor(options: WorkerSetOptions) {
    this.#options = options;
    this.#server = createLinkServer(options.tls, (socket) => void this.#onSocket(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** UNAVAILABLE when the address cannot be had. */
  static async start(options: WorkerSetOptions): Promise<WorkerSet> {
    const set = new WorkerSet(options);
    await set.#listen();
    set.#timer = setInterval(() => set.#tick(), TICK_MS);
    return set;
  }

  /** As bound. */
  get address(): string {
    const { address, port, family } = this.#server.address() as AddressInfo;
    return family === "IPv6" ? `[${address}]:${port}` : `${address}:${port}`;
  }

  get size(): number {
    return this.#connections.size;
  }

  connection(key: string): WorkerConnection | null {
    return this.#connections.get(key) ?? null;
  }

  models(): readonly ServedModel[] {
    return [...this.#created.keys()]
      .toSorted()
      .map((name) => this.model(name))
      .filter((model) => model !== null);
  }

  model(name: string): ServedModel | null {
    const workers = [...this.#connections.values()].filter(({ model }) => model.name === name);
    const [first] = workers;
    const created = this.#created.get(name);
    if (created === undefined) return null;
    if (first === undefined) return this.#absent.get(name) ?? null;
    const { model } = first;
    const draining = workers.every(({ key }) => this.#takesNothingNew(key));
    return {
      ...{ name, created, workers: workers.length, state: draining ? "draining" : "ready" },
      // What every worker of it can take.
      contextMax: Math.min(...workers.map((worker) => worker.model.contextMax)),
      ...{ vocab: model.vocab, eosIds: model.eosIds },
      masks: workers.some((worker) => worker.model.capabilities?.masks ?? false),
      tokenizer: this.#tokenizers.get(model.tokenizerSha256) ?? null,
    };
  }

  /**
   * Asks a worker on its serving connection, unless it is being asked; cuts that connection when no
   * answer comes: what it would have carried is lost already.
   */
  async ask(key: string): Promise<void> {
    const connection = this.connection(key);
    if (connection === null || this.#asked.has(key)) return;
    this.#asked.add(key);
    const alive = await connection.answersWithin(CONFIRM_MS);
    this.#asked.delete(key);
    if (!alive) connection.cut(`no answer within ${CONFIRM_MS} ms`);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearInterval(this.#timer);
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections.values()) connection.cut("the router stops");
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #listen(): Promise<void> {
    const to = parseAddress(this.#options.listen);
    if (to === null) throw new Failure("INVALID", `${this.#options.listen} is no HOST:PORT`);
    return new Promise((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const said = `cannot listen on ${this.#options.listen}: ${cause.message}`;
        reject(new Failure("UNAVAILABLE", said, { cause }));
      });
      this.#server.listen(to, () => resolve());
    });
  }

  async #onSocket(socket: Socket): Promise<void> {
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    const { name, secret, logger } = this.#options;
    try {
      const link = await acceptLink(socket, { router: name, secret });
      if (this.#stopped) socket.destroy();
      else if (link.hello.role === "serve") await this.#serve(link);
      else this.#follow(link);
    } catch (reason) {
      socket.destroy();
      const { message, code } = Failure.from(reason);
      if (!this.#stopped) logger.warn({ reason: message, code }, "no link to a worker");
    }
  }

  async #serve({ hello, socket, rest }: AcceptedLink): Promise<void> {
    const key = keyOf(hello);
    if (rest.length > 0) socket.unshift(rest);
    const { turns, onBatch } = this.#options;
    const connection = await connectWorker(socket, key, turns, onBatch);
    const { model } = connection;
    await this.#takeTokenizer(connection);
    this.#connections.get(key)?.cut("it has dialled again");
    this.#connections.set(key, connection);
    if (!this.#created.has(model.name)) {
      this.#created.set(model.name, Math.floor(this.#options.clock.nowMs() / 1000));
    }
    const { fleet, clock, crossClasses, logger } = this.#options;
    onWorkerUp(fleet, workerSpecOf(key, model, crossClasses), clock.monotonicMs());
    logger.info({ worker: key, model: model.name }, "worker joined");
    this.#options.onChanged();
    void connection.closed.then((why) => this.#onClosed(connection, why));
  }

  #onClosed(connection: WorkerConnection, why: string): void {
    const { key } = connection;
    if (this.#connections.get(key) !== connection) return; // Replaced meanwhile (F2).
    const last = this.model(connection.model.name);
    this.#connections.delete(key);
    if (last?.workers === 1) this.#remember(last);
    const { fleet, clock, logger } = this.#options;
    onWorkerGone(fleet, key, clock.monotonicMs());
    if (!this.#stopped) logger.warn({ worker: key, reason: why }, "worker left");
    this.#options.onChanged();
  }

  /** Clients of a model whose last worker has gone are told to come back, not that it is unknown. */
  #remember(last: ServedModel): void {
    this.#absent.delete(last.name);
    this.#absent.set(last.name, { ...last, workers: 0, state: "absent" });
    const [oldest] = this.#absent.keys();
    if (this.#absent.size <= ABSENT_MAX || oldest === undefined) return;
    this.#absent.delete(oldest);
    this.#created.delete(oldest);
  }

  async #takeTokenizer(connection: WorkerConnection): Promise<void> {
    const { tokenizerSha256 } = connection.model;
    if (tokenizerSha256 === "" || this.#tokenizers.has(tokenizerSha256)) return;
    const files = await connection.tokenizer();
    if (files === null) return;
    this.#tokenizers.set(tokenizerSha256, files);
    this.#options.onTokenizer(files);
  }

  /** Frames of Progress, until the link ends; what is no Progress ends it. */
  #follow({ hello, socket, rest }: AcceptedLink): void {
    const key = keyOf(hello);
    const frames = new FrameReader();
    const { fleet, clock, logger, onChanged, onRoom } = this.#options;
    let state = "";
    const read = (bytes: Buffer): void => {
      try {
        frames.push(bytes);
        for (let frame = frames.take(); frame !== null; frame = frames.take()) {
          const wire = signalbox.inference.v1.Progress.decode(frame);
          const progress = progressOf(wire);
          onProgress(fleet, key, progress, clock.monotonicMs());
          if (progress.state !== state) {
            if (progress.state === "draining") logger.info({ worker: key }, "worker drains");
            if (progress.state === "sick") {
              const gpus = brokenGpusOf(wire);
              logger.error({ worker: key, gpus }, "worker is sick: it gets no new streams");
            }
            onChanged();
          }
          state = progress.state;
          onRoom();
        }
      } catch (reason) {
        logger.warn({ worker: key, reason: Failure.from(reason).message }, "no progress of it");
        socket.destroy();
      }
    };
    socket.on("data", read);
    socket.once("end", () => socket.destroy());
    if (rest.length > 0) read(rest);
    socket.resume();
  }

  #tick(): void {
    const { fleet, clock, silentFor } = this.#options;
    for (const key of silentFor(SILENT_MS)) void this.ask(key);
    for (const verdict of onTick(fleet, clock.monotonicMs())) void this.#onVerdict(verdict);
  }

  async #onVerdict(verdict: Verdict): Promise<void> {
    const { fleet, clock, logger, onStalled, onChanged } = this.#options;
    const { key, kind } = verdict;
    switch (kind) {
      case "recovered":
        logger.info({ worker: key }, "worker is well again");
        return onChanged();
      case "hung": {
        const why = `its ${verdict.what} has stood still for ${Math.round(verdict.frozenMs)} ms`;
        logger.error({ worker: key, reason: why }, "worker hangs");
        onStalled(key, why);
        return onChanged();
      }
      case "suspect": {
        const alive = (await this.connection(key)?.answersWithin(CONFIRM_MS)) ?? false;
        onConfirmed(fleet, key, alive, clock.monotonicMs());
        if (alive) return;
        const why = `silent for ${Math.round(verdict.silentMs + CONFIRM_MS)} ms`;
        logger.error({ worker: key, reason: why }, "worker is gone or stopped");
        onStalled(key, why);
        return onChanged();
      }
    }
  }

  #takesNothingNew(key: string): boolean {
    const state = this.#options.fleet.workers.get(key)?.progress?.state;
    return state === "draining" || state === "sick";
  }
}

function keyOf(hello: { readonly worker: string; readonly epoch: string }): string {
  return `${hello.worker}/${hello.epoch}`;
}
