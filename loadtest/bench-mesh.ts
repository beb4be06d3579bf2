// Real services for a benchmark, at default settings, in a temporary directory: a scheduler, and an
// agent with a local cluster if asked for.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { ClustersService } from "#proto/services.ts";
import { type GrpcChannel, clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import {
  type NatsServer,
  findNatsServer,
  startNatsServer,
  stopNatsServer,
} from "#shared/mesh/nats-server.ts";
import { ServiceProcess } from "#shared/testing/service-process.ts";

export const NAMESPACE = "default";
const ROOT = resolve(import.meta.dirname, "..");

export interface BenchMeshOptions {
  readonly log: "embedded" | "jetstream";
  /** `[agent]` lines and the dialect's options beyond the defaults; `null` starts no agent. */
  readonly agent: {
    readonly kind: "local" | "slurm";
    readonly slots: number;
    readonly options?: string;
  } | null;
}

export class BenchMesh {
  readonly directory: string;
  readonly channel: GrpcChannel;
  readonly scheduler: ServiceProcess;
  readonly agent: ServiceProcess | null;
  readonly agentHttp: string | null;
  readonly nats: NatsServer | null;

  private constructor(parts: {
    directory: string;
    channel: GrpcChannel;
    scheduler: ServiceProcess;
    agent: ServiceProcess | null;
    agentHttp: string | null;
    nats: NatsServer | null;
  }) {
    this.directory = parts.directory;
    this.channel = parts.channel;
    this.scheduler = parts.scheduler;
    this.agent = parts.agent;
    this.agentHttp = parts.agentHttp;
    this.nats = parts.nats;
  }

  static async start(options: BenchMeshOptions): Promise<BenchMesh> {
    const directory = mkdtempSync(join(tmpdir(), "signalbox-bench-"));
    const nats =
      options.log === "jetstream"
        ? await startNatsServer({ directory: join(directory, "nats"), binary: findNatsServer() })
        : null;
    const config = (listen: string, http: string): void =>
      writeFileSync(
        join(directory, "scheduler.toml"),
        [
          `[scheduler]\nlisten = "${listen}"\nhttp = "${http}"\nstate = "${directory}/scheduler"`,
          `bootstrap_token_file = "${directory}/admin-token"`,
          `[log]\ndriver = "${options.log}"\npath = "${directory}/log"`,
          nats === null ? "" : natsConfig(nats),
        ].join("\n"),
      );
    config("127.0.0.1:0", "127.0.0.1:0");
    const scheduler = service("scheduler", directory);
    const ready = await scheduler.start();
    config(ready.grpc ?? "", ready.http ?? "");
    const token = readFileSync(join(directory, "admin-token"), "utf8").trim();
    const channel = openChannel({ address: ready.grpc ?? "", token });
    let agent: ServiceProcess | null = null;
    let agentHttp: string | null = null;
    if (options.agent !== null) {
      const { kind, slots, options: more = "" } = options.agent;
      const enrolmentToken = await addCluster(channel, kind, kind, slots);
      writeFileSync(join(directory, "enrolment"), enrolmentToken, { mode: 0o600 });
      mkdirSync(join(directory, "jobs"));
      writeFileSync(
        join(directory, "agent.toml"),
        [
          `[agent]\nscheduler = "${ready.grpc}"\nkind = "${kind}"\nroot = "${directory}/jobs"`,
          `state = "${directory}/agent"\nenrolment_token_file = "${directory}/enrolment"`,
          more,
        ].join("\n"),
      );
      agent = service("agent", directory);
      agentHttp = (await agent.start()).http ?? null;
    }
    return new BenchMesh({ directory, channel, scheduler, agent, agentHttp, nats });
  }

  /** Ends the services; the log stays until remove(). */
  async stop(): Promise<void> {
    await this.agent?.stop();
    this.channel.close();
    await this.scheduler.stop();
  }

  async remove(): Promise<void> {
    if (this.nats !== null) await stopNatsServer(this.nats);
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }
}

function natsConfig({ url, credentialsFile, systemCredentialsFile }: NatsServer): string {
  return [
    `[nats]\nurl = "${url}"\ncredentials_file = "${credentialsFile}"`,
    `system_credentials_file = "${systemCredentialsFile}"`,
  ].join("\n");
}

/** Registers a cluster; gives the one-time token its agent enrols with. */
export async function addCluster(
  channel: GrpcChannel,
  name: string,
  kind: string,
  slots: number,
): Promise<string> {
  const added = await clientOf(ClustersService, channel).addCluster({
    ...{ namespace: NAMESPACE, name, kind, slots, makeDefault: true },
  });
  return added.enrolmentToken ?? "";
}

function service(name: "scheduler" | "agent", directory: string): ServiceProcess {
  const argv = [process.execPath, join(ROOT, "services", name, "main.ts")];
  argv.push("--config", join(directory, `${name}.toml`));
  return new ServiceProcess(name, argv, process.env, join(directory, `${name}.log`));
}
