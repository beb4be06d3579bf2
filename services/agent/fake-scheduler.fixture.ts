// The scheduler's side of AgentService for the agent's tests: real gRPC, real handshake, numbered
// commands and acknowledgements, an artifact shelf. It commits nothing to any log.

import { randomBytes } from "node:crypto";
import { AgentService } from "#proto/services.ts";
import type { signalbox } from "#proto/signalbox.js";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptReport, AttemptSpec } from "#shared/base/job.ts";
import { challengeHolds, claimedAgentOf } from "#shared/mesh/agent-proof.ts";
import type { BidiStream } from "#shared/mesh/bidi-stream.ts";
import { GrpcServer } from "#shared/mesh/grpc-server.ts";
import { exportPublicRaw, generateKeyPair } from "#shared/receipt/keys.ts";
import { sha256 } from "#shared/receipt/statements.ts";
import { createLogger } from "#shared/telemetry/logger.ts";
import { createMetrics } from "#shared/telemetry/metrics.ts";

type Stream = BidiStream<signalbox.agent.v1.IConnectRequest, signalbox.agent.v1.IConnectResponse>;
export type Ended = AttemptReport & { readonly kind: "ended" };

export const ENROLMENT_TOKEN = "sbe_lab_here_abcdefgh";

export class FakeScheduler {
  readonly reports: { seq: number; token: string; report: AttemptReport; journalId: string }[] = [];
  readonly hellos: signalbox.agent.v1.IHello[] = [];
  readonly heartbeats: signalbox.agent.v1.IHeartbeat[] = [];
  readonly chunks: signalbox.agent.v1.ILogChunk[] = [];
  readonly shelf = new Map<string, Uint8Array>();
  publicKeyHex: string | null = null;
  epoch = 1;
  acked = 0;
  /** Set to hold acknowledgements back. */
  silent = false;
  enrolments = 0;
  #server: GrpcServer | null = null;
  #stream: Stream | null = null;
  #commands: signalbox.agent.v1.ICommand[] = [];
  #seq = 0;
  #seen = { journalId: "", seq: 0 };

  async start(listen = "127.0.0.1:0"): Promise<string> {
    const logger = createLogger({ service: "fake", level: "silent" });
    const server = new GrpcServer({ listen, metrics: createMetrics("fake"), logger });
    server.add(AgentService, {
      enrol: async (request) => this.#enrol(request),
      connect: (stream) => this.#connect(stream),
      putArtifact: async (requests, call) => {
        this.#check(call);
        return { digest: await this.#take(requests) };
      },
      getArtifact: (request, call) => {
        this.#check(call);
        return this.#give(request.digest ?? "");
      },
    });
    this.#server = server;
    return await server.start();
  }

  async stop(): Promise<void> {
    await this.#server?.stop(200);
    this.#server = null;
    this.#stream = null;
  }

  get connected(): boolean {
    return this.#stream !== null;
  }

  submit(spec: AttemptSpec): number {
    return this.command({ submit: { specJson: Buffer.from(canonicalJson(spec)) } });
  }

  /** Numbers it and sends it, now or on the next stream. */
  command(kind: Omit<signalbox.agent.v1.ICommand, "seq" | "epoch">): number {
    this.#seq += 1;
    const command = { seq: this.#seq, epoch: this.epoch, ...kind };
    this.#commands.push(command);
    this.#stream?.write({ command });
    return this.#seq;
  }

  send(message: signalbox.agent.v1.IConnectResponse): void {
    this.#stream?.write(message);
  }

  cut(): void {
    this.#stream?.end(new Failure("UNAVAILABLE", "cut"));
  }

  endOf(token: string): Ended | undefined {
    return this.endsOf(token)[0];
  }

  endsOf(token: string): Ended[] {
    return this.reports.flatMap((entry) =>
      entry.token === token && entry.report.kind === "ended" ? [entry.report] : [],
    );
  }

  #enrol(request: signalbox.agent.v1.IEnrolRequest): signalbox.agent.v1.IEnrolResponse {
    if (request.enrolmentToken !== ENROLMENT_TOKEN || this.enrolments > 0) {
      throw new Failure("FORBIDDEN", "the token is wrong or spent");
    }
    this.enrolments += 1;
    this.publicKeyHex = Buffer.from(request.publicKey ?? new Uint8Array()).toString("hex");
    const schedulerPublicKey = exportPublicRaw(generateKeyPair().publicKey);
    return { agentId: "agent-1", namespace: "lab", cluster: "here", schedulerPublicKey };
  }

  #connect(stream: Stream): void {
    const nonce = randomBytes(32);
    let hello: signalbox.agent.v1.IHello | null = null;
    stream.listen({
      onMessage: (message) => {
        if (message.hello != null) {
          hello = message.hello;
          this.hellos.push(hello);
          stream.write({ challenge: { nonce } });
        } else if (message.proof != null && hello !== null) {
          const signature = message.proof.signature ?? new Uint8Array();
          const holds = challengeHolds(
            this.publicKeyHex ?? "",
            nonce,
            hello.agentId ?? "",
            signature,
          );
          if (holds) this.#welcome(stream, hello);
          else stream.end(new Failure("UNAUTHENTICATED", "bad proof"));
        } else if (message.reports != null) this.#onReports(message.reports.reports ?? []);
        else if (message.commandAck != null) this.#onAck(Number(message.commandAck));
        else if (message.heartbeat != null) this.heartbeats.push(message.heartbeat);
        else if (message.logChunk != null) this.chunks.push(message.logChunk);
      },
      onEnd: () => {
        if (this.#stream === stream) this.#stream = null;
      },
    });
  }

  #welcome(stream: Stream, hello: signalbox.agent.v1.IHello): void {
    const journalId = hello.journalId ?? "";
    if (this.#seen.journalId !== journalId) this.#seen = { journalId, seq: 0 };
    this.#stream = stream;
    stream.write({
      welcome: {
        epoch: this.epoch,
        partition: 0,
        reportSeen: this.#seen.seq,
        heartbeatIntervalMs: 200,
      },
    });
    const seen = hello.journalNew === true ? 0 : Number(hello.commandSeen ?? 0);
    for (const command of this.#commands) if (Number(command.seq) > seen) stream.write({ command });
  }

  #onReports(reports: readonly signalbox.agent.v1.IReport[]): void {
    for (const { seq, token, reportJson } of reports) {
      if (Number(seq) <= this.#seen.seq) continue;
      this.#seen.seq = Number(seq);
      const report = JSON.parse(
        Buffer.from(reportJson ?? new Uint8Array()).toString(),
      ) as AttemptReport;
      this.reports.push({
        seq: Number(seq),
        token: token ?? "",
        report,
        journalId: this.#seen.journalId,
      });
    }
    if (!this.silent) this.#stream?.write({ reportAck: this.#seen.seq });
  }

  #onAck(seq: number): void {
    this.acked = Math.max(this.acked, seq);
  }

  #check(call: { method: string; metadata: Parameters<typeof claimedAgentOf>[0] }): void {
    claimedAgentOf(call.metadata, call.method, Date.now()).check(this.publicKeyHex);
  }

  async #take(requests: AsyncIterable<signalbox.agent.v1.IPutArtifactRequest>): Promise<string> {
    const pieces: Uint8Array[] = [];
    for await (const { data } of requests) if (data != null) pieces.push(data);
    const bytes = Buffer.concat(pieces);
    this.shelf.set(sha256(bytes), bytes);
    return sha256(bytes);
  }

  async *#give(digest: string): AsyncGenerator<{ data: Uint8Array }, void, void> {
    const bytes = this.shelf.get(digest);
    if (bytes === undefined) throw new Failure("NOT_FOUND", `artifact ${digest} is not here`);
    yield { data: bytes };
  }
}
