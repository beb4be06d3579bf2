// A private nats-server for tests, a proxy in front of it that can lose an answer, and logs with
// names of their own on it. Imported by tests only.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NatsConnections } from "#shared/mesh/nats-connection.ts";
import { startNatsServer, stopNatsServer } from "#shared/mesh/nats-server.ts";
import type { NatsBinary, NatsServer, NatsServerOptions } from "#shared/mesh/nats-server.ts";
import { openJetStreamLog } from "./jetstream-log.ts";
import type { JetStreamLogOptions } from "./jetstream-log.ts";
import type { HarnessOptions, LogHarness } from "./log-conformance.ts";

export interface JetStreamWorld {
  readonly directory: string;
  readonly server: NatsServer;
  readonly proxy: AnswerLosingProxy;
  /** Options for a log with a name of its own, straight to the server. */
  options(more?: Partial<JetStreamLogOptions>): JetStreamLogOptions;
  harness(options: HarnessOptions): Promise<LogHarness>;
  close(): Promise<void>;
}

export async function jetStreamWorld(
  binary: NatsBinary,
  more: Partial<NatsServerOptions> = {},
): Promise<JetStreamWorld> {
  const directory = mkdtempSync(join(tmpdir(), "signalbox-nats-"));
  const server = await startNatsServer({ directory, binary, ...more });
  const proxy = await AnswerLosingProxy.listen(Number(new URL(server.url).port));
  const credentials = readFileSync(server.credentialsFile, "utf8").trim();
  const systemCredentials = readFileSync(server.systemCredentialsFile, "utf8").trim();
  let names = 0;
  const options = (over: Partial<JetStreamLogOptions> = {}): JetStreamLogOptions => ({
    urls: [server.url],
    credentials,
    systemCredentials,
    partitions: 2,
    replicas: 1,
    production: false,
    prefix: `T${names++}`,
    ...over,
  });
  return {
    directory,
    server,
    proxy,
    options,
    async harness(given) {
      const own = options({ ...given, urls: [proxy.url] });
      const side = await NatsConnections.open({ urls: [server.url], credentials, name: "side" });
      return {
        open: () => openJetStreamLog(own),
        inject: async (partition, bytes) => {
          await side.request(`${own.prefix?.toLowerCase()}.log.${partition}`, bytes, {
            timeoutMs: 2_000,
          });
        },
        loseNextAck: () => proxy.loseNextAnswer(".log."),
        close: () => side.close(),
      };
    },
    async close() {
      await proxy.close();
      await stopNatsServer(server);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Passes everything on, until told to cut the line between a request and its answer. */
export class AnswerLosingProxy {
  readonly url: string;
  lost = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #marker: string | null = null;

  private constructor(server: Server) {
    this.#server = server;
    this.url = `nats://127.0.0.1:${(server.address() as { port: number }).port}`;
  }

  static async listen(port: number): Promise<AnswerLosingProxy> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const proxy = new AnswerLosingProxy(server);
    server.on("connection", (client) => proxy.#onConnection(client, connect(port, "127.0.0.1")));
    return proxy;
  }

  /** The next request with `marker` in it reaches the server; its answer reaches nobody. */
  loseNextAnswer(marker: string): void {
    this.#marker = marker;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onConnection(client: Socket, server: Socket): void {
    let losing = false;
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => from.destroy());
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
    client.on("data", (chunk: Buffer) => {
      if (this.#marker !== null && chunk.includes(this.#marker)) {
        this.#marker = null;
        losing = true;
      }
      server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      if (!losing) return void client.write(chunk);
      this.lost += 1;
      client.destroy();
    });
  }
}
