// The agent's one outbound stream to the scheduler: dialled, proven, kept, dialled again.
//
//   K1. Nothing is taken from a stream before its welcome.
//   K2. Reports leave in the order of their numbers, and each once per stream.
//   K3. A stream that ends, for whatever reason, is followed by another try; the time between tries
//       is drawn from [0, ceiling], and the ceiling grows only after QUICK_MS of trying.
//   K4. At most one stream at a time; events of an old one are not heard.

import type { signalbox } from "#proto/signalbox.js";
import { AgentService } from "#proto/services.ts";
import { backoffMs } from "#shared/base/backoff.ts";
import { Failure } from "#shared/base/errors.ts";
import { parseAttemptToken } from "#shared/base/ids.ts";
import type { AttemptReport } from "#shared/base/job.ts";
import { agentMetadata, signChallenge } from "#shared/mesh/agent-proof.ts";
import { clientOf, openChannel } from "#shared/mesh/grpc-client.ts";
import type { BidiCall, GrpcChannel } from "#shared/mesh/grpc-client.ts";
import type { TlsFiles } from "#shared/mesh/tls.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import { systemRandom } from "#shared/config/system.ts";
import type { AgentEvent, Command } from "./core/wishes.ts";
import type { AgentIdentity } from "./agent-identity.ts";
import type { AgentMetrics } from "./agent-metrics.ts";
import type { LogFollows } from "./log-follow.ts";
import { parseSpec, stubSpec } from "./parse-spec.ts";

type FromScheduler = signalbox.agent.v1.IConnectResponse;
type ToScheduler = signalbox.agent.v1.IConnectRequest;
export type Call = BidiCall<ToScheduler, FromScheduler>;

export interface Hello {
  readonly commandSeen: number;
  readonly epochSeen: number;
  readonly journalNew: boolean;
  readonly journalId: string;
}

/** What the link asks of the agent. */
export interface LinkHost {
  hello(): Hello;
  onWelcome(): void;
  /** Command events may be taken in together with what else this turn of the loop brings. */
  feed(event: AgentEvent): void;
  reportOf(seq: number): { readonly token: string; readonly report: AttemptReport } | undefined;
  heartbeat(): signalbox.agent.v1.IHeartbeat;
}

export interface LinkOptions {
  readonly address: string;
  readonly tls: TlsFiles;
  readonly identity: AgentIdentity;
  readonly version: string;
  readonly host: LinkHost;
  readonly follows: LogFollows;
  readonly metrics: AgentMetrics;
  readonly logger: Logger;
}

/** A scheduler that restarts is back within a second or two: until then ask often. */
const QUICK_MS = 10_000;
const QUICK = { firstMs: 50, maxMs: 250 };
const PATIENT = { firstMs: 250, maxMs: 5_000 };
/** After a refusal: what was refused will not do better at once. */
const REFUSED_MS = 1_000;
const HANDSHAKE_MS = 10_000;
const REPORTS_PER_MESSAGE = 200;
const REPORT_BYTES_PER_MESSAGE = 1024 * 1024;

export class Link {
  readonly #options: LinkOptions;
  #channel: GrpcChannel | null = null;
  #call: Call | null = null;
  #welcomed = false;
  #sentSeq = 0;
  #wantedSeq = 0;
  #sending = false;
  #tries = 0;
  #lostAtMs = performance.now();
  #retry: NodeJS.Timeout | null = null;
  #handshake: NodeJS.Timeout | null = null;
  #beat: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  get connected(): boolean {
    return this.#welcomed;
  }

  open(): void {
    const { address, tls, identity, version, host } = this.#options;
    // A channel of its own for every try: an old one may be sitting out its back-off.
    this.#channel = openChannel({ address, tls });
    const call: Call = clientOf(AgentService, this.#channel).connect();
    this.#call = call;
    this.#welcomed = false;
    call.listen({
      onMessage: (message) => {
        if (this.#call === call) this.#onMessage(call, message);
      },
      onEnd: (failure) => {
        if (this.#call === call) this.#onLost(failure);
      },
    });
    const { agentId, namespace, cluster } = identity;
    call.write({ hello: { agentId, namespace, cluster, version, ...host.hello() } });
    this.#handshake = setTimeout(() => this.#drop("no welcome in time"), HANDSHAKE_MS);
  }

  close(): void {
    this.#closed = true;
    this.#stopTimers();
    const call = this.#call;
    this.#call = null;
    this.#options.follows.stopAll();
    call?.end();
    this.#channel?.close();
  }

  ackCommands(seq: number): void {
    this.#write({ commandAck: seq });
  }

  /** Numbers up to this are durable. Those not sent on this stream yet are sent now. */
  sendReports(upTo: number): void {
    this.#wantedSeq = Math.max(this.#wantedSeq, upTo);
    if (this.#sending || !this.#welcomed) return;
    this.#sending = true;
    void this.#sendAll().finally(() => (this.#sending = false));
  }

  refuse(reason: string): void {
    this.#drop(reason, REFUSED_MS);
  }

  sendHeartbeat(): void {
    if (this.#welcomed) this.#write({ heartbeat: this.#options.host.heartbeat() });
  }

  /** The channel and the proof for a call beside the stream. UNAVAILABLE without a link. */
  callOptions(method: string): {
    channel: GrpcChannel;
    metadata: { [name: string]: string | Buffer };
  } {
    const channel = this.#channel;
    if (channel === null || !this.#welcomed)
      throw new Failure("UNAVAILABLE", "no link to the scheduler");
    const { identity } = this.#options;
    return { channel, metadata: agentMetadata(identity, identity.privateKey, method, Date.now()) };
  }

  #onMessage(call: Call, message: FromScheduler): void {
    const { identity, follows } = this.#options;
    if (message.challenge != null) {
      const nonce = message.challenge.nonce ?? new Uint8Array();
      call.write({
        proof: { signature: signChallenge(identity.privateKey, nonce, identity.agentId) },
      });
    } else if (message.welcome != null) this.#onWelcome(message.welcome);
    else if (!this.#welcomed) this.#drop("the scheduler spoke before its welcome");
    else if (message.command != null) this.#onCommand(message.command);
    else if (message.reportAck != null)
      this.#feed({ kind: "reports-acked", seq: Number(message.reportAck) });
    else if (message.followLogs != null) follows.start(message.followLogs, call);
    else if (message.stopLogs != null) follows.stop(message.stopLogs.followId ?? "");
  }

  #onWelcome(welcome: signalbox.agent.v1.IWelcome): void {
    if (this.#handshake !== null) clearTimeout(this.#handshake);
    this.#handshake = null;
    this.#welcomed = true;
    this.#tries = 0;
    const reportSeen = Number(welcome.reportSeen ?? 0);
    this.#sentSeq = reportSeen;
    this.#wantedSeq = reportSeen;
    this.#options.logger.info({ epoch: welcome.epoch, reportSeen }, "linked to the scheduler");
    this.#options.host.onWelcome();
    this.#feed({ kind: "welcomed", epoch: Number(welcome.epoch ?? 0), reportSeen });
    this.sendHeartbeat();
    const everyMs = Math.max(100, welcome.heartbeatIntervalMs ?? 5_000);
    this.#beat = setInterval(() => this.sendHeartbeat(), everyMs);
  }

  #onCommand(command: signalbox.agent.v1.ICommand): void {
    const parsed = this.#parseCommand(command);
    if (parsed === null) return;
    const [seq, epoch] = [Number(command.seq ?? 0), Number(command.epoch ?? 0)];
    this.#feed({ kind: "command", seq, epoch, command: parsed });
  }

  #parseCommand(command: signalbox.agent.v1.ICommand): Command | null {
    const { logger } = this.#options;
    try {
      if (command.submit != null) return submitOf(command.submit.specJson ?? new Uint8Array());
      if (command.cancel != null) {
        const token = parseAttemptToken(command.cancel.token ?? "");
        return { kind: "cancel", token, reason: command.cancel.reason || "cancelled" };
      }
      if (command.forget != null)
        return { kind: "forget", token: parseAttemptToken(command.forget.token ?? "") };
    } catch (reason) {
      logger.error({ err: reason, seq: command.seq }, "a command could not be read");
    }
    return null;
  }

  async #sendAll(): Promise<void> {
    const call = this.#call;
    while (call !== null && call === this.#call && this.#sentSeq < this.#wantedSeq) {
      const reports = this.#nextReports();
      if (reports.length === 0) return;
      this.#options.metrics.reportsSent(reports.length);
      if (!call.write({ reports: { reports } })) await call.drained();
    }
  }

  #nextReports(): signalbox.agent.v1.IReport[] {
    const reports: signalbox.agent.v1.IReport[] = [];
    let bytes = 0;
    while (this.#sentSeq < this.#wantedSeq && reports.length < REPORTS_PER_MESSAGE) {
      if (bytes > REPORT_BYTES_PER_MESSAGE) break;
      const seq = this.#sentSeq + 1;
      this.#sentSeq = seq;
      const entry = this.#options.host.reportOf(seq);
      if (entry === undefined) continue; // Acknowledged on an earlier stream.
      const reportJson = Buffer.from(JSON.stringify(entry.report));
      bytes += reportJson.length;
      reports.push({ seq, token: entry.token, reportJson });
    }
    return reports;
  }

  #write(message: ToScheduler): void {
    if (this.#welcomed) this.#call?.write(message);
  }

  #feed(event: AgentEvent): void {
    this.#options.host.feed(event);
  }

  /** Ends the stream from here; another follows. */
  #drop(reason: string, waitMsMin = 0): void {
    const call = this.#call;
    if (call === null) return;
    this.#onLost(new Failure("UNAVAILABLE", reason), waitMsMin);
    call.cancel();
  }

  #onLost(failure: Failure | null, waitMsMin = 0): void {
    const { logger, metrics, follows } = this.#options;
    const wasLinked = this.#welcomed;
    this.#stopTimers();
    this.#call = null;
    this.#welcomed = false;
    follows.stopAll();
    this.#channel?.close();
    this.#channel = null;
    if (wasLinked) {
      this.#lostAtMs = performance.now();
      metrics.reconnected();
      this.#feed({ kind: "unlinked" });
    }
    if (this.#closed) return;
    this.#tries += 1;
    const quick = performance.now() - this.#lostAtMs < QUICK_MS;
    const drawnMs = backoffMs(quick ? QUICK : PATIENT, this.#tries, systemRandom);
    const waitMs = Math.max(waitMsMin, drawnMs);
    const level = wasLinked || this.#tries === 1 ? "warn" : "debug";
    logger[level](
      { reason: failure?.message ?? "ended", tries: this.#tries, waitMs },
      "no link to the scheduler",
    );
    this.#retry = setTimeout(() => this.open(), waitMs);
  }

  #stopTimers(): void {
    for (const timer of [this.#retry, this.#handshake]) if (timer !== null) clearTimeout(timer);
    if (this.#beat !== null) clearInterval(this.#beat);
    this.#retry = null;
    this.#handshake = null;
    this.#beat = null;
  }
}

/** A spec that cannot be read is refused by a report, as long as it says which attempt it is. */
function submitOf(bytes: Uint8Array): Command {
  try {
    return { kind: "submit", spec: parseSpec(bytes) };
  } catch (reason) {
    const named = JSON.parse(Buffer.from(bytes).toString("utf8")) as { token?: unknown } | null;
    const token = parseAttemptToken(String(named?.token));
    return { kind: "refuse", spec: stubSpec(token), reason: Failure.from(reason).message };
  }
}
