// One proven agent on one stream: commands out as its cluster's actor commits them, reports in by
// the batch, heartbeats, and the logs that callers read through it. The hot path of every job.
//
// Invariants:
//   S1. A command leaves only after it was committed, in order, once per stream.
//   S2. A report is acknowledged only after it was committed. One batch is asked at a time; what
//       comes meanwhile is the next batch, and the sender is held back when that gets long.
//   S3. A session ends once; then nothing of it is asked any more.

import type { signalbox } from "#proto/signalbox.js";
import { canonicalJson } from "#shared/base/canonical-json.ts";
import { Failure } from "#shared/base/errors.ts";
import type { AttemptReport } from "#shared/base/job.ts";
import type { BidiStream } from "#shared/mesh/bidi-stream.ts";
import type { AgentName } from "#shared/mesh/agent-proof.ts";
import { clusterAddress } from "../core/messages.ts";
import type { AgentCommand, ClusterState } from "../core/state.ts";
import type { Engine } from "../engine.ts";
import type { LogBudget } from "./log-budget.ts";
import { LogFollow } from "./log-follow.ts";
import { parseReport } from "./parse-report.ts";

export type AgentStream = BidiStream<
  signalbox.agent.v1.IConnectRequest,
  signalbox.agent.v1.IConnectResponse
>;
type Heartbeat = signalbox.agent.v1.IHeartbeat;
export type AgentReport = {
  readonly seq: number;
  readonly token: string;
  readonly report: AttemptReport;
};

/** Reports of one turn; and how many may wait before the sender is held back. */
const BATCH_MAX = 1000;
const PENDING_MAX = 4 * BATCH_MAX;
/** What docs/protocols/agent.md allows in one log_chunk. */
const CHUNK_BYTES_MAX = 64 * 1024;

export interface FollowWhat {
  readonly token: string;
  readonly stream: string;
  readonly follow: boolean;
  readonly stdoutOffset: number;
  readonly stderrOffset: number;
}

export interface SessionOptions {
  readonly stream: AgentStream;
  readonly agent: AgentName;
  readonly journalId: string;
  readonly epoch: number;
  /** The agent has every command up to this one. */
  readonly commandSeen: number;
  readonly engine: Engine;
  readonly nowMs: () => number;
  /** What was committed. */
  readonly onReports: (reports: readonly AgentReport[]) => void;
  readonly onOver: () => void;
}

export class AgentSession {
  readonly agent: AgentName;
  readonly address: string;
  readonly #options: SessionOptions;
  readonly #follows = new Map<string, LogFollow>();
  #followsMade = 0;
  #sent: number;
  #pushing = false;
  #pushAgain = false;
  #pending: AgentReport[] = [];
  #asking = false;
  #seenAtMs: number;
  #heartbeat: Heartbeat | null = null;
  #unreachableTold: string | null | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.agent = options.agent;
    this.address = clusterAddress(options.agent.namespace, options.agent.cluster);
    this.#sent = options.commandSeen;
    this.#seenAtMs = options.nowMs();
  }

  get seenAtMs(): number {
    return this.#seenAtMs;
  }

  get heartbeat(): Heartbeat | null {
    return this.#heartbeat;
  }

  onMessage(message: signalbox.agent.v1.IConnectRequest): void {
    this.#seenAtMs = this.#options.nowMs();
    if (message.reports != null) this.#onReports(message.reports.reports ?? []);
    else if (message.heartbeat != null) this.#onHeartbeat(message.heartbeat);
    else if (message.logChunk != null) this.#onLogChunk(message.logChunk);
    else if (message.commandAck == null)
      this.end(new Failure("INVALID", "a hello or proof in the middle of a stream"));
    // A command's acknowledgement needs no turn: the next hello says the same, and reports show it.
  }

  /** Sends the commands that were committed and not sent. Call after each commit of its cluster. */
  push(): void {
    if (this.#pushing) {
      this.#pushAgain = true;
      return;
    }
    this.#pushing = true;
    this.#pushAll().catch((reason: unknown) => this.end(Failure.from(reason)));
  }

  async #pushAll(): Promise<void> {
    const { engine, stream, epoch } = this.#options;
    try {
      do {
        this.#pushAgain = false;
        const commands = await engine.read<"cluster", signalbox.agent.v1.ICommand[]>(
          this.address,
          (cluster) => (cluster === undefined ? [] : commandsAfter(cluster, this.#sent, epoch)),
        );
        for (const command of commands) {
          stream.write({ command });
          this.#sent = command.seq ?? this.#sent;
        }
      } while (this.#pushAgain && !stream.over);
    } finally {
      this.#pushing = false;
    }
  }

  #onReports(reports: readonly signalbox.agent.v1.IReport[]): void {
    try {
      for (const { seq, token, reportJson } of reports) {
        this.#pending.push({
          seq: seq ?? 0,
          token: token ?? "",
          report: parseReport(reportJson ?? new Uint8Array()),
        });
      }
    } catch (reason) {
      this.end(Failure.from(reason));
      return;
    }
    if (this.#pending.length > PENDING_MAX) this.#options.stream.pause();
    if (this.#asking) return;
    this.#asking = true;
    this.#askAll().catch((reason: unknown) => this.end(Failure.from(reason)));
  }

  async #askAll(): Promise<void> {
    const { engine, stream, journalId, onReports } = this.#options;
    try {
      while (this.#pending.length > 0 && !stream.over) {
        const reports = this.#pending.splice(0, BATCH_MAX);
        await engine.ask<"cluster">(this.address, { kind: "reports", journalId, reports });
        stream.write({ reportAck: reports.at(-1)?.seq ?? 0 });
        onReports(reports);
        if (this.#pending.length <= PENDING_MAX / 2) stream.resume();
      }
    } finally {
      this.#asking = false;
    }
  }

  #onHeartbeat(heartbeat: Heartbeat): void {
    this.#heartbeat = heartbeat;
    const { clusterState } = heartbeat;
    // unknown changes nothing
    if (clusterState !== "reachable" && clusterState !== "unreachable") return;
    const reason = (heartbeat.clusterReason || "it does not answer").slice(0, 500);
    const unreachable = clusterState === "reachable" ? null : reason;
    if (unreachable === this.#unreachableTold) return;
    this.#unreachableTold = unreachable;
    this.#options.engine
      .ask<"cluster">(this.address, { kind: "cluster-state", unreachable })
      .catch((failure: unknown) => this.end(Failure.from(failure)));
  }

  /** The caller bounds how many there are. What waits for the reader is taken from `budget`. */
  follow(what: FollowWhat, budget: LogBudget): LogFollow {
    const { stream } = this.#options;
    const followId = String((this.#followsMade += 1));
    const follow = new LogFollow(followId, budget, () => {
      if (this.#follows.delete(followId)) stream.write({ stopLogs: { followId } });
    });
    this.#follows.set(followId, follow);
    stream.write({ followLogs: { followId, ...what } });
    return follow;
  }

  #onLogChunk(chunk: signalbox.agent.v1.ILogChunk): void {
    const id = chunk.followId ?? "";
    const data = chunk.data ?? new Uint8Array();
    if (data.length > CHUNK_BYTES_MAX) {
      this.end(new Failure("INVALID", `a log chunk of ${data.length} bytes`));
      return;
    }
    const follow = this.#follows.get(id);
    if (follow === undefined) return; // It was stopped; this chunk was on its way.
    if (data.length > 0) {
      const stream = chunk.stream === "stderr" ? "stderr" : "stdout";
      follow.push({ stream, data: aloneInMemory(data) });
    }
    if (chunk.end !== true) return;
    this.#follows.delete(id);
    if (chunk.error) follow.end({ kind: "failed", failure: new Failure("NOT_FOUND", chunk.error) });
    else follow.end({ kind: "complete" });
  }

  /** Ends the stream; onOver follows. */
  end(failure: Failure): void {
    this.#options.stream.end(failure);
  }

  /** The stream is over, whoever ended it. */
  onStreamOver(): void {
    this.#pending = [];
    for (const follow of this.#follows.values()) follow.end({ kind: "lost" });
    this.#follows.clear();
    this.#options.onOver();
  }
}

/** A few bytes must not keep the whole of a large message, whatever else that was made of. */
function aloneInMemory(data: Uint8Array): Uint8Array {
  return data.buffer.byteLength > 2 * CHUNK_BYTES_MAX ? Uint8Array.from(data) : data;
}

/** In order; made inside the turn's view, so nothing of the state gets out. */
function commandsAfter(
  cluster: ClusterState,
  seq: number,
  epoch: number,
): signalbox.agent.v1.ICommand[] {
  const commands: signalbox.agent.v1.ICommand[] = [];
  for (let at = cluster.commands.length - 1; at >= 0; at--) {
    const command = cluster.commands[at];
    if (command === undefined || command.seq <= seq) break;
    const encoded = encodeCommand(cluster, command, epoch);
    if (encoded !== null) commands.push(encoded);
  }
  return commands.toReversed();
}

function encodeCommand(
  cluster: ClusterState,
  command: AgentCommand,
  epoch: number,
): signalbox.agent.v1.ICommand | null {
  const { seq, token } = command;
  if (command.kind === "cancel") return { seq, epoch, cancel: { token, reason: command.reason } };
  const spec = cluster.placed.get(token)?.spec;
  return spec === undefined
    ? null
    : { seq, epoch, submit: { specJson: Buffer.from(canonicalJson(spec)) } };
}
