// A nats-server of a mesh under test, to be killed, stopped and started again on its own store.

import {
  type NatsServer,
  findNatsServer,
  startNatsServer,
  stopNatsServer,
} from "#shared/mesh/nats-server.ts";
import { waitFor } from "#shared/testing/wait-for.ts";

export class NatsProcess {
  readonly #directory: string;
  #server: NatsServer;

  private constructor(directory: string, server: NatsServer) {
    this.#directory = directory;
    this.#server = server;
  }

  static async start(directory: string): Promise<NatsProcess> {
    return new NatsProcess(
      directory,
      await startNatsServer({ directory, binary: findNatsServer() }),
    );
  }

  get url(): string {
    return this.#server.url;
  }

  get credentialsFile(): string {
    return this.#server.credentialsFile;
  }

  /** The `[nats]` section of a scheduler's configuration. */
  get config(): string {
    const { url, credentialsFile, systemCredentialsFile } = this.#server;
    return [
      `[nats]\nurl = "${url}"`,
      `credentials_file = "${credentialsFile}"`,
      `system_credentials_file = "${systemCredentialsFile}"`,
    ].join("\n");
  }

  signal(signal: NodeJS.Signals): void {
    process.kill(this.#server.pid, signal);
  }

  /** Nothing when it is gone already. */
  async kill(): Promise<void> {
    const { pid } = this.#server;
    if (!alive(pid)) return;
    process.kill(pid, "SIGKILL");
    await waitFor(() => !alive(pid), 10_000, "the nats-server's end");
  }

  /** Again on the same store and, so that clients find it, the same port. */
  async start(): Promise<void> {
    const port = Number(new URL(this.#server.url).port);
    this.#server = await startNatsServer({
      directory: this.#directory,
      binary: findNatsServer(),
      port,
    });
  }

  async stop(): Promise<void> {
    await stopNatsServer(this.#server);
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
