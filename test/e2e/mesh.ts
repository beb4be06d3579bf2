// A whole mesh of real processes for one test: scheduler, agent, and as asked a nats-server and a
// private Slurm. Everything is under one temporary directory and ends with close().

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { type SlurmCluster, startSlurm } from "../../deploy/test-clusters/slurm/slurm-cluster.ts";
import { ClustersService, RunsService } from "#proto/services.ts";
import { signalbox } from "#proto/signalbox.js";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import type { GrpcChannel } from "#shared/mesh/grpc-client.ts";
import { waitFor } from "#shared/testing/wait-for.ts";
import { ServiceProcess } from "#shared/testing/service-process.ts";
import { NatsProcess } from "./nats-process.ts";
import { SbatchGate } from "./sbatch-gate.ts";

const { RunState } = signalbox.control.v1;
type Run = signalbox.control.v1.IRun;
type Job = signalbox.control.v1.IJob;

const ROOT = resolve(import.meta.dirname, "../..");
export const NAMESPACE = "default";

export interface MeshOptions {
  readonly log: "embedded" | "jetstream";
  readonly cluster: "local" | "slurm";
  readonly slots?: number;
  /** DESIGN §5's waiting time before an unanswered submission may be made again. */
  readonly adoptWaitS?: number;
}

export type Target = "scheduler" | "agent" | "nats-server" | "slurmctld";

export interface Claim {
  readonly token: string;
  readonly nativeId: string;
  /** Lines in claim.lost: starts that found the claim taken and did nothing. */
  readonly lost: number;
}

export class Mesh {
  readonly directory: string;
  readonly options: MeshOptions;
  readonly scheduler: ServiceProcess;
  readonly agent: ServiceProcess;
  readonly slurm: SlurmCluster | null;
  readonly nats: NatsProcess | null;
  readonly gate: SbatchGate | null;
  #channel: GrpcChannel | null = null;

  private constructor(
    directory: string,
    options: MeshOptions,
    slurm: SlurmCluster | null,
    nats: NatsProcess | null,
  ) {
    this.directory = directory;
    this.options = options;
    this.slurm = slurm;
    this.nats = nats;
    this.gate = slurm === null ? null : new SbatchGate(join(directory, "gate"), sbatchIn(slurm));
    this.scheduler = this.#service("scheduler", process.env["PATH"] ?? "");
    const path = [this.gate?.bin, slurm?.env.PATH ?? process.env["PATH"]]
      .filter(Boolean)
      .join(delimiter);
    this.agent = this.#service("agent", path);
  }

  static async start(options: MeshOptions): Promise<Mesh> {
    const directory = mkdtempSync(join(tmpdir(), "signalbox-e2e-"));
    const slurm =
      options.cluster === "slurm" ? await startSlurm({ messageTimeoutS: 2, killWaitS: 1 }) : null;
    const nats =
      options.log === "jetstream" ? await NatsProcess.start(join(directory, "nats")) : null;
    const mesh = new Mesh(directory, options, slurm, nats);
    try {
      await mesh.#bringUp();
    } catch (error) {
      await mesh.close();
      throw error;
    }
    return mesh;
  }

  /** Submits a manifest (as an object) and gives the run's id. */
  async submit(manifest: object, key: string): Promise<string> {
    const request = {
      namespace: NAMESPACE,
      manifest: Buffer.from(JSON.stringify(manifest)),
      fileName: "test.json",
      idempotencyKey: key,
      cluster: this.options.cluster,
    };
    // What a client does: the same key again until somebody has answered.
    return await waitFor(
      async () =>
        (await clientOf(RunsService, this.channel).submitRun(request, { deadlineMs: 5_000 })).run
          ?.id,
      60_000,
      "an acknowledged submission",
    );
  }

  async run(id: string): Promise<{ run: Run; jobs: readonly Job[] }> {
    const request = { namespace: NAMESPACE, id };
    const answer = await clientOf(RunsService, this.channel).getRun(request, { deadlineMs: 5_000 });
    return { run: answer.run ?? {}, jobs: answer.jobs ?? [] };
  }

  /** Waits until the run has ended, whatever happens to the scheduler meanwhile. */
  async end(id: string, withinMs = 120_000): Promise<{ run: Run; jobs: readonly Job[] }> {
    return await waitFor(
      async () => {
        const seen = await this.run(id);
        const { state } = seen.run;
        const over = [
          RunState.RUN_STATE_SUCCEEDED,
          RunState.RUN_STATE_FAILED,
          RunState.RUN_STATE_CANCELLED,
        ];
        return over.includes(state as never) ? seen : null;
      },
      withinMs,
      `the end of run ${id}`,
    ).catch(async (error: unknown) => {
      const now = await this.run(id).catch((reason: unknown) => String(reason));
      const logs = [this.scheduler, this.agent].map(
        (each) => `--- ${each.name}\n${each.logTail()}`,
      );
      throw new Error([String(error), JSON.stringify(now), ...logs].join("\n"), { cause: error });
    });
  }

  /** What is on disk about each attempt that began, while it lives and after it has ended. */
  claims(): Claim[] {
    const places = ["jobs", "ended"].map((name) => join(this.directory, "jobs", name));
    return places
      .filter((place) => existsSync(place))
      .flatMap((place) =>
        readdirSync(place).flatMap((token) => {
          const claim = readIfThere(join(place, token, "claim"));
          if (claim === "") return [];
          const lost = readIfThere(join(place, token, "claim.lost"))
            .split("\n")
            .filter(Boolean).length;
          return [{ token, nativeId: claim.split(" ")[2] ?? "", lost }];
        }),
      );
  }

  get channel(): GrpcChannel {
    if (this.#channel === null) throw new Error("the mesh is not up");
    return this.#channel;
  }

  async kill(target: Target): Promise<void> {
    if (target === "slurmctld") await this.slurm?.killController();
    else await this.#process(target).kill();
  }

  async restart(target: Target): Promise<void> {
    if (target === "slurmctld") await this.slurm?.restartController();
    else await this.#process(target).start();
  }

  pause(target: Target): void {
    if (target === "slurmctld") this.slurm?.stopController();
    else this.#process(target).signal("SIGSTOP");
  }

  resume(target: Target): void {
    if (target === "slurmctld") this.slurm?.contController();
    else this.#process(target).signal("SIGCONT");
  }

  async close(): Promise<void> {
    this.gate?.open();
    this.#channel?.close();
    await this.agent.stop();
    await this.scheduler.stop();
    await this.nats?.stop();
    await this.slurm?.stop();
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 });
  }

  #process(target: Exclude<Target, "slurmctld">): ServiceProcess | NatsProcess {
    if (target === "scheduler") return this.scheduler;
    if (target === "agent") return this.agent;
    if (this.nats === null) throw new Error("this mesh has no nats-server");
    return this.nats;
  }

  #service(name: "scheduler" | "agent", path: string): ServiceProcess {
    const argv = [process.execPath, join(ROOT, "services", name, "main.ts")];
    argv.push("--config", join(this.directory, `${name}.toml`));
    const env = { ...process.env, PATH: path };
    return new ServiceProcess(name, argv, env, join(this.directory, `${name}.log`));
  }

  async #bringUp(): Promise<void> {
    const ports = { listen: "127.0.0.1:0", http: "127.0.0.1:0" };
    this.#writeSchedulerConfig(ports);
    const ready = await this.scheduler.start();
    if (ready.grpc === undefined || ready.http === undefined) throw new Error("no addresses");
    // A restart listens where the first start did: clients and the agent know that address.
    this.#writeSchedulerConfig({ listen: ready.grpc, http: ready.http });
    const token = readFileSync(join(this.directory, "admin-token"), "utf8").trim();
    this.#channel = openChannel({ address: ready.grpc, token });
    const { cluster, slots = 2 } = this.options;
    const added = await clientOf(ClustersService, this.#channel).addCluster({
      ...{ namespace: NAMESPACE, name: cluster, kind: cluster, slots, makeDefault: true },
    });
    writeFileSync(join(this.directory, "enrolment"), added.enrolmentToken ?? "", { mode: 0o600 });
    this.#writeAgentConfig(ready.grpc);
    await this.agent.start();
  }

  #writeSchedulerConfig({ listen, http }: { listen: string; http: string }): void {
    const text = [
      `[scheduler]\nlisten = "${listen}"\nhttp = "${http}"\nstate = "${this.directory}/scheduler"`,
      `bootstrap_token_file = "${this.directory}/admin-token"`,
      `[log]\ndriver = "${this.options.log}"\npath = "${this.directory}/log"`,
      this.nats?.config ?? "",
    ];
    writeFileSync(join(this.directory, "scheduler.toml"), text.join("\n"));
  }

  #writeAgentConfig(scheduler: string): void {
    const { cluster, adoptWaitS = 1 } = this.options;
    mkdirSync(join(this.directory, "jobs"), { recursive: true });
    const text = [
      `[agent]\nscheduler = "${scheduler}"\nkind = "${cluster}"`,
      `root = "${this.directory}/jobs"\nstate = "${this.directory}/agent"`,
      `enrolment_token_file = "${this.directory}/enrolment"`,
      `poll_min_s = 0.2\npoll_max_s = 2\nadopt_wait_s = ${adoptWaitS}`,
    ];
    if (this.slurm !== null) {
      text.push(
        `[agent.options]\nslurm_conf = "${this.slurm.env.SLURM_CONF}"`,
        `submit_timeout_s = "8"`,
      );
    }
    writeFileSync(join(this.directory, "agent.toml"), text.join("\n"));
  }
}

function sbatchIn(slurm: SlurmCluster): string {
  for (const folder of slurm.env.PATH.split(delimiter)) {
    if (existsSync(join(folder, "sbatch"))) return join(folder, "sbatch");
  }
  throw new Error("no sbatch");
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
