// For tests: a whole scheduler in this process on an embedded log, with its clients; and an agent
// made of the real client that answers commands as the test says.

import { generateKeyPairSync } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tables from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import type { Failure } from "#shared/base/errors.ts";
import type { AttemptReport, AttemptSpec, Outcome, OutputValue } from "#shared/base/job.ts";
import { loadConfig } from "#shared/config/load-config.ts";
import { Lifecycle } from "#shared/lifecycle/lifecycle.ts";
import { publicKeyHexOf, signChallenge } from "#shared/mesh/agent-proof.ts";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import type { BidiCall, GrpcChannel, ServiceClient } from "#shared/mesh/grpc-client.ts";
import { encodeEnvelope } from "#shared/receipt/dsse.ts";
import { makeStepReceipt, receiptDigest } from "#shared/receipt/make-receipt.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { tempDirectory } from "#shared/testing/temp-directory.ts";
import { startScheduler } from "./scheduler.ts";

export interface Clients {
  readonly channel: GrpcChannel;
  readonly runs: ServiceClient<typeof tables.RunsService>;
  readonly jobs: ServiceClient<typeof tables.JobsService>;
  readonly clusters: ServiceClient<typeof tables.ClustersService>;
  readonly namespaces: ServiceClient<typeof tables.NamespacesService>;
  readonly artifacts: ServiceClient<typeof tables.ArtifactsService>;
  readonly usage: ServiceClient<typeof tables.UsageService>;
  readonly keys: ServiceClient<typeof tables.KeysService>;
  readonly agents: ServiceClient<typeof tables.AgentService>;
}

export class TestScheduler {
  readonly directory: string;
  readonly #remove: () => void;
  readonly #heartbeatMs: number;
  readonly logged: string[] = [];
  #life: Lifecycle | null = null;
  #channels: GrpcChannel[] = [];
  grpc = "127.0.0.1:0";
  http = "127.0.0.1:0";
  adminToken = "";

  private constructor(heartbeatMs: number) {
    const { path, remove } = tempDirectory("scheduler");
    this.directory = path;
    this.#remove = remove;
    this.#heartbeatMs = heartbeatMs;
  }

  static async start(heartbeatMs = 200): Promise<TestScheduler> {
    const scheduler = new TestScheduler(heartbeatMs);
    await scheduler.open();
    return scheduler;
  }

  /** Starts it, on the log and at the addresses it had. */
  async open(): Promise<void> {
    const logger = createLogger({
      service: "test",
      level: "warn",
      destination: { write: (line) => void this.logged.push(line) },
    });
    const life = new Lifecycle({ logger });
    mkdirSync(this.directory, { recursive: true });
    const config = loadConfig({
      cwd: this.directory,
      overrides: {
        "scheduler.listen": this.grpc,
        "scheduler.http": this.http,
        "scheduler.state": join(this.directory, "state"),
        "scheduler.partitions": "4",
        "scheduler.bootstrap_token_file": join(this.directory, "token"),
        "log.path": join(this.directory, "log"),
      },
    });
    const ends = await startScheduler(life, config, logger, { heartbeatMs: this.#heartbeatMs });
    this.#life = life;
    this.grpc = ends.grpc;
    this.http = ends.http;
    this.adminToken = readFileSync(join(this.directory, "token"), "utf8").trim();
  }

  /** Stops it; open() brings it back. */
  async close(): Promise<void> {
    await this.#life?.stop("test");
    this.#life = null;
  }

  async end(): Promise<void> {
    for (const channel of this.#channels.splice(0)) channel.close();
    await this.close();
    this.#remove();
  }

  clients(token: string | null = this.adminToken): Clients {
    const channel = openChannel({ address: this.grpc, token });
    this.#channels.push(channel);
    return {
      channel,
      runs: clientOf(tables.RunsService, channel),
      jobs: clientOf(tables.JobsService, channel),
      clusters: clientOf(tables.ClustersService, channel),
      namespaces: clientOf(tables.NamespacesService, channel),
      artifacts: clientOf(tables.ArtifactsService, channel),
      usage: clientOf(tables.UsageService, channel),
      keys: clientOf(tables.KeysService, channel),
      agents: clientOf(tables.AgentService, channel),
    };
  }

  /** A cluster with an enrolled agent that is not connected yet. */
  async cluster(name: string, slots = 2): Promise<TestAgent> {
    const admin = this.clients();
    const { enrolmentToken } = await admin.clusters.addCluster({ name, kind: "local", slots });
    const agent = new TestAgent(this, name);
    await agent.enrol(enrolmentToken ?? "");
    return agent;
  }

  async rest(
    method: string,
    path: string,
    options: {
      readonly body?: string;
      readonly token?: string | null;
      readonly headers?: Record<string, string>;
    } = {},
  ): Promise<Response> {
    const token = options.token === undefined ? this.adminToken : options.token;
    const headers = {
      ...options.headers,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    };
    return await fetch(`http://${this.http}${path}`, {
      method,
      headers,
      ...(options.body === undefined ? {} : { body: options.body }),
    });
  }
}

type OnSubmit = (spec: AttemptSpec, agent: TestAgent) => void;

export class TestAgent {
  readonly cluster: string;
  readonly key: KeyObject = generateKeyPairSync("ed25519").privateKey;
  readonly commands: signalbox.agent.v1.ICommand[] = [];
  readonly acks: number[] = [];
  readonly follows: signalbox.agent.v1.IFollowLogs[] = [];
  readonly stopped: string[] = [];
  readonly welcomes: signalbox.agent.v1.IWelcome[] = [];
  readonly #scheduler: TestScheduler;
  journalId = "journal-1";
  agentId = "";
  schedulerKey: Uint8Array = new Uint8Array();
  onSubmit: OnSubmit = (spec, agent) => agent.succeed(spec);
  /** How the latest stream ended; undefined while it stands. */
  ended: Failure | null | undefined;
  /** How any stream ended. */
  onEnded: (failure: Failure | null) => void = () => {};
  #call: BidiCall<signalbox.agent.v1.IConnectRequest, signalbox.agent.v1.IConnectResponse> | null =
    null;
  #welcomed = false;
  #commandSeen = 0;
  #epochSeen = 0;
  #reportSeq = 0;
  #unacked: signalbox.agent.v1.IReport[] = [];

  constructor(scheduler: TestScheduler, cluster: string) {
    this.#scheduler = scheduler;
    this.cluster = cluster;
  }

  async enrol(enrolmentToken: string): Promise<void> {
    const { agents } = this.#scheduler.clients(null);
    const publicKey = Buffer.from(publicKeyHexOf(this.key), "hex");
    const answer = await agents.enrol({ enrolmentToken, publicKey, version: "test", host: "here" });
    this.agentId = answer.agentId ?? "";
    this.schedulerKey = answer.schedulerPublicKey ?? new Uint8Array();
  }

  /** Resolves when welcomed; rejects with the stream's failure. */
  connect(proofKey: KeyObject = this.key): Promise<void> {
    const { agents } = this.#scheduler.clients(null);
    const call = agents.connect();
    this.#call = call;
    this.#welcomed = false;
    this.ended = undefined;
    return new Promise((resolve, reject) => {
      call.listen({
        onMessage: (message) => {
          if (message.challenge != null) {
            const nonce = message.challenge.nonce ?? new Uint8Array();
            call.write({ proof: { signature: signChallenge(proofKey, nonce, this.agentId) } });
          } else if (message.welcome != null) {
            this.welcomes.push(message.welcome);
            this.#welcomed = true;
            this.#epochSeen = message.welcome.epoch ?? 0;
            this.#unacked = this.#unacked.filter(
              ({ seq }) => (seq ?? 0) > (message.welcome?.reportSeen ?? 0),
            );
            if (this.#unacked.length > 0) call.write({ reports: { reports: this.#unacked } });
            resolve();
          } else {
            this.#onMessage(message);
          }
        },
        onEnd: (failure) => {
          if (this.#call === call) this.ended = failure;
          this.onEnded(failure);
          reject(failure ?? new Error("the stream ended"));
        },
      });
      call.write({
        hello: {
          agentId: this.agentId,
          namespace: "default",
          cluster: this.cluster,
          version: "test",
          commandSeen: this.#commandSeen,
          epochSeen: this.#epochSeen,
          journalNew: this.#commandSeen === 0,
          journalId: this.journalId,
        },
      });
    });
  }

  #onMessage(message: signalbox.agent.v1.IConnectResponse): void {
    if (message.reportAck != null) {
      this.acks.push(message.reportAck);
      this.#unacked = this.#unacked.filter(({ seq }) => (seq ?? 0) > (message.reportAck ?? 0));
    } else if (message.followLogs != null) this.follows.push(message.followLogs);
    else if (message.stopLogs != null) this.stopped.push(message.stopLogs.followId ?? "");
    else if (message.command != null) this.#onCommand(message.command);
  }

  #onCommand(command: signalbox.agent.v1.ICommand): void {
    this.commands.push(command);
    this.#commandSeen = Math.max(this.#commandSeen, command.seq ?? 0);
    this.write({ commandAck: this.#commandSeen });
    if (command.submit == null) return;
    const spec = JSON.parse(Buffer.from(command.submit.specJson ?? []).toString()) as AttemptSpec;
    this.onSubmit(spec, this);
  }

  /** Dropped while no stream is welcomed, as an agent does. */
  write(message: signalbox.agent.v1.IConnectRequest): void {
    if (this.#welcomed) this.#call?.write(message);
  }

  heartbeat(clusterState = "reachable", clusterReason = ""): void {
    this.write({
      heartbeat: {
        atMs: Date.now(),
        clusterState,
        clusterReason,
        facts: { version: "1" },
        callsPerMinute: 3,
      },
    });
  }

  report(token: string, report: AttemptReport): void {
    const sent = {
      seq: (this.#reportSeq += 1),
      token,
      reportJson: Buffer.from(JSON.stringify(report)),
    };
    this.#unacked.push(sent);
    this.write({ reports: { reports: [sent] } });
  }

  phase(spec: AttemptSpec, phase: "queued" | "running", reason: string | null = null): void {
    this.report(spec.token, {
      kind: "phase",
      phase,
      nativeId: "77",
      reason,
      evidence: { source: "queue", raw: phase.toUpperCase(), atMs: Date.now() },
    });
  }

  succeed(
    spec: AttemptSpec,
    outputs: readonly OutputValue[] = spec.outputs.map(({ name }) => ({
      name,
      kind: "value",
      value: "42",
    })),
  ): void {
    this.#end(spec, "ok", 0, outputs);
  }

  fail(spec: AttemptSpec, exitCode = 3): void {
    this.#end(spec, "failed", exitCode, []);
  }

  #end(
    spec: AttemptSpec,
    cause: "ok" | "failed",
    exitCode: number,
    outputs: readonly OutputValue[],
  ): void {
    const nowMs = Date.now();
    const outcome: Outcome = {
      ...{
        cause,
        exitCode,
        signal: null,
        confidence: "proven" as const,
        startedAtMs: nowMs - 10,
        endedAtMs: nowMs,
      },
      ...{ cpuMs: 5, maxRssKb: 1000, message: `exit code ${exitCode}` },
    };
    const facts = {
      spec,
      cluster: this.cluster,
      nativeId: "77",
      executable: null,
      outputs,
      outcome,
      agentId: this.agentId,
    };
    const receipt = makeStepReceipt(facts, this.key);
    this.report(spec.token, {
      ...{ kind: "ended" as const, nativeId: "77", outcome, outputs },
      ...{ receipt: encodeEnvelope(receipt), receiptDigest: receiptDigest(receipt) },
      evidence: { source: "supervisor", raw: `exit ${exitCode}`, atMs: nowMs },
    });
  }

  /** Cuts the stream without a word. */
  drop(): void {
    this.#call?.cancel();
  }
}
