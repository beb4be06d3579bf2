// The scheduler's end of agents' streams: its real sessions and registry over simulated streams.
// Only the proof of the handshake is left out; the rest of it is played as agent-gateway.ts has it.

import { AgentRegistry } from "../../services/scheduler/agents/agent-registry.ts";
import { AgentSession } from "../../services/scheduler/agents/agent-session.ts";
import { clusterAddress } from "../../services/scheduler/core/messages.ts";
import type { Engine } from "../../services/scheduler/engine.ts";
import { Failure } from "#shared/base/errors.ts";
import type { Logger } from "#shared/telemetry/logger.ts";
import type { Metrics } from "#shared/telemetry/metrics.ts";
import type { SimLink, ToScheduler } from "./sim-link.ts";
import { SimStream } from "./sim-stream.ts";
import type { Scope } from "./sim-clock.ts";
import type { Stage } from "./stage.ts";
import { CLUSTER, NAMESPACE } from "./story.ts";

type Hello = Extract<ToScheduler, { kind: "hello" }>;

/** The registry's own timer never fires: a world cuts links itself. */
const NEVER_MS = 2 ** 31 - 1;

const AGENT = { agentId: "a", namespace: NAMESPACE, cluster: CLUSTER };
const QUIET_LOGGER = { warn: () => {} } as unknown as Logger;
const NO_METRICS = {
  counter: () => ({ inc: () => {} }),
  gauge: () => ({ set: () => {} }),
  onScrape: () => {},
} as unknown as Metrics;

export class SimGateway {
  readonly #stage: Stage;
  readonly #scope: Scope;
  readonly #engine: Engine;
  readonly #registry: AgentRegistry;
  readonly #streams = new Set<SimStream>();

  constructor(stage: Stage, scope: Scope, engine: Engine) {
    this.#stage = stage;
    this.#scope = scope;
    this.#engine = engine;
    this.#registry = new AgentRegistry({
      engine,
      clock: scope,
      timers: scope,
      random: stage.random,
      metrics: NO_METRICS,
      logger: QUIET_LOGGER,
      heartbeatMs: NEVER_MS,
    });
  }

  dial(link: SimLink): void {
    const stream = new SimStream(this.#stage, this.#scope, link);
    this.#streams.add(stream);
    let session: AgentSession | null = null;
    link.accept({
      hear: (message) => {
        if (!this.#scope.alive || stream.over) return;
        this.#stage.clock.stirred = true;
        if (message.kind !== "hello") {
          session?.onMessage(requestOf(message));
          return;
        }
        this.#handshake(stream, message).then(
          (made) => {
            session = made;
            if (stream.over) made?.onStreamOver();
          },
          (reason: unknown) => stream.end(Failure.from(reason)),
        );
      },
      closed: () => {
        if (this.#scope.alive) stream.closed();
      },
    });
    stream.listen({
      onMessage: () => {},
      onEnd: () => {
        this.#streams.delete(stream);
        session?.onStreamOver();
      },
    });
  }

  /** The process is gone, and its streams with it. */
  hangUp(): void {
    this.#registry.close();
    for (const stream of this.#streams) stream.link.cut();
  }

  async #handshake(stream: SimStream, hello: Hello): Promise<AgentSession | null> {
    const registry = this.#registry;
    const address = clusterAddress(NAMESPACE, CLUSTER);
    const known = await this.#scope.guard(
      this.#engine.read<"cluster", { journalId: string | null } | null>(address, (cluster) =>
        cluster?.agent == null ? null : { journalId: cluster.journal?.id ?? null },
      ),
    );
    if (known === null) throw new Failure("UNAUTHENTICATED", "no agent has enrolled");
    const { epoch } = await this.#scope.guard(this.#engine.placeOf(address));
    if (hello.epochSeen > epoch) throw new Failure("FENCED", "the agent has seen a higher epoch");
    const ticket = registry.reserve(NAMESPACE, CLUSTER);
    const { journalId, journalNew, commandSeen } = hello;
    const fresh = journalNew || known.journalId !== journalId;
    const connected = { kind: "agent-connected", journalId, journalNew, commandSeen } as const;
    const asked = this.#scope.guard(this.#engine.ask<"cluster">(address, connected));
    const { reportSeen } = (await asked.catch((reason: unknown) => {
      registry.abandon(address, ticket);
      throw reason;
    })) as { reportSeen: number };
    if (stream.over) {
      registry.abandon(address, ticket);
      return null;
    }
    const session: AgentSession = new AgentSession({
      stream: stream.asAgentStream(),
      agent: AGENT,
      journalId,
      epoch,
      commandSeen: fresh ? 0 : commandSeen,
      engine: this.#engine,
      nowMs: () => this.#scope.nowMs(),
      onReports: () => {},
      onOver: () => registry.leave(session),
    });
    stream.write({ welcome: { epoch, partition: 0, reportSeen, heartbeatIntervalMs: NEVER_MS } });
    if (!registry.sit(session, ticket)) throw new Failure("FENCED", "a newer stream took over");
    return session;
  }
}

function requestOf(message: Exclude<ToScheduler, Hello>): Parameters<AgentSession["onMessage"]>[0] {
  switch (message.kind) {
    case "reports": {
      const reports = message.reports.map(({ seq, token, report }) => {
        return { seq, token, reportJson: Buffer.from(JSON.stringify(report)) };
      });
      return { reports: { reports } };
    }
    case "command-ack":
      return { commandAck: message.seq };
    case "cluster-state": {
      const clusterState = message.unreachable === null ? "reachable" : "unreachable";
      return { heartbeat: { clusterState, clusterReason: message.unreachable ?? "" } };
    }
  }
}
