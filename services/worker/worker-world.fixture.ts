// For tests: a worker's handlers over a given engine on a real gRPC server, and a router's end of
// the links that a worker dials.

import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";
import { signalbox } from "#proto/signalbox.js";
import { WorkerService } from "#proto/services.ts";
import { SimulatedEngine, type Engine, type SimulatedOptions } from "#native/index.ts";
import { systemClock, systemTimers } from "#shared/config/system.ts";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { NO_TLS, type TlsFiles } from "#shared/mesh/tls.ts";
import { acceptLink, createLinkServer, type AcceptedLink } from "#shared/mesh/worker-link.ts";
import { FrameReader } from "#shared/mesh/worker-link-frames.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { encodeProgress } from "./encode-response.ts";
import { figuresOf } from "./core/figures.ts";
import { workerHandlers } from "./handlers.ts";
import { modelCard } from "./model-card.ts";
import { Sessions, type Outcome } from "./sessions.ts";
import { NO_TOKENIZER, type TokenizerFiles } from "./tokenizer-files.ts";

export type Progress = signalbox.inference.v1.Progress;
export type Response = signalbox.inference.v1.IGenerateResponse;
export type WorkerClient = ReturnType<typeof clientOfWorker>;

export const silent = createLogger({ service: "test", level: "silent" });

/** Fast, and never at its end unless asked to be. */
export function simulatedEngine(options: Partial<SimulatedOptions> = {}): SimulatedEngine {
  return new SimulatedEngine({
    ...{ clock: systemClock, timers: systemTimers, latency: () => 1, meanTokens: null },
    ...options,
  });
}

export function clientOfWorker(address: string) {
  const channel = openChannel({ address });
  onTestFinished(() => channel.close());
  return clientOf(WorkerService, channel);
}

/** Sessions and handlers on a server of their own. */
export async function serveEngine(engine: Engine, tokenizer: TokenizerFiles = NO_TOKENIZER) {
  const outcomes: (Outcome | "refused")[] = [];
  const dispatches: number[] = [];
  const sessions = new Sessions(engine, {
    onOutcome: (outcome) => void outcomes.push(outcome),
    onAdmitted: () => null,
    onDispatch: (_, dispatch) => void dispatches.push(dispatch),
  });
  const model = modelCard(engine.model, {
    ...{ name: "m", build: "1", backEnd: "test", sequencesMax: 4 },
    ...{ tokenizerSha256: tokenizer.sha256, weightsFingerprint: "f" },
  });
  const server = new GrpcServer({
    ...{ listen: "127.0.0.1:0", metrics: createMetrics("worker"), logger: silent },
  });
  const loadNow = () =>
    encodeProgress(figuresOf(sessions.core, engine.stats(), false), {
      ...{
        sequence: 0,
        seen: 0,
        loopLagMs: 0,
        walltimeLeftS: null,
        beat: 0,
        routers: [],
        gpus: [],
      },
    });
  const parts = { engine, sessions, model, tokenizer, timers: systemTimers, loadNow };
  server.add(WorkerService, workerHandlers(parts));
  const address = await server.start();
  onTestFinished(async () => {
    await engine.unload();
    await server.stop(500);
  });
  return { client: clientOfWorker(address), sessions, outcomes, dispatches, server };
}

/** A router that takes workers in, and reaches the last one by `client`. */
export class FakeRouter {
  readonly progress: Progress[] = [];
  readonly hellos: AcceptedLink["hello"][] = [];
  readonly #sockets = new Set<Socket>();
  readonly #secret: string | null;
  readonly #tls: TlsFiles;
  #server: Server | null = null;
  #proxy: Server | null = null;
  #serving: AcceptedLink | null = null;
  #port = 0;

  constructor(secret: string | null = null, tls: TlsFiles = NO_TLS) {
    this.#secret = secret;
    this.#tls = tls;
    onTestFinished(() => this.stop());
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The same port again after a stop. */
  async start(): Promise<void> {
    this.#server = createLinkServer(this.#tls, (socket) => {
      this.#sockets.add(socket);
      acceptLink(socket, { router: "r1", secret: this.#secret }).then(
        (link) => this.#take(link),
        () => {},
      );
    });
    this.#port = await listenOn(this.#server, this.#port);
  }

  /** All connections cut, nobody listens. */
  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
    this.#server?.close();
    this.#proxy?.close();
    this.#serving = null;
    this.progress.length = 0;
  }

  /** The newest serve link that nobody has taken yet. */
  async takeServing(): Promise<AcceptedLink> {
    const link = await waitFor(() => this.#serving, 10_000, "a serve link");
    this.#serving = null;
    return link;
  }

  /** Speaks gRPC over the serve link, by a port of its own that leads to it. One at a time. */
  async client(): Promise<WorkerClient> {
    const link = await this.takeServing();
    if (link.rest.length > 0) link.socket.unshift(link.rest);
    this.#proxy = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("error", () => {}).pipe(link.socket);
      link.socket.pipe(socket);
    });
    return clientOfWorker(`127.0.0.1:${await listenOn(this.#proxy, 0)}`);
  }

  #take(link: AcceptedLink): void {
    this.hellos.push(link.hello);
    if (link.hello.role === "serve") {
      this.#serving = link;
      return;
    }
    const reader = new FrameReader();
    const take = (chunk: Buffer): void => {
      reader.push(chunk);
      for (let it = reader.take(); it !== null; it = reader.take()) {
        this.progress.push(signalbox.inference.v1.Progress.decode(it));
      }
    };
    take(link.rest);
    link.socket.on("data", take).resume();
  }
}

async function listenOn(server: Server, port: number): Promise<number> {
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

export async function collect(stream: AsyncIterable<Response>): Promise<Response[]> {
  const all: Response[] = [];
  for await (const it of stream) all.push(it);
  return all;
}

export const idsOf = (responses: readonly Response[]): number[] =>
  responses.flatMap((it) => it.tokenIds ?? []);
