// The scheduler's end of agents' streams, as its server has it: a hello makes a stream the agent's
// one stream, commands follow in order, reports are acknowledged when they are committed.

import type { Failure } from "#shared/base/errors.ts";
import type { AgentCommand, ClusterState } from "../../services/scheduler/core/state.ts";
import type { Engine } from "../../services/scheduler/engine.ts";
import type { Command } from "../../services/agent/core/wishes.ts";
import type { SimLink, SentReport, ToScheduler } from "./sim-link.ts";
import type { Scope } from "./sim-clock.ts";
import type { Stage } from "./stage.ts";

interface Stream {
  readonly link: SimLink;
  journalId: string;
  epoch: number;
  /** Whether the welcome is out: commands may follow. */
  welcomed: boolean;
  commandSent: number;
  /** As the agent said last on this stream; undefined before it said anything. */
  unreachable: string | null | undefined;
  over: boolean;
}

export class SimGateway {
  readonly #stage: Stage;
  readonly #scope: Scope;
  readonly #engine: Engine;
  readonly #cluster: string;
  #current: Stream | null = null;

  constructor(stage: Stage, scope: Scope, engine: Engine, cluster: string) {
    this.#stage = stage;
    this.#scope = scope;
    this.#engine = engine;
    this.#cluster = cluster;
    engine.onCommitted((changes) => {
      if (changes.some(({ actor }) => actor === cluster)) this.#pushCommands();
    });
  }

  dial(link: SimLink): void {
    const stream: Stream = {
      link,
      journalId: "",
      epoch: 0,
      welcomed: false,
      commandSent: 0,
      unreachable: undefined,
      over: false,
    };
    link.accept({
      hear: (message) => {
        if (this.#scope.alive && !stream.over) this.#hear(stream, message);
      },
      closed: () => {
        if (this.#scope.alive) this.#closed(stream);
      },
    });
  }

  hangUp(): void {
    this.#current?.link.cut();
  }

  #hear(stream: Stream, message: ToScheduler): void {
    switch (message.kind) {
      case "hello":
        this.#welcome(stream, message);
        break;
      case "reports":
        this.#take(stream, message.reports);
        break;
      case "cluster-state":
        if (stream !== this.#current || message.unreachable === stream.unreachable) return;
        stream.unreachable = message.unreachable;
        this.#ask({ kind: "cluster-state", unreachable: message.unreachable }, () => {}, stream);
        break;
      case "command-ack":
        break; // The next hello says the same.
    }
  }

  #welcome(stream: Stream, hello: Extract<ToScheduler, { kind: "hello" }>): void {
    const { journalId, journalNew, commandSeen } = hello;
    const before = this.#current;
    this.#current = stream;
    if (before !== null) before.over = true;
    stream.journalId = journalId;
    const message = { kind: "agent-connected", journalId, journalNew, commandSeen } as const;
    this.#ask(
      message,
      (reply) => {
        const { reportSeen } = reply as { reportSeen: number };
        this.#quietly(this.#engine.placeOf(this.#cluster), ({ epoch }) => {
          if (stream !== this.#current) return;
          if (hello.epochSeen > epoch) {
            stream.link.cut();
            return;
          }
          stream.epoch = epoch;
          stream.link.tellAgent({ kind: "welcome", epoch, reportSeen });
          stream.welcomed = true;
          stream.commandSent = 0;
          this.#pushCommands();
        });
      },
      stream,
    );
  }

  #pushCommands(): void {
    const stream = this.#current;
    if (stream === null || !stream.welcomed) return;
    const look = (cluster: ClusterState | undefined): { seq: number; command: Command }[] => {
      const due = cluster?.commands.filter(({ seq }) => seq > stream.commandSent) ?? [];
      return due.flatMap((command) => commandOf(cluster, command));
    };
    this.#quietly(
      this.#engine.read<"cluster", { seq: number; command: Command }[]>(this.#cluster, look),
      (due) => {
        if (stream !== this.#current) return;
        for (const { seq, command } of due) {
          if (seq <= stream.commandSent) continue;
          stream.commandSent = seq;
          stream.link.tellAgent({ kind: "command", seq, epoch: stream.epoch, command });
        }
      },
    );
  }

  #take(stream: Stream, reports: readonly SentReport[]): void {
    if (stream !== this.#current) return;
    this.#ask(
      { kind: "reports", journalId: stream.journalId, reports },
      (reply) => {
        const { seen } = reply as { seen: number };
        stream.link.tellAgent({ kind: "report-ack", seq: seen });
      },
      stream,
    );
  }

  #closed(stream: Stream): void {
    stream.over = true;
    if (stream !== this.#current) return;
    this.#current = null;
    this.#ask({ kind: "agent-lost" }, () => {}, stream);
  }

  #ask(
    message: Parameters<Engine["ask"]>[1],
    done: (reply: unknown) => void,
    stream: Stream,
  ): void {
    this.#stage.clock.stirred = true;
    this.#scope.guard(this.#engine.ask(this.#cluster, message)).then(done, (failure: Failure) => {
      this.#stage.trace("gateway", `${(message as { kind: string }).kind} failed: ${failure.code}`);
      this.#closed(stream); // Said anew on the next stream.
      stream.link.cut();
    });
  }

  #quietly<T>(promise: Promise<T>, done: (value: T) => void): void {
    this.#stage.clock.stirred = true;
    this.#scope.guard(promise).then(done, () => {});
  }
}

function commandOf(
  cluster: ClusterState | undefined,
  command: AgentCommand,
): { seq: number; command: Command }[] {
  const { seq, token } = command;
  if (command.kind === "cancel") {
    return [{ seq, command: { kind: "cancel", token: token as never, reason: command.reason } }];
  }
  const spec = cluster?.placed.get(token)?.spec;
  return spec === undefined ? [] : [{ seq, command: { kind: "submit", spec } }];
}
